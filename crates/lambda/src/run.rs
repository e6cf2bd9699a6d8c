//! The one way in which functions run.

use crate::about::{ApiRequest, about_payload, invocation};
use crate::device_api::{self, DeviceRequest};
use crate::error::{Failure, FunctionError, NamedError};
use crate::http;
use crate::metric::{Measurement, Unit};
use futures_util::FutureExt;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use muster_onboarding::ports::CallLog;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::panic::AssertUnwindSafe;
use tracing::Instrument;

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
        let span = invocation(&event.context.request_id, None);
        let answer = attempt_task(handler, calls, event.payload, log_answer);
        answer.instrument(span).await.map_err(Diagnostic::from)
    }))
    .await
}

/// Serves invocations as [`run`] does, for a verifier. Its question is partly in the device's own words, so that the log takes
/// nothing from it: whom it is about the handler says ([`about_device`](crate::about_device)).
pub async fn run_verifier<I, O, E, H, L>(handler: H, calls: L) -> Result<(), lambda_runtime::Error>
where
    I: DeserializeOwned,
    O: Serialize,
    E: NamedError + 'static,
    H: AsyncFn(I) -> Result<O, E>,
    L: CallLog,
{
    let (handler, calls) = (&handler, &calls);
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<Value>| {
        let span = invocation(&event.context.request_id, None);
        let answer = attempt(handler, calls, Ok(event.payload), log_answer);
        answer.instrument(span).await.map_err(Diagnostic::from)
    }))
    .await
}

/// Serves invocations as [`run`] does, and those that come through a REST API (proxy integration) as well: their body is
/// handed on as `{"body": …}`, and what comes of it, failures too, is the answer's body, in JSON. Whichever way it was asked,
/// a refusal is logged as one.
pub async fn run_api<I, O, E, H, L>(handler: H, calls: L) -> Result<(), lambda_runtime::Error>
where
    I: DeserializeOwned,
    O: Serialize,
    E: NamedError + 'static,
    H: AsyncFn(I) -> Result<O, E>,
    L: CallLog,
{
    let (handler, calls) = (&handler, &calls);
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<Value>| {
        let LambdaEvent { payload, context } = event;
        answer_operator(handler, calls, &context.request_id, payload).await
    }))
    .await
}

async fn answer_operator<I, O, E, H, L>(
    handler: &H,
    calls: &L,
    request: &str,
    payload: Value,
) -> Result<Value, Diagnostic>
where
    I: DeserializeOwned,
    O: Serialize,
    E: NamedError + 'static,
    H: AsyncFn(I) -> Result<O, E>,
    L: CallLog,
{
    if !http::came_through_an_api(&payload) {
        let asked = http::without_caller(payload);
        let answer = attempt_task(handler, calls, asked, log_answer_to_caller);
        let answer = answer.instrument(invocation(request, None)).await;
        return answer.map_err(Diagnostic::from);
    }
    // Who was told to look into the log has this id, and not Lambda's.
    let api = ApiRequest {
        id: http::request_id(&payload),
        operation: http::operation(&payload).unwrap_or_default(),
    };
    let span = invocation(request, Some(api));
    async {
        tracing::info!(target: "muster", caller = http::caller(&payload), "asked through the API");
        let input = http::input(&payload);
        let answer = attempt(handler, calls, input, log_answer_to_caller).await;
        Ok(http::answer(answer))
    }
    .instrument(span)
    .await
}

/// Serves the requests of devices, which come through a REST API (proxy integration). What is asked has a token in it, so
/// that nothing of it is logged here: whom it is about the handler says ([`about_device`](crate::about_device)).
pub async fn run_device_api<E, H, L>(handler: H, calls: L) -> Result<(), lambda_runtime::Error>
where
    E: NamedError + 'static,
    H: AsyncFn(&DeviceRequest) -> Result<Value, E>,
    L: CallLog,
{
    let (handler, calls) = (&handler, &calls);
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<Value>| {
        let request = DeviceRequest::new(event.payload);
        let api = ApiRequest {
            id: request.id(),
            operation: request.operation(),
        };
        let span = invocation(&event.context.request_id, Some(api));
        async {
            tracing::info!(target: "muster", "asked by a device");
            let answer = caught(Box::pin(handler(&request))).await;
            let answer = answer.map_or_else(
                || Err(Failure::of(&FunctionError::Panicked)),
                |answer| answer.map_err(|error| Failure::of(&error)),
            );
            log_answer_to_caller(calls, &answer);
            Ok::<_, lambda_runtime::Error>(device_api::answer(answer))
        }
        .instrument(span)
        .await
    }))
    .await
}

/// What comes of it; `None` if it panics.
pub async fn caught<T>(work: impl Future<Output = T>) -> Option<T> {
    AssertUnwindSafe(work).catch_unwind().await.ok()
}

/// One invocation by whoever says in its payload whom it is about.
async fn attempt_task<I, O, E, H, L>(
    handler: &H,
    calls: &L,
    payload: Value,
    log: Log<L>,
) -> Result<Value, Failure>
where
    I: DeserializeOwned,
    O: Serialize,
    E: NamedError + 'static,
    H: AsyncFn(I) -> Result<O, E>,
    L: CallLog,
{
    about_payload(&payload);
    attempt(handler, calls, Ok(payload), log).await
}

/// One invocation, with one line in the log about what came of it.
async fn attempt<I, O, E, H, L>(
    handler: &H,
    calls: &L,
    input: Result<Value, FunctionError>,
    log: Log<L>,
) -> Result<Value, Failure>
where
    I: DeserializeOwned,
    O: Serialize,
    E: NamedError + 'static,
    H: AsyncFn(I) -> Result<O, E>,
    L: CallLog,
{
    let answer = match input {
        Ok(input) => caught(invoke(handler, input))
            .await
            .unwrap_or_else(|| Err(Failure::of(&FunctionError::Panicked))),
        Err(error) => Err(Failure::of(&error)),
    };
    log(calls, &answer);
    answer
}

/// Writes what came of an invocation.
type Log<L> = fn(&L, &Result<Value, Failure>);

fn log_answer<L: CallLog>(calls: &L, answer: &Result<Value, Failure>) {
    let calls = counted(calls);
    match answer {
        Ok(_) => tracing::info!(target: "muster", calls, "done"),
        Err(Failure { name, cause, .. }) => {
            tracing::warn!(target: "muster", calls, error = name, cause, "failed");
        }
    }
}

/// A refusal is the matter of who has asked, a device or an operator, and no failure of Muster's or of AWS's.
fn log_answer_to_caller<L: CallLog>(calls: &L, answer: &Result<Value, Failure>) {
    match answer {
        Err(Failure {
            name,
            cause,
            refused: true,
            ..
        }) => {
            let calls = counted(calls);
            tracing::info!(target: "muster", calls, code = name, cause, "refused");
        }
        _ => log_answer(calls, answer),
    }
}

/// The calls that were made, in JSON. Those that were too many are a metric.
fn counted(calls: &impl CallLog) -> String {
    let calls = calls.drain();
    for (api, count) in calls.throttled {
        let measurement = Measurement {
            metrics: vec![("Throttled", Unit::Count, count.into())],
            dimensions: vec![("Api", api)],
        };
        measurement.record();
    }
    serde_json::to_string(&calls.made).unwrap_or_default()
}

async fn invoke<I, O, E, H>(handler: &H, payload: Value) -> Result<Value, Failure>
where
    I: DeserializeOwned,
    O: Serialize,
    E: NamedError + 'static,
    H: AsyncFn(I) -> Result<O, E>,
{
    let input = serde_json::from_value(payload)
        .map_err(|error| Failure::of(&FunctionError::InputInvalid(error)))?;
    // Boxed, since the SDK's futures are deep enough to exceed the compiler's limits.
    let output = Box::pin(handler(input))
        .await
        .map_err(|error| Failure::of(&error))?;
    serde_json::to_value(output).map_err(|error| Failure::of(&FunctionError::OutputInvalid(error)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authentication::NotAuthenticated;
    use crate::http_status::is_refusal;
    use crate::logging::tests::logged;
    use muster_onboarding::{CloudFailure, FailureKind};
    use serde_json::json;
    use std::convert::Infallible;
    use tracing::level_filters::LevelFilter;

    /// One invocation of a handler that waits for nothing.
    fn attempted(handler: impl AsyncFn(u8) -> Result<u8, Infallible>) -> Result<Value, Failure> {
        let answer = attempt(&handler, &(), Ok(json!(7)), log_answer);
        let answer = AssertUnwindSafe(answer).now_or_never();
        answer.expect("it waits for nothing")
    }

    #[test]
    fn a_panic_is_an_answer_with_a_name_and_without_the_panics_text() {
        assert_eq!(attempted(async |number| Ok(number + 1)), Ok(json!(8)));
        let failure = attempted(async |_| panic!("a secret")).unwrap_err();
        assert_eq!(failure.name, "FunctionPanicked");
        let answer = http::answer(Err(failure));
        assert_eq!(answer["statusCode"], 500);
        assert!(!answer.to_string().contains("secret"), "{answer}");
    }

    /// The line that says what came of an invocation.
    fn line_about(failure: Failure) -> Value {
        let lines = logged(LevelFilter::INFO, || {
            log_answer_to_caller(&(), &Err(failure));
        });
        let [line] = &lines[..] else {
            panic!("{lines:?}")
        };
        line.clone()
    }

    #[test]
    fn a_callers_refused_request_is_logged_as_no_failure() {
        let refused = line_about(Failure::of(&FunctionError::TokenAmbiguous));
        assert_eq!(refused["message"], "refused");
        assert_eq!(refused["code"], "InputInvalid");
        assert_eq!(refused.get("error"), None);
        assert_eq!(refused["level"], "INFO");
        let failed = line_about(Failure::of(&FunctionError::Panicked));
        assert_eq!(failed["message"], "failed");
        assert_eq!(failed["error"], "FunctionPanicked");
        assert_eq!(failed["level"], "WARN");
    }

    #[test]
    fn what_an_operator_is_refused_is_logged_as_no_failure_through_the_api_and_directly() {
        let refuses = async |_: Value| Err::<Value, _>(FunctionError::ContentTypeUnsupported);
        let asked = |payload: Value| {
            let mut answer = None;
            let lines = logged(LevelFilter::INFO, || {
                let answering = answer_operator(&refuses, &(), "r1", payload.clone());
                answer = AssertUnwindSafe(answering).now_or_never();
            });
            let last = lines.last().unwrap();
            assert_eq!(last["message"], "refused", "{lines:?}");
            assert_eq!(last["code"], "ContentTypeUnsupported");
            answer.expect("it waits for nothing")
        };
        let request = json!({ "httpMethod": "GET", "resource": "/x", "requestContext": {} });
        assert_eq!(asked(request).unwrap()["statusCode"], 415);
        let told = asked(json!({})).unwrap_err();
        assert_eq!(told.error_type, "ContentTypeUnsupported");
    }

    #[test]
    fn muster_limits_a_device_and_aws_limits_muster_by_one_name_and_only_the_first_is_a_refusal() {
        let of_aws = CloudFailure {
            action: "dynamodb:GetItem",
            kind: FailureKind::Throttled,
            message: "too many".to_owned(),
            source: None,
        };
        let own = Failure::of(&NotAuthenticated::TooOften(5));
        let of_aws = Failure::of(&NotAuthenticated::Cloud(of_aws));
        assert_eq!((own.name, own.refused), ("Throttled", true));
        assert_eq!((of_aws.name, of_aws.refused), ("Throttled", false));
        // An error that says nothing of its own.
        assert!(!is_refusal("Throttled"));
    }
}
