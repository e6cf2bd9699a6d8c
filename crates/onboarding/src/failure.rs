//! What a port reports when the cloud does not do as asked.

use std::error::Error;

/// How a call failed, as far as a rule cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// Too many calls a second: ask again later (aws-iot quotas are 10 to 15 a second).
    Throttled,
    /// The thing named does not exist.
    NotFound,
    /// The thing named exists already, in another form.
    AlreadyExists,
    /// A condition on the ledger did not hold.
    ConditionFailed,
    /// The service says that the input is wrong; asking again changes nothing.
    Refused,
    /// The function's role does not allow it.
    AccessDenied,
    /// Anything else: a time-out, a 500, a network failure.
    Unavailable,
}

/// A call to the cloud that failed.
#[derive(Debug, thiserror::Error)]
#[error("{action} failed: {message}")]
pub struct CloudFailure {
    /// How.
    pub kind: FailureKind,
    /// The IAM action, for example `iot:CreateThing`.
    pub action: &'static str,
    /// The service's own words.
    pub message: String,
    /// The SDK's error.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl CloudFailure {
    /// The stable error name that a workflow's `Retry` and `Catch` match.
    pub fn name(&self) -> &'static str {
        match self.kind {
            FailureKind::Throttled => "Throttled",
            FailureKind::AccessDenied => "AccessDenied",
            FailureKind::Unavailable => "CloudUnavailable",
            FailureKind::NotFound
            | FailureKind::AlreadyExists
            | FailureKind::ConditionFailed
            | FailureKind::Refused => "CloudRefused",
        }
    }

    /// Takes "it isn't there" for done: the undo of something that is already gone.
    pub fn unless_not_found(result: Result<(), Self>) -> Result<(), Self> {
        match result {
            Err(failure) if failure.kind == FailureKind::NotFound => Ok(()),
            other => other,
        }
    }
}
