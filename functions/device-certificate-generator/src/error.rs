//! Why no certificate was handed out.

use muster_documents::{MAX_LIFETIME_DAYS, Refusal};
use muster_lambda::NamedError;
use muster_onboarding::{CloudFailure, MissingField};
use muster_pki::{CaError, CaKeyError, KeyError, SubjectError};

/// Why no certificate was handed out. The sentences are for who asked.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// What was asked for cannot be.
    #[error("{0}")]
    Input(String),
    /// Not 1 to [`MAX_LIFETIME_DAYS`].
    #[error("lifetimeDays is {0}; a certificate is valid for 1 to {MAX_LIFETIME_DAYS} days.")]
    Lifetime(i64),
    /// No certificate can have the name that is asked for.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// The CA's template needs more of the name.
    #[error(transparent)]
    Incomplete(#[from] MissingField),
    /// Muster has no such CA.
    #[error("Muster has no CA {0} here. `muster ca list` shows those that there are.")]
    CaUnknown(String),
    /// The key of an operator's CA is the operator's.
    #[error(
        "The private key of CA {0} is not in the vault: the CA was brought, and whoever has the key signs its certificates; or \
         its file is gone."
    )]
    CaKeyElsewhere(String),
    /// Who the device will be cannot be told.
    #[error(
        "CA {0} was registered with a template that names things by something else than the certificate's common name or \
         id, so Muster cannot keep count of its devices. Register another CA."
    )]
    TemplateUnusable(String),
    /// The CA is over.
    #[error("CA {0} is no longer valid, or not yet, so it cannot sign. Register another CA.")]
    CaExpired(String),
    /// What is known of the CA does not make one.
    #[error("CA {id} cannot sign: {source}")]
    CaUnusable {
        /// Which.
        id: String,
        /// Why.
        source: CaError,
    },
    /// The CA names a verifier that the stack does not have.
    #[error(
        "CA {ca} names the verifier {verifier:?}, which this stack does not have. Nobody gets a certificate of this CA \
         until the stack's parameters VerifierNames and VerifierArns name it."
    )]
    VerifierUnknown {
        /// The CA.
        ca: String,
        /// What its tag says.
        verifier: String,
    },
    /// The verifier did not say anything.
    #[error(
        "The verifier of CA {ca} {what}. The device was not let in; ask again when the verifier works."
    )]
    VerifierFailed {
        /// The CA.
        ca: String,
        /// What came of asking it.
        what: &'static str,
    },
    /// The device is told no.
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// No key could be made.
    #[error("No key could be made: {0}")]
    DeviceKey(#[from] KeyError),
    /// The CA's key could not be used.
    #[error("The key of the CA could not be used: {0}")]
    CaKey(#[from] CaKeyError),
    /// The key could not be encrypted.
    #[error("The key could not be encrypted.")]
    NotEncrypted,
    /// A call failed. No certificate was handed out.
    #[error(transparent)]
    Cloud(#[from] CloudFailure),
}

impl NamedError for GenerateError {
    fn name(&self) -> &'static str {
        match self {
            Self::Input(_) => "InputInvalid",
            Self::Lifetime(_) => "LifetimeInvalid",
            Self::Subject(_) | Self::Incomplete(_) => "SubjectInvalid",
            Self::CaUnknown(_) => "CaUnknown",
            Self::CaKeyElsewhere(_) => "CaKeyElsewhere",
            Self::TemplateUnusable(_) => "TemplateInvalid",
            Self::CaExpired(_) => "CaExpired",
            Self::CaUnusable { .. } => "CaInvalid",
            Self::VerifierUnknown { .. } => "VerifierUnknown",
            Self::VerifierFailed { .. } => "VerifierFailed",
            Self::Refused(refusal) => refusal.code.name(),
            Self::DeviceKey(_) | Self::CaKey(_) | Self::NotEncrypted => "KeyFailed",
            Self::Cloud(failure) => failure.name(),
        }
    }
    fn told(&self) -> Option<String> {
        match self {
            Self::Cloud(failure) => Some(format!(
                "{} failed. The function's log says why. Ask again, with the same csr: a certificate that was handed out all \
                 the same is then answered.",
                failure.action
            )),
            Self::DeviceKey(_) | Self::CaKey(_) => {
                Some("No certificate could be made. The function's log says why.".to_owned())
            }
            _ => None,
        }
    }
}
