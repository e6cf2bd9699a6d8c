//! From the SDK's errors to the few kinds that a rule cares about.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use muster_onboarding::{CloudFailure, FailureKind};
use std::error::Error;

/// What services say where there are too many calls.
pub(crate) const THROTTLES: [&str; 6] = [
    "ThrottlingException",
    "Throttling",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "SlowDown",
];

/// Names how `action` failed. The service's message is kept, the SDK's error is its source.
pub fn failure<E, R>(action: &'static str, error: SdkError<E, R>) -> CloudFailure
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let code = error.code().unwrap_or_default();
    let kind = match code {
        // What was detached a moment ago may still count as attached for a while (AWS IoT).
        "DeleteConflictException" => FailureKind::Throttled,
        code if THROTTLES.contains(&code) => FailureKind::Throttled,
        // "Invalid Target": the certificate is gone (AWS IoT). What is sent is well-formed.
        "InvalidRequestException" if action == "iot:DetachPolicy" => FailureKind::NotFound,
        "ResourceNotFoundException"
        | "NotFoundException"
        | "NoSuchResourceException"
        | "ExecutionDoesNotExist"
        | "QueueDoesNotExist"
        | "AWS.SimpleQueueService.NonExistentQueue" => FailureKind::NotFound,
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
#[cfg(any(
    feature = "authorities",
    feature = "fleets",
    feature = "identity",
    feature = "shadows",
    feature = "tokens"
))]
pub(crate) fn lacks(action: &'static str, what: &str) -> CloudFailure {
    CloudFailure {
        kind: FailureKind::Unavailable,
        action,
        message: format!("the answer has no {what}"),
        source: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::error::ErrorMetadata;

    fn kind(action: &'static str, code: &str) -> FailureKind {
        let error = ErrorMetadata::builder().code(code).build();
        failure(action, SdkError::service_error(error, ())).kind
    }

    #[test]
    fn too_many_calls_pass_and_a_quota_that_is_used_up_does_not() {
        for code in ["ThrottlingException", "TooManyRequestsException"] {
            assert_eq!(kind("iot:CreatePolicy", code), FailureKind::Throttled);
        }
        for code in ["LimitExceededException", "MalformedPolicyException"] {
            assert_eq!(kind("iot:CreatePolicy", code), FailureKind::Refused);
        }
    }

    #[test]
    fn what_is_detached_from_a_certificate_that_is_gone_is_not_found() {
        let code = "InvalidRequestException";
        assert_eq!(kind("iot:DetachPolicy", code), FailureKind::NotFound);
        assert_eq!(kind("iot:AttachPolicy", code), FailureKind::Refused);
    }
}
