//! What may be shown of a message. None of Muster's own carries a secret, but a device may send anything.

use crate::MAX_REQUEST_DEPTH;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// What stands in a secret's place.
const MASK: &str = "(not shown)";

/// What the names of fields with secrets have in them, in lowercase and without marks: tokens of all kinds, vouchers,
/// private keys, passwords.
const SECRET: [&str; 7] = [
    "token",
    "voucher",
    "privatekey",
    "password",
    "passphrase",
    "secret",
    "apikey",
];

/// A document without secrets: fields that are called like one, and private keys in PEM wherever they stand.
pub fn masked(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mask = |(name, value): (String, Value)| {
                let value = if names_a_secret(&name) {
                    json!(MASK)
                } else {
                    masked(value)
                };
                (name, value)
            };
            Value::Object(fields.into_iter().map(mask).collect())
        }
        Value::Array(items) => items.into_iter().map(masked).collect(),
        Value::String(text) => json!(masked_text(text)),
        plain => plain,
    }
}

/// Text that is no document: nobody can tell where a secret in it ends.
pub fn masked_text(text: String) -> String {
    if is_key(&text) || (text.contains(['{', '=']) && names_a_secret(&text)) {
        format!("({} characters with a secret, not shown)", text.len())
    } else {
        text
    }
}

/// A device's payload as a document: JSON or CBOR, else text, else base64.
pub fn payload(bytes: &[u8]) -> Value {
    if let Some(document) = json_or_cbor(bytes) {
        return masked(document);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => json!(masked_text(text.to_owned())),
        Err(_) if is_key(&String::from_utf8_lossy(bytes)) => json!(MASK),
        Err(_) => json!({ "base64": STANDARD.encode(bytes) }),
    }
}

/// A payload that is an object, a map or an array.
pub fn json_or_cbor(bytes: &[u8]) -> Option<Value> {
    if let Ok(value) = serde_json::from_slice::<Value>(bytes) {
        return (value.is_object() || value.is_array()).then_some(value);
    }
    let mut rest = bytes;
    let value: ciborium::Value =
        ciborium::de::from_reader_with_recursion_limit(&mut rest, MAX_REQUEST_DEPTH).ok()?;
    (rest.is_empty() && (value.is_map() || value.is_array())).then(|| from_cbor(value))
}

fn from_cbor(value: ciborium::Value) -> Value {
    match value {
        ciborium::Value::Integer(number) => i64::try_from(number)
            .map_or_else(|_| json!(format!("{number:?}")), |number| json!(number)),
        ciborium::Value::Bytes(bytes) => match String::from_utf8(bytes) {
            Ok(text) if is_key(&text) => json!(MASK),
            Ok(text) => json!({ "base64": STANDARD.encode(text) }),
            Err(error) => json!({ "base64": STANDARD.encode(error.into_bytes()) }),
        },
        ciborium::Value::Float(number) => json!(number),
        ciborium::Value::Text(text) => json!(text),
        ciborium::Value::Bool(yes) => json!(yes),
        ciborium::Value::Tag(_, inner) => from_cbor(*inner),
        ciborium::Value::Array(items) => items.into_iter().map(from_cbor).collect(),
        ciborium::Value::Map(entries) => {
            let field = |(name, value)| (text_of(name), from_cbor(value));
            Value::Object(entries.into_iter().map(field).collect::<Map<_, _>>())
        }
        _ => Value::Null,
    }
}

fn text_of(name: ciborium::Value) -> String {
    match name {
        ciborium::Value::Text(text) => text,
        other => from_cbor(other).to_string(),
    }
}

fn is_key(text: &str) -> bool {
    text.contains("PRIVATE KEY")
}

fn names_a_secret(name: &str) -> bool {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let name: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    SECRET.iter().any(|secret| name.contains(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMEECAQAw\n-----END PRIVATE KEY-----\n";

    #[test]
    fn fields_that_are_called_like_a_secret_and_keys_are_not_shown_and_requests_are() {
        let shown = masked(json!({
            "serialNumber": "sensor-1", "csr": "-----BEGIN CERTIFICATE REQUEST-----", "packetSize": 256,
            "certificateOwnershipToken": "7QX2", "parameters": { "Voucher": "8RY3" }, "private_key": "9SZ4",
            "notes": [KEY],
        }));
        assert_eq!(shown["serialNumber"], "sensor-1");
        assert_eq!(shown["csr"], "-----BEGIN CERTIFICATE REQUEST-----");
        assert_eq!(shown["packetSize"], 256);
        let text = shown.to_string();
        for secret in ["7QX2", "8RY3", "9SZ4", "MEECAQAw"] {
            assert!(!text.contains(secret), "{text}");
        }
    }

    #[test]
    fn text_that_breaks_off_in_a_secret_is_not_shown_and_other_text_is() {
        let shown = masked_text(r#"{"serial": "sensor-1", "token": "7QX"#.to_owned());
        assert_eq!(shown, "(36 characters with a secret, not shown)");
        assert_eq!(masked_text("garbage".to_owned()), "garbage");
    }

    #[test]
    fn a_payload_is_shown_as_what_it_is() {
        assert_eq!(payload(br#"{"token": 1}"#), json!({ "token": MASK }));
        assert_eq!(payload(b"hello"), json!("hello"));
        assert_eq!(payload(b"\xff\xfe"), json!({ "base64": "//4=" }));
        assert_eq!(payload(KEY.as_bytes()), json!(masked_text(KEY.to_owned())));
        let acknowledgement = [0x82, 0x01, 0x81, 0x02];
        assert_eq!(payload(&acknowledgement), json!([1, [2]]));
        let mut secret = b"\xa1\x61k\x58\x1b".to_vec();
        secret.extend(&KEY.as_bytes()[..27]);
        assert_eq!(payload(&secret), json!({ "k": MASK }));
    }
}
