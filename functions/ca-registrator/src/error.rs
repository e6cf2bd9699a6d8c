//! Why no CA was registered.

use muster_documents::MAX_LIFETIME_DAYS;
use muster_lambda::NamedError;
use muster_onboarding::{CloudFailure, TemplateError};
use muster_pki::{CaError, CaKeyError, SubjectError};

/// Why no CA was registered. The sentences are for the operator who asked.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// No certificate can have the name that is asked for.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// Not 1 to [`MAX_LIFETIME_DAYS`].
    #[error("lifetimeDays is {0}; a CA is valid for 1 to {MAX_LIFETIME_DAYS} days.")]
    Lifetime(i64),
    /// The stack has no verifier of this name.
    #[error("There is no verifier named {name:?}. {}", known_verifiers(known))]
    VerifierUnknown {
        /// What was asked for.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// AWS IoT could not provision with the template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A template for devices that Muster's workflow provisions.
    #[error(
        "With the route jitr, Muster's workflow provisions the devices, and no template is used. Leave templateBody out, or ask for the route jitp."
    )]
    TemplateUnused,
    /// Muster could not tell which thing a certificate that it hands out becomes.
    #[error(
        "templateBody has to name its one thing by {{\"Ref\": \"AWS::IoT::Certificate::CommonName\"}} or by \
         {{\"Ref\": \"AWS::IoT::Certificate::Id\"}}: of a CA that Muster makes, Muster keeps count of the devices."
    )]
    ThingNameUnknown,
    /// Nobody would ask it.
    #[error(
        "With the route jitp, AWS IoT lets in whatever your CA has signed, and asks no verifier: whom you sign is who comes \
         in. Leave verifierName out, or take the route jitr, where Muster's workflow asks it."
    )]
    VerifierUnused,
    /// What the operator brings does not make a CA that can be registered.
    #[error("{0}")]
    CaInvalid(String),
    /// AWS IoT has it already.
    #[error("This CA is registered already, as {0}. Nothing was changed.")]
    AlreadyRegistered(String),
    /// KMS's key could not be used.
    #[error("No CA could be made: {0}")]
    KeyFailed(#[from] CaKeyError),
    /// A certificate could not be made.
    #[error("No CA could be made: {0}")]
    NotIssued(#[source] CaError),
    /// A call failed, and what was done before it is undone.
    #[error(transparent)]
    Cloud(#[from] CloudFailure),
    /// A call failed, and then some of the undo as well.
    #[error(
        "{failure}. Undoing what was done before failed too ({undo}): CA {certificate_id} may be left in AWS IoT, or \
         files of it in the vault. Delete both."
    )]
    NotUndone {
        /// What failed first.
        failure: Box<CloudFailure>,
        /// What could not be undone.
        undo: Box<CloudFailure>,
        /// The CA that is left.
        certificate_id: String,
    },
}

impl NamedError for RegisterError {
    fn name(&self) -> &'static str {
        match self {
            Self::Subject(_) => "SubjectInvalid",
            Self::Lifetime(_) => "LifetimeInvalid",
            Self::VerifierUnknown { .. } => "VerifierUnknown",
            Self::Template(_) | Self::TemplateUnused | Self::ThingNameUnknown => "TemplateInvalid",
            Self::CaInvalid(_) | Self::VerifierUnused => "CaInvalid",
            Self::AlreadyRegistered(_) => "CaAlreadyRegistered",
            Self::KeyFailed(_) | Self::NotIssued(_) => "KeyFailed",
            Self::Cloud(failure) => failure.name(),
            // Whatever failed first: something may be left.
            Self::NotUndone { .. } => "UndoFailed",
        }
    }

    fn told(&self) -> Option<String> {
        match self {
            Self::Cloud(failure) => Some(format!(
                "{} failed. What was done before it is undone. The function's log says why.",
                failure.action
            )),
            Self::NotUndone {
                failure,
                undo,
                certificate_id,
            } => Some(format!(
                "{} failed, and so did the undo ({}): CA {certificate_id} may be left in AWS IoT, inactive, or files of \
                 it in the vault. The function's log says why.",
                failure.action, undo.action
            )),
            Self::KeyFailed(_) | Self::NotIssued(_) => {
                Some("No CA could be made. The function's log says why.".to_owned())
            }
            _ => None,
        }
    }
}

fn known_verifiers(known: &[String]) -> String {
    if known.is_empty() {
        "This stack has none.".to_owned()
    } else {
        format!("This stack has: {}.", known.join(", "))
    }
}
