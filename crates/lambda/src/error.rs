//! Errors with names that a workflow can match, and that callers of the API are told.

use crate::http_status::is_refusal;
use lambda_runtime::Diagnostic;
use muster_onboarding::{CloudFailure, FailureKind};
use std::convert::Infallible;
use std::error::Error;
use std::fmt::Write;

/// An error whose name is part of the contract with the workflows and the API's callers: `Retry` and `Catch` match it,
/// and `docs/errors/<Name>.md` explains it.
pub trait NamedError: Error {
    /// The stable name.
    fn name(&self) -> &'static str;

    /// What a caller of the API is told where the error's own words are for the account's operators only; they are in
    /// the log. `None`: the error's own words, with its causes.
    fn told(&self) -> Option<String> {
        None
    }

    /// After how many seconds a device may ask again with the same request. `None`: that would change nothing.
    fn retry_after(&self) -> Option<u32> {
        None
    }

    /// Whether it refuses what was asked, and nothing of Muster's or of AWS's has failed.
    fn refuses(&self) -> bool {
        is_refusal(self.name())
    }
}

/// How long a device waits after a throttle, and after a failure on the cloud's side, in seconds.
const AFTER_THROTTLE: u32 = 5;
const AFTER_FAILURE: u32 = 10;

impl NamedError for CloudFailure {
    fn name(&self) -> &'static str {
        CloudFailure::name(self)
    }

    /// AWS's words name the account, its roles and its resources.
    fn told(&self) -> Option<String> {
        Some(format!(
            "{} failed. The function's log says why.",
            self.action
        ))
    }

    fn retry_after(&self) -> Option<u32> {
        let throttled = self.kind == FailureKind::Throttled;
        Some(if throttled {
            AFTER_THROTTLE
        } else {
            AFTER_FAILURE
        })
    }

    fn refuses(&self) -> bool {
        false
    }
}

/// For a function that cannot fail.
impl NamedError for Infallible {
    fn name(&self) -> &'static str {
        match *self {}
    }
}

/// What the wrapper itself reports, whatever the function.
#[derive(Debug, thiserror::Error)]
pub enum FunctionError {
    /// The payload is not what the function takes.
    #[error("the input does not decode: {0}")]
    InputInvalid(#[source] serde_json::Error),
    /// The body said that it is base64, and is not, or not of text.
    #[error("The body is not text in UTF-8. Send a JSON object.")]
    BodyUnreadable,
    /// A method that takes a body came without one.
    #[error("The request has no body. Send a JSON object; {{}} where nothing is to be said.")]
    BodyMissing,
    /// The body is longer than any request can be.
    #[error("The body has {bytes} bytes; at most {most} are taken.")]
    BodyTooLarge {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        most: usize,
    },
    /// It shows a token in its header and another one elsewhere.
    #[error(
        "The request shows two different tokens. Send one, in the header x-device-token or in deviceToken."
    )]
    TokenAmbiguous,
    /// The body is something else than JSON, as its header says.
    #[error("The body's content type is not JSON. Send it with `content-type: application/json`.")]
    ContentTypeUnsupported,
    /// The answer does not encode, which only a defect can cause.
    #[error("the output does not encode: {0}")]
    OutputInvalid(#[source] serde_json::Error),
    /// The handler panicked. The text of a panic may hold anything, so it is not repeated.
    #[error("the function panicked; its log says where")]
    Panicked,
}

impl NamedError for FunctionError {
    fn name(&self) -> &'static str {
        match self {
            Self::InputInvalid(_)
            | Self::BodyUnreadable
            | Self::BodyMissing
            | Self::TokenAmbiguous => "InputInvalid",
            Self::BodyTooLarge { .. } => "RequestTooLarge",
            Self::ContentTypeUnsupported => "ContentTypeUnsupported",
            Self::OutputInvalid(_) => "OutputInvalid",
            Self::Panicked => "FunctionPanicked",
        }
    }

    fn retry_after(&self) -> Option<u32> {
        match self {
            Self::OutputInvalid(_) | Self::Panicked => Some(AFTER_FAILURE),
            _ => None,
        }
    }
}

/// An error as it is logged, reported to Lambda and told to callers. No type names, no stack trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) name: &'static str,
    /// The chain of causes in one sentence.
    pub(crate) cause: String,
    /// What callers of the API are told.
    pub(crate) told: String,
    /// After how many seconds a device may ask again.
    pub(crate) retry_after: Option<u32>,
    /// Whether it is a refusal, and nothing of Muster's or of AWS's has failed.
    pub(crate) refused: bool,
}

impl Failure {
    pub(crate) fn of<E: NamedError>(error: &E) -> Self {
        let mut cause = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            let text = inner.to_string();
            if !cause.contains(&text) {
                // Writing into a String cannot fail.
                let _ = write!(cause, ": {text}");
            }
            source = Error::source(inner);
        }
        Self {
            name: error.name(),
            told: error.told().unwrap_or_else(|| cause.clone()),
            retry_after: error.retry_after(),
            refused: error.refuses(),
            cause,
        }
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self {
            error_type: failure.name.to_owned(),
            error_message: failure.cause,
        }
    }
}
