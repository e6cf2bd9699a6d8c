//! The API that devices ask, which have no credentials of AWS: requests with tokens in them, and answers that say whether to
//! ask again.

use crate::error::{Failure, FunctionError};
use crate::http::{body, header, operation, request_id, says_json};
use crate::http_status::status;
use secrecy::SecretString;
use serde_json::{Value, json};

/// The longest body that a device may send, in bytes: a CSR has 8 kB at most, a shadow as many (AWS IoT, quotas).
pub const MAX_DEVICE_BODY_BYTES: usize = 16 * 1024;

/// The header in which a token comes.
const TOKEN_HEADER: &str = "x-device-token";

/// The longest text that is looked at as a token, in bytes.
const MAX_TOKEN_BYTES: usize = 256;

/// A device's request, as API Gateway hands it on. There is no `Debug`: it has a token in it.
#[expect(missing_debug_implementations, reason = "it has a token in it")]
pub struct DeviceRequest(Value);

impl DeviceRequest {
    /// What API Gateway hands to a function (proxy integration).
    pub fn new(event: Value) -> Self {
        Self(event)
    }

    /// Method and path, for example `POST /certificates`.
    pub fn operation(&self) -> String {
        operation(&self.0).unwrap_or_default()
    }

    /// API Gateway's id of the request.
    pub fn id(&self) -> &str {
        request_id(&self.0)
    }

    /// The address that it comes from, which API Gateway has seen.
    pub fn source(&self) -> &str {
        let source = &self.0["requestContext"]["identity"]["sourceIp"];
        source.as_str().unwrap_or("-")
    }

    /// The client certificate of its connection, PEM, where the API is asked at a domain with mutual TLS.
    pub fn client_certificate(&self) -> Option<&str> {
        self.0["requestContext"]["identity"]["clientCert"]["clientCertPem"].as_str()
    }

    /// A parameter of the query.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.0["queryStringParameters"][name].as_str()
    }

    /// The token that it shows, in its header or as `given` elsewhere.
    ///
    /// # Errors
    /// [`FunctionError::TokenAmbiguous`] if it shows two.
    pub fn token(&self, given: Option<&str>) -> Result<Option<SecretString>, FunctionError> {
        let in_header = header(&self.0, TOKEN_HEADER);
        let token = match (in_header, given) {
            (Some(one), Some(other)) if one != other => return Err(FunctionError::TokenAmbiguous),
            (one, other) => one.or(other),
        };
        let token = token.filter(|token| token.len() <= MAX_TOKEN_BYTES);
        Ok(token.map(|token| token.to_owned().into()))
    }

    /// Its body, text.
    ///
    /// # Errors
    /// Why that cannot be JSON.
    pub fn body(&self) -> Result<String, FunctionError> {
        let body = body(&self.0, MAX_DEVICE_BODY_BYTES)?;
        if body.is_empty() {
            return Err(FunctionError::BodyMissing);
        }
        if says_json(&self.0) {
            Ok(body)
        } else {
            Err(FunctionError::ContentTypeUnsupported)
        }
    }
}

/// What API Gateway answers the device with.
pub(crate) fn answer(outcome: Result<Value, Failure>) -> Value {
    let (status, body, retry_after) = match outcome {
        Ok(output) => (200, output, None),
        Err(failure) => (
            status(failure.name),
            json!({
                "code": failure.name, "message": failure.told, "retryable": failure.retry_after.is_some(),
            }),
            failure.retry_after,
        ),
    };
    let mut headers = json!({ "content-type": "application/json", "cache-control": "no-store" });
    if let Some(seconds) = retry_after {
        headers["retry-after"] = json!(seconds.to_string());
    }
    json!({ "statusCode": status, "headers": headers, "body": body.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn request(event: Value) -> DeviceRequest {
        DeviceRequest::new(event)
    }

    #[test]
    fn a_token_comes_in_a_header_or_elsewhere_and_never_two() {
        let shown = |headers: Value, given: Option<&str>| {
            let token = request(json!({ "headers": headers })).token(given);
            token.map(|token| token.map(|token| token.expose_secret().to_owned()))
        };
        let in_header = || json!({ "X-Device-Token": "one" });
        assert_eq!(shown(in_header(), None).unwrap().as_deref(), Some("one"));
        assert_eq!(
            shown(in_header(), Some("one")).unwrap().as_deref(),
            Some("one")
        );
        assert_eq!(
            shown(Value::Null, Some("two")).unwrap().as_deref(),
            Some("two")
        );
        assert_eq!(shown(Value::Null, None).unwrap(), None);
        assert!(shown(in_header(), Some("two")).is_err());
        assert_eq!(shown(Value::Null, Some(&"7".repeat(257))).unwrap(), None);
    }

    #[test]
    fn a_body_is_json_and_not_longer_than_a_device_needs() {
        let refused = |event: Value| Failure::of(&request(event).body().unwrap_err()).name;
        assert_eq!(refused(json!({ "body": null })), "InputInvalid");
        let long = " ".repeat(MAX_DEVICE_BODY_BYTES + 1);
        assert_eq!(refused(json!({ "body": long })), "RequestTooLarge");
        let other = json!({ "body": "a", "headers": { "content-type": "text/plain" } });
        assert_eq!(refused(other), "ContentTypeUnsupported");
        let most = " ".repeat(MAX_DEVICE_BODY_BYTES);
        assert!(request(json!({ "body": most })).body().is_ok());
    }

    #[test]
    fn an_answer_says_whether_to_ask_again_and_when() {
        let failed = answer(Err(Failure::of(&FunctionError::BodyMissing)));
        assert_eq!(failed["statusCode"], 400);
        assert_eq!(failed["headers"]["retry-after"], Value::Null);
        let body: Value = serde_json::from_str(failed["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["retryable"], false);
        let failed = answer(Err(Failure::of(&FunctionError::Panicked)));
        assert_eq!(failed["statusCode"], 500);
        assert_eq!(failed["headers"]["retry-after"], "10");
        let body: Value = serde_json::from_str(failed["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["retryable"], true);
    }
}
