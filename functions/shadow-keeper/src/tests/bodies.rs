//! What devices, and who has taken one over, may send.

use super::cloud::Cloud;
use super::{ask, ask_as, get, put};
use muster_lambda::NamedError;
use serde_json::{Value, json};

/// The name of the error that a body leads to; nothing is written.
fn refused(body: &str) -> &'static str {
    let cloud = Cloud::with_device();
    let refused = ask(&cloud, put(body)).expect_err(body);
    assert!(cloud.state().written.is_empty());
    refused
}

/// What is desired by that.
fn written(body: &str) -> Value {
    let cloud = Cloud::with_device();
    ask(&cloud, put(body)).expect(body);
    let (_, desired, _) = cloud.state().written.remove(0);
    desired
}

/// An object so many levels deep.
fn nested(levels: usize) -> String {
    format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels))
}

#[test]
fn what_is_no_object_is_refused() {
    for body in [
        "",
        "{",
        "[]",
        "[{}]",
        "1",
        "null",
        "\"a\"",
        "{} {}",
        "{'a': 1}",
        "\u{feff}{}",
        "{\"a\": 1e400}",
        "{\"a\": NaN}",
    ] {
        assert_eq!(refused(body), "InputInvalid", "{body}");
    }
}

#[test]
fn a_body_with_state_has_nothing_in_it_that_it_should_not() {
    for body in [
        json!({ "state": null }),
        json!({ "state": [] }),
        json!({ "state": {} }),
        json!({ "state": { "desired": null } }),
        json!({ "state": { "desired": [1] } }),
        json!({ "state": { "reported": { "a": 1 } } }),
        json!({ "state": { "desired": {}, "reported": {} } }),
        json!({ "state": { "desired": {} }, "clientToken": "x" }),
        json!({ "state": { "desired": {} }, "desired": {} }),
        json!({ "state": { "desired": {} }, "version": -1 }),
        json!({ "state": { "desired": {} }, "version": 1.5 }),
        json!({ "state": { "desired": {} }, "version": u64::MAX }),
        json!({ "state": { "desired": {} }, "version": "1" }),
        json!({ "state": { "desired": {} }, "version": null }),
    ] {
        assert_eq!(refused(&body.to_string()), "InputInvalid", "{body}");
    }
}

#[test]
fn what_is_judged_is_what_is_written_also_where_a_key_is_there_twice() {
    let body = r#"{"state": {"desired": {"a": 1, "a": 2}, "desired": {"b": 1, "b": {"c": 2}}}}"#;
    assert_eq!(written(body), json!({ "b": { "c": 2 } }));
    let twice = r#"{"state": {"desired": {"a": 1}}, "state": {"reported": {}}}"#;
    assert_eq!(refused(twice), "InputInvalid");
}

#[test]
fn a_bare_body_is_what_is_desired_whatever_its_keys_are() {
    let body = json!({ "version": 3, "desired": { "a": 1 }, "": 1, "a.b": 1e300 });
    assert_eq!(written(&body.to_string()), body);
    assert_eq!(written("{}"), json!({}));
}

#[test]
fn a_state_is_as_deep_as_a_shadow_may_be_and_no_deeper() {
    written(&nested(8));
    assert_eq!(refused(&nested(9)), "InputInvalid");
    let wrapped = |levels| format!("{{\"state\": {{\"desired\": {}}}}}", nested(levels));
    written(&wrapped(8));
    assert_eq!(refused(&wrapped(9)), "InputInvalid");
    assert_eq!(refused(&nested(1000)), "InputInvalid");
    let lists = format!("{{\"a\": {}1{}}}", "[".repeat(100), "]".repeat(100));
    assert_eq!(refused(&lists), "InputInvalid");
    let unclosed = format!("{{\"a\": {}", "[".repeat(15_000));
    assert_eq!(refused(&unclosed), "InputInvalid");
}

#[test]
fn a_state_has_no_more_bytes_than_a_shadow_may() {
    let body = |bytes: usize| json!({ "a": "x".repeat(bytes - r#"{"a":""}"#.len()) }).to_string();
    written(&body(8192));
    assert_eq!(refused(&body(8193)), "RequestTooLarge");
    assert_eq!(refused(&body(20_000)), "RequestTooLarge");
    // What is no state does not count.
    written(&format!("{}{}", body(8192), " ".repeat(4000)));
}

#[test]
fn nothing_that_was_sent_is_in_an_error() {
    for body in [
        r#"{"s3cret": s3cret}"#,
        r#""s3cret""#,
        r#"{"state": "s3cret"}"#,
        r#"{"state": {"desired": {}}, "s3cret": 1}"#,
        r#"{"state": {"desired": {}}, "version": "s3cret"}"#,
    ] {
        let error = ask_as(&Cloud::with_device(), put(body)).unwrap_err();
        let said = format!("{error} {error:?} {:?}", error.told());
        assert!(!said.contains("s3cret"), "{said}");
    }
}

#[test]
fn a_stranger_learns_nothing_by_a_body() {
    for body in ["{", &nested(9), "{\"a\": 1}"] {
        let cloud = Cloud::with_device();
        let mut request = put(body);
        request["queryStringParameters"]["deviceToken"] = json!("wrong");
        assert_eq!(ask(&cloud, request).unwrap_err(), "TokenRefused");
    }
}

#[test]
fn a_body_that_is_not_json_by_its_header_is_refused() {
    let cloud = Cloud::with_device();
    let mut request = put("{}");
    request["headers"] = json!({ "Content-Type": "text/plain" });
    assert_eq!(ask(&cloud, request).unwrap_err(), "ContentTypeUnsupported");
    let mut request = get("sensor-1", super::TOKEN);
    request["body"] = json!("not looked at");
    assert!(ask(&cloud, request).is_ok());
}
