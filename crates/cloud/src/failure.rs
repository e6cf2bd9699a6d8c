//! From the SDK's errors to the few kinds that a rule cares about.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use muster_onboarding::{CloudFailure, FailureKind};
use std::error::Error;

/// Names how `action` failed. The service's message is kept, the SDK's error is its source.
pub fn failure<E, R>(action: &'static str, error: SdkError<E, R>) -> CloudFailure
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let code = error.code().unwrap_or_default();
    let kind = match code {
        // What was detached a moment ago may still count as attached for a while (AWS IoT).
        "DeleteConflictException"
        | "ThrottlingException"
        | "Throttling"
        | "TooManyRequestsException"
        | "ProvisionedThroughputExceededException"
        | "RequestLimitExceeded"
        | "SlowDown" => FailureKind::Throttled,
        "ResourceNotFoundException" | "NotFoundException" | "ExecutionDoesNotExist" => {
            FailureKind::NotFound
        }
        "ResourceAlreadyExistsException" | "ExecutionAlreadyExists" => FailureKind::AlreadyExists,
        "ConditionalCheckFailedException" | "TransactionCanceledException" => {
            FailureKind::ConditionFailed
        }
        "AccessDeniedException"
        | "AccessDenied"
        | "ForbiddenException"
        | "UnauthorizedException" => FailureKind::AccessDenied,
        // A quota, which only AWS can raise; too many calls have names of their own.
        "LimitExceededException"
        | "MalformedPolicyException"
        | "InvalidRequestException"
        | "ValidationException"
        | "CertificateStateException"
        | "CertificateValidationException"
        | "RegistrationCodeValidationException"
        // A ciphertext that was exchanged, or of another key (KMS).
        | "InvalidCiphertextException"
        | "IncorrectKeyException" => FailureKind::Refused,
        _ => FailureKind::Unavailable,
    };
    let message = match (error.message(), code) {
        (Some(message), _) => message.to_owned(),
        (None, "") => "no answer from the service".to_owned(),
        (None, code) => code.to_owned(),
    };
    CloudFailure {
        kind,
        action,
        message,
        source: Some(Box::new(error)),
    }
}

/// An answer that lacks what it always has: asking again may help.
#[cfg(any(feature = "authorities", feature = "fleets", feature = "identity"))]
pub(crate) fn lacks(action: &'static str, what: &str) -> CloudFailure {
    CloudFailure {
        kind: FailureKind::Unavailable,
        action,
        message: format!("the answer has no {what}"),
        source: None,
    }
}
