//! Counts calls by action.

use crate::failure::THROTTLES;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use muster_onboarding::ports::{CallLog, CountedCalls};
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};

/// Too many requests (RFC 6585, section 4).
const TOO_MANY_REQUESTS: u16 = 429;

/// Where services with REST APIs name an error.
const ERROR_TYPE: &str = "x-amzn-errortype";

/// Counts every attempt of every call that goes through one [`crate::Cloud`], retries included: a quota counts
/// them too.
#[derive(Debug, Clone, Default)]
pub struct CallCounter(Arc<Mutex<CountedCalls>>);

impl CallCounter {
    fn count(&self, bag: &ConfigBag, counts: impl FnOnce(&mut CountedCalls, String)) {
        if let Some(metadata) = bag.load::<Metadata>() {
            let action = format!("{}:{}", metadata.service(), metadata.name());
            counts(
                &mut self.0.lock().unwrap_or_else(PoisonError::into_inner),
                action,
            );
        }
    }
}

#[dyn_dispatch_hint]
impl Intercept for CallCounter {
    fn name(&self) -> &'static str {
        "CallCounter"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.count(bag, |calls, action| {
            *calls.made.entry(action).or_default() += 1;
        });
        Ok(())
    }

    // Only then is the body read.
    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if is_throttle(context.response()) {
            self.count(bag, |calls, action| {
                *calls.throttled.entry(action).or_default() += 1;
            });
        }
        Ok(())
    }
}

impl CallLog for CallCounter {
    fn drain(&self) -> CountedCalls {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether a service says that there are too many calls. Not all of them say so with a status of its own.
fn is_throttle(response: &HttpResponse) -> bool {
    let status = response.status();
    if status.is_success() || status.as_u16() == TOO_MANY_REQUESTS {
        return !status.is_success();
    }
    let named = response.headers().get(ERROR_TYPE).map(str::to_owned);
    let code = named.or_else(|| code_in(response.body().bytes().unwrap_or_default()));
    code.is_some_and(|code| THROTTLES.contains(&bare(&code)))
}

/// The code of the error in a body, which is JSON (`__type` or `code`) or XML (`<Code>`); `None` where there is none. What a
/// body says in its message is no code.
fn code_in(body: &[u8]) -> Option<String> {
    if let Ok(json) = serde_json::from_slice::<Value>(body) {
        let code = json.get("__type").or_else(|| json.get("code"))?;
        return code.as_str().map(str::to_owned);
    }
    let xml = std::str::from_utf8(body).ok()?;
    let (_, from) = xml.split_once("<Code>")?;
    let (code, _) = from.split_once("</Code>")?;
    Some(code.to_owned())
}

/// A code without the namespace before its `#` and the address after its `:`, one of which services may add (Smithy's AWS
/// restJson1 protocol, operation error serialization).
fn bare(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or_default();
    code.rsplit('#').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::is_throttle;
    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use aws_smithy_types::body::SdkBody;

    fn answered(status: u16, header: Option<&'static str>, body: &'static str) -> HttpResponse {
        let status = status.try_into().unwrap();
        let mut response = HttpResponse::new(status, SdkBody::from(body));
        if let Some(header) = header {
            response.headers_mut().insert("x-amzn-errortype", header);
        }
        response
    }

    #[test]
    fn too_many_calls_are_known_however_a_service_says_so() {
        let json = r#"{"__type": "com.amazonaws.dynamodb#ProvisionedThroughputExceededException"}"#;
        assert!(is_throttle(&answered(429, None, "")));
        assert!(is_throttle(&answered(400, None, json)));
        let json = r#"{"code": "Throttling", "message": "slowly"}"#;
        assert!(is_throttle(&answered(400, None, json)));
        for header in [
            "ThrottlingException",
            "ThrottlingException:http://x",
            "com.amazonaws.iot#ThrottlingException",
            "com.amazonaws.iot#ThrottlingException:http://x#y",
        ] {
            assert!(is_throttle(&answered(400, Some(header), "")), "{header}");
        }
        assert!(is_throttle(&answered(
            503,
            None,
            "<Error><Code>SlowDown</Code></Error>"
        )));
    }

    #[test]
    fn what_else_fails_or_succeeds_is_none() {
        let json = r#"{"__type": "com.amazonaws.dynamodb#ConditionalCheckFailedException"}"#;
        assert!(!is_throttle(&answered(400, None, json)));
        assert!(!is_throttle(&answered(500, None, "")));
        assert!(!is_throttle(&answered(200, None, "about Throttling")));
    }

    #[test]
    fn a_message_that_speaks_of_throttling_is_none() {
        for (header, body) in [
            (
                None,
                r#"{"__type": "ValidationException", "message": "no ThrottlingException"}"#,
            ),
            (
                Some("InvalidRequestException"),
                r#"{"message": "ThrottlingException", "code": "ThrottlingException"}"#,
            ),
            (
                None,
                "<Error><Code>NoSuchKey</Code><Message>SlowDown</Message></Error>",
            ),
            (None, "ThrottlingException"),
            (Some("ThrottlingExceptionOfAnotherKind"), ""),
            (None, r#"["ThrottlingException"]"#),
        ] {
            assert!(!is_throttle(&answered(400, header, body)), "{body}");
        }
    }
}
