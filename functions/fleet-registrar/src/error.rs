//! Why a part of a fleet was not made.

use muster_lambda::NamedError;
use muster_onboarding::{CloudFailure, FailureKind, HeldByAnother};
use muster_pki::{CaError, KeyError};

/// Why a part of a fleet was not made.
#[derive(Debug, thiserror::Error)]
pub enum RegistrarError {
    /// Another execution is at the fleet.
    #[error(transparent)]
    Busy(#[from] HeldByAnother),
    /// The claim's key could not be made.
    #[error("the claim certificate could not be made: {0}")]
    KeyNotMade(#[from] KeyError),
    /// The claim certificate could not be made.
    #[error("the claim certificate could not be made: {0}")]
    NotIssued(#[from] CaError),
    /// A call failed.
    #[error(transparent)]
    Cloud(CloudFailure),
}

impl From<CloudFailure> for RegistrarError {
    fn from(failure: CloudFailure) -> Self {
        Self::Cloud(failure)
    }
}

impl NamedError for RegistrarError {
    fn name(&self) -> &'static str {
        match self {
            Self::Busy(_) => "FleetBusy",
            Self::KeyNotMade(_) | Self::NotIssued(_) => "KeyFailed",
            // An account has no more than so many templates: an operator has to ask AWS for more.
            Self::Cloud(failure) if failure.kind == FailureKind::Refused => "FleetRefused",
            Self::Cloud(failure) => failure.name(),
        }
    }
}
