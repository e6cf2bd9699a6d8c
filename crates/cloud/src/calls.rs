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
    let named = response.headers().get(ERROR_TYPE).unwrap_or_default();
    let body = response.body().bytes().unwrap_or_default();
    let body = String::from_utf8_lossy(body);
    THROTTLES
        .iter()
        .any(|code| named.starts_with(code) || body.contains(code))
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
        assert!(is_throttle(&answered(
            400,
            Some("ThrottlingException:http://x"),
            ""
        )));
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
}
