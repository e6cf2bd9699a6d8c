//! Whom the lines of the log are about: the fields `serial` and `execution`, which have these names in every line.

use muster_documents::Serial;
use serde_json::Value;
use tracing::{Span, field};

/// A request that came through an API.
pub(crate) struct ApiRequest<'a> {
    pub(crate) id: &'a str,
    /// Method and path.
    pub(crate) operation: String,
}

/// The span of an invocation. What is known of it later, [`about_device`] and [`about_execution`] add.
pub(crate) fn invocation(request: &str, api: Option<ApiRequest<'_>>) -> Span {
    let (api_request, operation) = api.map(|api| (api.id, api.operation)).unzip();
    // Of the highest level, so that no `LOG_LEVEL` takes it from the lines that are written.
    tracing::error_span!(
        target: "muster", "invocation", request, api_request, operation,
        serial = field::Empty, execution = field::Empty
    )
}

/// The span of one message of a queue, within that of its batch.
pub(crate) fn message(message_id: &str) -> Span {
    tracing::error_span!(
        target: "muster", "message", message_id, serial = field::Empty, execution = field::Empty
    )
}

/// Takes over what a payload names: workflows put both fields into their tasks' payloads.
pub(crate) fn about_payload(payload: &Value) {
    let named = |name: &str| payload[name].as_str();
    if let Some(serial) = named("serial").and_then(|serial| Serial::new(serial).ok()) {
        about_device(&serial);
    }
    if let Some(execution) = named("execution") {
        about_execution(execution);
    }
}

/// Says whom this invocation, or this message of a queue, is about: the lines from now on have the `serial`.
pub fn about_device(serial: &Serial) {
    Span::current().record("serial", field::display(serial));
}

/// Says which execution this invocation, or this message of a queue, starts or works for: the lines from now on have its
/// name as `execution`.
pub fn about_execution(name: &str) {
    Span::current().record("execution", name);
}
