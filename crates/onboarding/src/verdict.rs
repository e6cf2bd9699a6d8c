//! A verifier's answer. `jitr-activation` reads it by the same rule, in its state `VerifyDevice`.

use serde_json::Value;

/// Whether a verifier said yes: `verified` is `true` or `"true"`, bare or under `body`, each of the two as an object or
/// as a string of JSON. Whatever else it says is a no.
pub fn verified(answer: &[u8]) -> bool {
    let Ok(answer) = serde_json::from_slice(answer) else {
        return false;
    };
    let Some(Value::Object(answer)) = unpacked(answer) else {
        return false;
    };
    let answer = match answer.get("body") {
        Some(body) => unpacked(body.clone()),
        None => Some(Value::Object(answer)),
    };
    // Of an array or a text there is no such field.
    answer.is_some_and(|answer| {
        let verified = answer.get("verified");
        verified.is_some_and(|said| *said == Value::Bool(true) || said == "true")
    })
}

fn unpacked(value: Value) -> Option<Value> {
    match value {
        Value::String(text) => serde_json::from_str(&text).ok(),
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(answer: &Value) -> bool {
        verified(answer.to_string().as_bytes())
    }

    #[test]
    fn a_yes_is_a_yes_in_each_of_its_forms() {
        for yes in [
            json!({ "verified": true }),
            json!({ "verified": "true", "more": 1 }),
            json!({ "statusCode": 200, "body": { "verified": true } }),
            json!({ "body": "{\"verified\":\"true\"}" }),
            json!("{\"verified\":true}"),
            json!("{\"body\":\"{\\\"verified\\\":true}\"}"),
        ] {
            assert!(read(&yes), "{yes}");
        }
    }

    #[test]
    fn whatever_else_it_says_is_a_no() {
        for no in [
            json!({ "verified": false }),
            json!({ "verified": "yes" }),
            json!({ "verified": "True" }),
            json!({ "verified": 1 }),
            json!({ "verified": null }),
            json!({ "verified": ["true"] }),
            json!({}),
            json!(null),
            json!(true),
            json!("true"),
            json!([{ "verified": true }]),
            json!({ "body": null }),
            json!({ "body": "no JSON" }),
            json!({ "body": { "body": { "verified": true } } }),
            // What stands beside a body does not count.
            json!({ "verified": true, "body": { "verified": false } }),
        ] {
            assert!(!read(&no), "{no}");
        }
        assert!(!verified(b"") && !verified(b"not JSON"));
    }
}
