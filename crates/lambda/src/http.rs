//! Requests that come through a REST API of API Gateway with Lambda proxy integration, and their answers
//! (API Gateway developer guide, "Input format of a Lambda function for proxy integration" and "Output format").

use crate::error::{Failure, FunctionError};
use crate::http_status::status;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// The longest body that is taken, in bytes. API Gateway itself takes 10 MB, far more than any request needs.
pub(crate) const MAX_BODY_BYTES: usize = 64 * 1024;

/// Whether an invocation's payload is a request that API Gateway has passed on.
pub(crate) fn came_through_an_api(payload: &Value) -> bool {
    payload.get("requestContext").is_some()
}

/// What was said directly, to which nobody but API Gateway may add who said it.
pub(crate) fn without_caller(mut payload: Value) -> Value {
    if let Some(fields) = payload.as_object_mut() {
        fields.remove("caller");
    }
    payload
}

/// Who asks: the ARN of IAM's identity.
pub(crate) fn caller(request: &Value) -> &str {
    let identity = &request["requestContext"]["identity"];
    identity["userArn"].as_str().unwrap_or_default()
}

/// API Gateway's id of the request, which the caller's answer has in a header.
pub(crate) fn request_id(request: &Value) -> &str {
    let id = &request["requestContext"]["requestId"];
    id.as_str().unwrap_or_default()
}

/// The function's input: `{"body": text, "caller": ARN, "operation": method and path, "parameters": {…}}`, with `{}` for the
/// text of a method that has none.
pub(crate) fn input(request: &Value) -> Result<Value, FunctionError> {
    let caller = Some(caller(request)).filter(|caller| !caller.is_empty());
    Ok(json!({
        "body": checked(request)?,
        "caller": caller,
        "operation": operation(request),
        "parameters": parameters(request),
    }))
}

/// Method and path, as the API names it.
pub(crate) fn operation(request: &Value) -> Option<String> {
    let text = |name: &str| request[name].as_str();
    Some(format!("{} {}", text("httpMethod")?, text("resource")?))
}

/// The path's own last: nobody can say otherwise in the query.
fn parameters(request: &Value) -> Map<String, Value> {
    let of = |name: &str| request[name].as_object().cloned().unwrap_or_default();
    let mut all = of("queryStringParameters");
    all.extend(of("pathParameters"));
    all
}

fn checked(request: &Value) -> Result<Value, FunctionError> {
    let body = body(request, MAX_BODY_BYTES)?;
    if body.is_empty() {
        // Without a body GET asks for what is there; where something is made, a forgotten one shall make nothing.
        return match request["httpMethod"].as_str() {
            Some("GET" | "DELETE") => Ok(json!({})),
            _ => Err(FunctionError::BodyMissing),
        };
    }
    if !says_json(request) {
        return Err(FunctionError::ContentTypeUnsupported);
    }
    Ok(json!(body))
}

/// A request's body, if it is text of `most` bytes at most.
pub(crate) fn body(request: &Value, most: usize) -> Result<String, FunctionError> {
    let text = request["body"].as_str().unwrap_or_default();
    let text = if request["isBase64Encoded"] == true {
        // Four characters for three bytes (RFC 4648, section 4).
        let bytes = text.len() / 4 * 3;
        if bytes > most + 2 {
            return Err(FunctionError::BodyTooLarge { bytes, most });
        }
        let bytes = STANDARD.decode(text);
        let bytes = bytes.map_err(|_| FunctionError::BodyUnreadable)?;
        String::from_utf8(bytes).map_err(|_| FunctionError::BodyUnreadable)?
    } else {
        text.to_owned()
    };
    if text.len() > most {
        return Err(FunctionError::BodyTooLarge {
            bytes: text.len(),
            most,
        });
    }
    Ok(text)
}

/// A header of a request. API Gateway hands them on as the caller has spelt them.
pub(crate) fn header<'a>(request: &'a Value, name: &str) -> Option<&'a str> {
    let headers = request["headers"].as_object()?;
    let found = headers
        .iter()
        .find(|(spelt, _)| spelt.eq_ignore_ascii_case(name))?;
    found.1.as_str()
}

/// Whether a body is JSON, as far as a header says what it is.
pub(crate) fn says_json(request: &Value) -> bool {
    header(request, "content-type").is_none_or(is_json)
}

/// `application/json` and what is built on it (RFC 6838, suffix `+json`), whatever parameters follow.
fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// What API Gateway answers the caller with.
pub(crate) fn answer(outcome: Result<Value, Failure>) -> Value {
    let (status, body) = match outcome {
        Ok(output) => (200, output),
        Err(failure) => (
            status(failure.name),
            json!({ "code": failure.name, "message": failure.told }),
        ),
    };
    json!({
        "statusCode": status,
        // What is answered once is nothing for a proxy to keep.
        "headers": { "content-type": "application/json", "cache-control": "no-store" },
        "body": body.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NamedError;

    fn post(body: &Value, more: &Value) -> Value {
        let mut request = json!({ "requestContext": {}, "httpMethod": "POST", "body": body });
        for (key, value) in more.as_object().unwrap() {
            request[key] = value.clone();
        }
        request
    }

    fn refused(request: &Value) -> &'static str {
        input(request).unwrap_err().name()
    }

    #[test]
    fn a_body_is_handed_on_as_text_plain_or_packed_in_base64() {
        let plain = post(&json!("{\"a\":1}"), &json!({}));
        assert!(came_through_an_api(&plain));
        assert_eq!(
            input(&plain).unwrap(),
            json!({ "body": "{\"a\":1}", "caller": null, "operation": null, "parameters": {} })
        );
        let packed = STANDARD.encode("{\"a\":1}");
        let packed = post(&json!(packed), &json!({ "isBase64Encoded": true }));
        assert_eq!(
            input(&packed).unwrap(),
            json!({ "body": "{\"a\":1}", "caller": null, "operation": null, "parameters": {} })
        );
        assert!(!came_through_an_api(
            &json!({ "body": {}, "httpMethod": "POST" })
        ));
    }

    #[test]
    fn a_get_needs_no_body_and_a_post_does() {
        for none in [Value::Null, json!("")] {
            let mut request = post(&none, &json!({}));
            assert_eq!(refused(&request), "InputInvalid");
            request["httpMethod"] = json!("GET");
            assert_eq!(
                input(&request).unwrap(),
                json!({ "body": {}, "caller": null, "operation": null, "parameters": {} })
            );
        }
    }

    #[test]
    fn what_cannot_be_a_request_is_refused_before_the_function_sees_it() {
        let more = json!({ "isBase64Encoded": true });
        assert_eq!(refused(&post(&json!("%%%"), &more)), "InputInvalid");
        let not_text = STANDARD.encode([0xff, 0xfe]);
        assert_eq!(refused(&post(&json!(not_text), &more)), "InputInvalid");

        let most = json!(" ".repeat(MAX_BODY_BYTES));
        assert!(input(&post(&most, &json!({}))).is_ok());
        let longer = " ".repeat(MAX_BODY_BYTES + 1);
        let packed = json!(STANDARD.encode(&longer));
        assert_eq!(
            refused(&post(&json!(longer), &json!({}))),
            "RequestTooLarge"
        );
        assert_eq!(refused(&post(&packed, &more)), "RequestTooLarge");
    }

    #[test]
    fn only_json_is_taken_where_a_header_says_what_it_is() {
        let with = |kind: &str| {
            post(
                &json!("{}"),
                &json!({ "headers": { "Content-Type": kind } }),
            )
        };
        for kind in [
            "application/json",
            "application/JSON; charset=utf-8",
            "application/merge-patch+json",
        ] {
            assert!(input(&with(kind)).is_ok(), "{kind}");
        }
        for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
            assert_eq!(refused(&with(kind)), "ContentTypeUnsupported", "{kind}");
        }
        assert!(input(&post(&json!("{}"), &json!({ "headers": null }))).is_ok());
    }

    #[test]
    fn an_answer_is_json_with_a_status_and_a_failure_has_code_and_message() {
        let fine = answer(Ok(json!({ "certificateId": "x" })));
        assert_eq!(fine["statusCode"], 200);
        assert_eq!(fine["headers"]["content-type"], "application/json");
        assert_eq!(fine["body"], "{\"certificateId\":\"x\"}");

        let failed = answer(Err(Failure::of(&FunctionError::BodyTooLarge {
            bytes: 70_000,
            most: MAX_BODY_BYTES,
        })));
        assert_eq!(failed["statusCode"], 413);
        let body: Value = serde_json::from_str(failed["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["code"], "RequestTooLarge");
        let said = "The body has 70000 bytes; at most 65536 are taken.";
        assert_eq!(body, json!({ "code": "RequestTooLarge", "message": said }));
    }

    #[test]
    fn what_aws_said_is_for_the_log_and_not_for_the_caller() {
        let failure = muster_onboarding::CloudFailure {
            kind: muster_onboarding::FailureKind::AccessDenied,
            action: "s3:PutObject",
            message: "User: arn:aws:sts::123456789012:assumed-role/x is not authorized".to_owned(),
            source: None,
        };
        let failure = Failure::of(&failure);
        assert!(failure.cause.contains("123456789012"), "{failure:?}");
        let told = answer(Err(failure));
        assert_eq!(told["statusCode"], 500);
        let body = told["body"].as_str().unwrap();
        assert!(
            body.contains("s3:PutObject failed") && !body.contains("123456789012"),
            "{body}"
        );
    }
}
