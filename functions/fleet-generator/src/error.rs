//! Why a fleet is not as it was asked for.

use muster_documents::FleetName;
use muster_lambda::NamedError;
use muster_onboarding::{CloudFailure, FleetError};

/// Why a fleet is not as it was asked for. The sentences are for the operator who asked.
#[derive(Debug, thiserror::Error)]
pub enum GeneratorError {
    /// The request does not read.
    #[error("the input does not decode: {0}")]
    Input(#[source] serde_json::Error),
    /// It cannot be set up so.
    #[error(transparent)]
    Fleet(#[from] FleetError),
    /// Another request is at it.
    #[error("The fleet {0} is being changed at this moment. Ask again when that has ended.")]
    Busy(FleetName),
    /// There is no such fleet.
    #[error("There is no fleet {0}. `muster fleet list` shows those that there are.")]
    Unknown(FleetName),
    /// Its devices would lose what they may do.
    #[error("{0}")]
    InUse(String),
    /// A resource of `CloudFormation` would take over what somebody else has made.
    #[error(
        "The fleet {0} is there already, and was not made by this resource. Give another TemplateName, or delete it first."
    )]
    Taken(FleetName),
    /// AWS IoT would not have it.
    #[error("AWS IoT refused a part of the fleet {fleet}: {cause} What was made of it is undone.")]
    Refused {
        /// The fleet.
        fleet: FleetName,
        /// What the workflow says.
        cause: String,
    },
    /// The workflow failed, and what was made is undone.
    #[error("The fleet {fleet} is as it was before: {error}. {cause}")]
    Failed {
        /// The fleet.
        fleet: FleetName,
        /// The error's name.
        error: String,
        /// What the workflow says.
        cause: String,
    },
    /// All was done, and nobody could be told.
    #[error(
        "The fleet {fleet} is as it was asked for, but {error}: not all who should know of it do."
    )]
    Untold {
        /// The fleet.
        fleet: FleetName,
        /// What is lost.
        error: String,
    },
    /// The workflow failed, and so did its undo, or it was stopped.
    #[error(
        "The fleet {0} is left half done: what failed could not be undone. Ask for the same again, or delete the fleet."
    )]
    HalfDone(FleetName),
    /// It takes longer than an answer may.
    #[error(
        "The fleet {0} is still being worked on. `muster fleet show {0}` says when it is done; look before you ask again."
    )]
    Unfinished(FleetName),
    /// A call failed.
    #[error(transparent)]
    Cloud(#[from] CloudFailure),
}

impl GeneratorError {
    /// Why the workflow has failed.
    pub(crate) fn of_workflow(fleet: FleetName, error: &str, cause: String) -> Self {
        match error {
            "FleetBusy" => Self::Busy(fleet),
            "FleetTaken" => Self::Taken(fleet),
            "FleetUnknown" => Self::Unknown(fleet),
            "FleetInUse" => Self::InUse(cause),
            "FleetRefused" => Self::Refused { fleet, cause },
            // Whoever stops an execution stops its undo too.
            "UndoFailed" | "ABORTED" | "TIMED_OUT" => Self::HalfDone(fleet),
            "TimelineLost" | "EventLost" => Self::Untold {
                fleet,
                error: error.to_owned(),
            },
            other => Self::Failed {
                fleet,
                error: other.to_owned(),
                cause,
            },
        }
    }
}

impl NamedError for GeneratorError {
    fn name(&self) -> &'static str {
        match self {
            Self::Input(_) => "InputInvalid",
            Self::Fleet(error) => error.name(),
            Self::Busy(_) => "FleetBusy",
            Self::Unknown(_) => "FleetUnknown",
            Self::InUse(_) => "FleetInUse",
            Self::Taken(_) => "FleetTaken",
            Self::Refused { .. } => "FleetRefused",
            Self::Failed { .. } | Self::Untold { .. } => "FleetFailed",
            Self::HalfDone(_) => "UndoFailed",
            Self::Unfinished(_) => "FleetUnfinished",
            Self::Cloud(failure) => failure.name(),
        }
    }

    fn told(&self) -> Option<String> {
        match self {
            Self::Cloud(failure) => failure.told(),
            // AWS's words name the account, its roles and its resources.
            Self::Failed { fleet, error, .. } => Some(format!(
                "The fleet {fleet} is as it was before: {error}. `muster fleet show {fleet}` says why."
            )),
            _ => None,
        }
    }
}
