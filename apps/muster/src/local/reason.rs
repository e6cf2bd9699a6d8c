//! What an AWS API answered, in words for a person.

use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use std::error::Error;

/// The service's own message, else what kept the call from being answered, down to the first cause.
pub fn of<E: Error + ProvideErrorMetadata>(error: &E) -> String {
    if let Some(message) = error.message() {
        return message.to_owned();
    }
    let mut reason = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        reason.push_str(": ");
        reason.push_str(&error.to_string());
        cause = error.source();
    }
    reason
}
