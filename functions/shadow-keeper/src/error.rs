//! Why a shadow was neither read nor written.

use crate::desired::{MAX_LEVELS, MAX_STATE_BYTES};
use muster_documents::MalformedIdentifier;
use muster_lambda::{FunctionError, NamedError, NotAuthenticated, is_refusal};
use muster_onboarding::{CloudFailure, FailureKind};

/// How much of a key's path is repeated, in characters.
const MAX_PATH_CHARACTERS: usize = 200;

/// Why a shadow was neither read nor written. The sentences are for the device's developer, and none repeats a value that was
/// sent.
#[derive(Debug, thiserror::Error)]
pub enum ShadowError {
    /// The request is none.
    #[error(transparent)]
    Request(#[from] FunctionError),
    /// Nothing says whose shadow it is.
    #[error("The request names no serial. Add it to the query: serialNumber.")]
    SerialMissing,
    /// What says so is no serial.
    #[error("serialNumber is no serial: {0}.")]
    SerialMalformed(#[source] MalformedIdentifier),
    /// Which of the two counts?
    #[error(
        "The request shows a client certificate and a token. With the certificate, send no token."
    )]
    TwoProofs,
    /// The caller was not let in.
    #[error(transparent)]
    NotLetIn(#[from] NotAuthenticated),
    /// There is no shadow, or no thing that could have one.
    #[error("This device has no shadow: it is not provisioned, or nobody has written one yet.")]
    Unknown,
    /// The gateway knows a path that this function does not.
    #[error("There is no such path here.")]
    NoSuchPath,
    /// The body cannot be read, or is no object.
    #[error("The body is not a JSON object. Send {{\"state\": {{\"desired\": {{…}}}}}}.")]
    NotAnObject,
    /// It has something else than it may have.
    #[error(
        "A body with state has {{\"desired\": {{…}}}} in it, may have a version, and has nothing else."
    )]
    FieldUnknown,
    /// No version of a shadow.
    #[error("version is not a whole number of 0 or more.")]
    VersionInvalid,
    /// Deeper than a shadow may be.
    #[error("The state has more than {MAX_LEVELS} levels, which AWS IoT does not keep.")]
    TooDeep,
    /// More than the limit.
    #[error("The state has {0} bytes; AWS IoT keeps {MAX_STATE_BYTES}.")]
    TooLarge(usize),
    /// With what is there already it is more.
    #[error(
        "With this state the shadow would have more than AWS IoT keeps. Delete what is not needed: write null."
    )]
    Full,
    /// A pattern does not allow it. Nothing was written.
    #[error(
        "The key {0} may not be written so, and nothing was. The operator decides by patterns which keys may be; a key is \
         replaced or deleted only where everything in it may be written."
    )]
    KeyRefused(String),
    /// AWS IoT did not take the state.
    #[error("AWS IoT does not take this state. The function's log says why.")]
    StateRefused(#[source] CloudFailure),
    /// The shadow was written by somebody else meanwhile.
    #[error(
        "The shadow has another version by now, and nothing was written. Read it, and decide anew."
    )]
    Conflict,
    /// A call failed.
    #[error(transparent)]
    Cloud(#[from] CloudFailure),
}

impl ShadowError {
    /// Names the key.
    pub(crate) fn key_refused(path: &str) -> Self {
        Self::KeyRefused(path.chars().take(MAX_PATH_CHARACTERS).collect())
    }

    /// Why a state could not be written.
    pub(crate) fn of_write(failure: CloudFailure) -> Self {
        match failure.kind {
            FailureKind::NotFound => Self::Unknown,
            FailureKind::Refused => Self::StateRefused(failure),
            _ => Self::Cloud(failure),
        }
    }
}

impl NamedError for ShadowError {
    fn name(&self) -> &'static str {
        match self {
            Self::Request(error) => error.name(),
            Self::NotLetIn(error) => error.name(),
            Self::Cloud(failure) => NamedError::name(failure),
            Self::SerialMissing
            | Self::SerialMalformed(_)
            | Self::TwoProofs
            | Self::NotAnObject
            | Self::FieldUnknown
            | Self::VersionInvalid
            | Self::TooDeep
            | Self::StateRefused(_) => "InputInvalid",
            Self::NoSuchPath => "NotFound",
            Self::Unknown => "ShadowUnknown",
            Self::Conflict => "ShadowConflict",
            Self::KeyRefused(_) => "ShadowKeyRefused",
            Self::TooLarge(_) | Self::Full => "RequestTooLarge",
        }
    }

    fn told(&self) -> Option<String> {
        match self {
            // AWS's words are for the log.
            Self::StateRefused(_) => Some(self.to_string()),
            Self::NotLetIn(error) => error.told(),
            Self::Cloud(failure) => failure.told(),
            _ => None,
        }
    }

    fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Request(error) => error.retry_after(),
            Self::NotLetIn(error) => error.retry_after(),
            Self::Cloud(failure) => failure.retry_after(),
            _ => None,
        }
    }

    fn refuses(&self) -> bool {
        match self {
            Self::NotLetIn(error) => error.refuses(),
            _ => is_refusal(self.name()),
        }
    }
}
