//! The one way in which functions run.

use crate::error::{FunctionError, NamedError};
use futures_util::FutureExt;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use muster_onboarding::ports::CallLog;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::error::Error;
use std::fmt::Write;
use std::panic::AssertUnwindSafe;

/// Serves invocations until Lambda ends the process.
///
/// The payload is decoded here, a panic is caught here, and whatever fails is reported under its stable name:
/// `lambda_runtime` by itself would post a Rust type's name, which no workflow can sensibly match.
pub async fn run<I, O, E, H, L>(handler: H, calls: L) -> Result<(), lambda_runtime::Error>
where
    I: DeserializeOwned,
    O: Serialize,
    E: NamedError + 'static,
    H: AsyncFn(I) -> Result<O, E>,
    L: CallLog,
{
    let (handler, calls) = (&handler, &calls);
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<Value>| {
        let answer = AssertUnwindSafe(invoke(handler, event.payload))
            .catch_unwind()
            .await;
        let answer = answer.unwrap_or_else(|_| Err(diagnose(&FunctionError::Panicked)));
        let counted = serde_json::to_string(&calls.drain()).unwrap_or_default();
        let request = event.context.request_id;
        match &answer {
            Ok(_) => tracing::info!(target: "muster", request, calls = counted, "done"),
            Err(error) => tracing::warn!(
                target: "muster", request, calls = counted,
                error = error.error_type, cause = error.error_message, "failed"
            ),
        }
        answer
    }))
    .await
}

async fn invoke<I, O, E, H>(handler: &H, payload: Value) -> Result<Value, Diagnostic>
where
    I: DeserializeOwned,
    O: Serialize,
    E: NamedError + 'static,
    H: AsyncFn(I) -> Result<O, E>,
{
    let input = serde_json::from_value(payload)
        .map_err(|error| diagnose(&FunctionError::InputInvalid(error)))?;
    // Boxed, since the SDK's futures are deep enough to exceed the compiler's limits.
    let output = Box::pin(handler(input))
        .await
        .map_err(|error| diagnose(&error))?;
    serde_json::to_value(output).map_err(|error| diagnose(&FunctionError::OutputInvalid(error)))
}

/// The name, and the chain of causes in one sentence. No type names, no stack trace.
fn diagnose<E: NamedError>(error: &E) -> Diagnostic {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !message.contains(&text) {
            // Writing into a String cannot fail.
            let _ = write!(message, ": {text}");
        }
        source = Error::source(cause);
    }
    Diagnostic {
        error_type: error.name().to_owned(),
        error_message: message,
    }
}
