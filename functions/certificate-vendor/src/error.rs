//! Why a device got no certificate.

use muster_documents::Refusal;
use muster_lambda::{FunctionError, Measurement, NamedError, NotAuthenticated, is_refusal, routes};
use muster_onboarding::CloudFailure;
use muster_pki::KeyError;

/// How long a device waits before it asks again after a failure, in seconds.
const AFTER_FAILURE: u32 = 10;

/// How long one that has no key of its own waits: `certificate-vending` gives the answer before a minute's time to come.
const AFTER_KEYLESS: u32 = 60;

/// Why a device got no certificate. The sentences are for who asked.
#[derive(Debug, thiserror::Error)]
pub enum VendError {
    /// There is no such path.
    #[error("There is no such path and method. GET /openapi.json describes those that there are.")]
    NotFound,
    /// The request is none.
    #[error(transparent)]
    Request(#[from] FunctionError),
    /// Something in it is wrong. What it was is not repeated: it may be the token.
    #[error("{0}")]
    Input(String),
    /// The CSR is wrong.
    #[error("{}", .0.message)]
    Csr(Refusal),
    /// Nobody came in.
    #[error(transparent)]
    NotAuthenticated(#[from] NotAuthenticated),
    /// The workflow refused it.
    #[error("{}", .refusal.message)]
    Refused {
        /// Why.
        refusal: Refusal,
        /// Whether the device has no key of its own.
        keyless: bool,
    },
    /// The workflow failed, and has undone what it did.
    #[error(
        "The certificate could not be made, and what was made is undone. Ask again with the same request. ({0})"
    )]
    Failed(String),
    /// The workflow failed, and could not undo what it did.
    #[error(
        "The certificate could not be made. Ask again with the same request, which goes on from there."
    )]
    HalfMade,
    /// AWS IoT is asked too often.
    #[error(
        "Too many certificates are asked for at this moment. Ask again in {AFTER_FAILURE} seconds, with the same request."
    )]
    Throttled,
    /// It takes longer than an answer may.
    #[error(
        "The certificate is being made, which takes long. Ask again in {AFTER_FAILURE} seconds, with the same request."
    )]
    Unfinished,
    /// No key could be made.
    #[error("No key could be made: {0}")]
    Key(#[from] KeyError),
    /// A call failed.
    #[error(transparent)]
    Cloud(#[from] CloudFailure),
}

impl VendError {
    /// What is counted of a refusal. Those of the workflow are counted by what it tells the bus, and a path that there is none of
    /// is no request for a certificate.
    pub fn measurement(&self) -> Option<Measurement> {
        let counted = self.refuses() && !matches!(self, Self::Refused { .. } | Self::NotFound);
        counted.then(|| Measurement::refused(routes::VENDING.to_owned(), self.name().to_owned()))
    }
}

impl NamedError for VendError {
    fn name(&self) -> &'static str {
        match self {
            Self::NotFound => "NotFound",
            Self::Request(error) => error.name(),
            Self::Input(_) => "InputInvalid",
            Self::NotAuthenticated(error) => error.name(),
            Self::Csr(refusal) | Self::Refused { refusal, .. } => refusal.code.name(),
            Self::Failed(_) | Self::HalfMade => "ProvisioningFailed",
            Self::Throttled => "Throttled",
            Self::Unfinished => "VendingUnfinished",
            Self::Key(_) => "KeyFailed",
            Self::Cloud(failure) => NamedError::name(failure),
        }
    }

    fn told(&self) -> Option<String> {
        match self {
            Self::NotAuthenticated(error) => error.told(),
            Self::Cloud(failure) => failure.told(),
            Self::Key(_) => Some("No key could be made. The function's log says why.".to_owned()),
            _ => None,
        }
    }

    fn retry_after(&self) -> Option<u32> {
        match self {
            Self::NotFound | Self::Input(_) | Self::Csr(_) => None,
            Self::Request(error) => error.retry_after(),
            Self::NotAuthenticated(error) => error.retry_after(),
            Self::Refused { refusal, keyless } => {
                let seconds = if *keyless {
                    AFTER_KEYLESS
                } else {
                    AFTER_FAILURE
                };
                refusal.retryable.then_some(seconds)
            }
            Self::Cloud(failure) => failure.retry_after(),
            Self::Failed(_)
            | Self::HalfMade
            | Self::Throttled
            | Self::Unfinished
            | Self::Key(_) => Some(AFTER_FAILURE),
        }
    }

    fn refuses(&self) -> bool {
        match self {
            Self::NotAuthenticated(error) => error.refuses(),
            _ => is_refusal(self.name()),
        }
    }
}
