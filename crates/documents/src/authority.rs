//! What `ca-registrator` takes and gives.

use crate::object::{from_object, object};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// The lifetime of a CA that is made, in days, where the request names none: ten years.
pub const DEFAULT_LIFETIME_DAYS: i64 = 3650;

/// The longest lifetime of a CA that is made, in days: a hundred years.
pub const MAX_LIFETIME_DAYS: i64 = 36_500;

/// The input of `ca-registrator`: the request is in `body`, as an object, or as a string of JSON as API Gateway sends
/// it. What stands beside `body` is passed over.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AuthorityEvent {
    /// The request.
    #[serde(deserialize_with = "object_or_text")]
    pub body: RegisterAuthority,
}

/// What to register as a certificate authority: one that is made, or one that the operator brings. Fields that do not
/// exist are refused, since a misspelt one would otherwise be passed over in silence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a JSON object"
)]
pub struct RegisterAuthority {
    /// The name of a CA that is made.
    #[serde(default, deserialize_with = "object")]
    pub csr_subjects: Option<CsrSubjects>,
    /// The verifier that judges this CA's devices; without one they are not judged.
    pub verifier_name: Option<String>,
    /// How long a CA that is made is valid, in days: 1 to [`MAX_LIFETIME_DAYS`], or [`DEFAULT_LIFETIME_DAYS`].
    pub lifetime_days: Option<i64>,
    /// How AWS IoT finds the CA of a device that connects.
    #[serde(default)]
    pub certificate_mode: CertificateMode,
    /// The key of a CA that is made.
    pub key_type: Option<CaKeyType>,
    /// The certificate of a CA that the operator brings.
    pub ca_certificate_pem: Option<String>,
    /// In mode `DEFAULT`, what proves that the operator has that CA's key: a certificate that it has signed, with the
    /// registration code as its common name.
    pub verification_certificate_pem: Option<String>,
}

/// The name of a CA. An empty field is one that is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a JSON object"
)]
pub struct CsrSubjects {
    /// The common name, at most 64 characters. Left out, it is the account's registration code.
    #[serde(default)]
    pub common_name: String,
    /// The country's two letters (ISO 3166).
    #[serde(default)]
    pub country_name: String,
    /// The state or province, at most 128 characters.
    #[serde(default)]
    pub state_name: String,
    /// The city, at most 128 characters.
    #[serde(default)]
    pub locality_name: String,
    /// The organization, at most 64 characters.
    #[serde(default)]
    pub organization_name: String,
    /// The unit of the organization, at most 64 characters.
    #[serde(default)]
    pub organization_unit_name: String,
}

/// How AWS IoT finds the CA of a device that connects (`certificateMode` of `RegisterCACertificate`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CertificateMode {
    /// In one account of a region only; registering it takes a proof of its key.
    #[default]
    Default,
    /// By the server's name that the device has to send (SNI); registering it takes no proof.
    SniOnly,
}

/// The key of a CA that is made, by KMS's name for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CaKeyType {
    /// An elliptic curve key on P-256.
    #[default]
    #[serde(rename = "ECC_NIST_P256")]
    EccNistP256,
    /// An RSA key of 2048 bits, for devices that know nothing else.
    #[serde(rename = "RSA_2048")]
    Rsa2048,
}

/// The answer of `ca-registrator`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisteredAuthority {
    /// AWS IoT's id of the CA, which the event topic of its devices names.
    pub certificate_id: String,
    /// Its ARN.
    pub certificate_arn: String,
}

fn object_or_text<'de, D: Deserializer<'de>>(body: D) -> Result<RegisterAuthority, D::Error> {
    let body = match Value::deserialize(body)? {
        Value::String(text) => serde_json::from_str(&text),
        body => Ok(body),
    };
    let request = body.and_then(from_object);
    request.map_err(|error| {
        let said = error.to_string();
        // What is wrong is repeated, and who sends a key in the wrong field shall not find it in a log.
        if said.contains("-----BEGIN") {
            D::Error::custom("a PEM block stands in a field that takes none")
        } else {
            D::Error::custom(said)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(event: Value) -> Result<RegisterAuthority, String> {
        serde_json::from_value::<AuthorityEvent>(event)
            .map(|event| event.body)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_request_of_the_seed_is_a_request_as_an_object_and_as_text() {
        let body = json!({
            "csrSubjects": { "commonName": "", "countryName": "TW", "organizationUnitName": "web" },
            "verifierName": "verifier_name"
        });
        let text = read(json!({ "body": body.to_string(), "httpMethod": "POST" })).unwrap();
        let object = read(json!({ "body": body })).unwrap();
        assert_eq!(text, object);
        let subjects = object.csr_subjects.unwrap();
        assert_eq!(subjects.country_name, "TW");
        assert_eq!(subjects.common_name, "");
        assert_eq!(object.certificate_mode, CertificateMode::Default);
        assert_eq!(
            read(json!({ "body": {} })).unwrap(),
            RegisterAuthority::default()
        );
    }

    #[test]
    fn what_is_not_a_request_is_refused_and_says_why() {
        for (event, said) in [
            (json!({}), "missing field `body`"),
            (json!({ "body": null }), "invalid type: null"),
            (json!({ "body": "no JSON" }), "expected ident"),
            (
                json!({ "body": { "verifier": "x" } }),
                "unknown field `verifier`",
            ),
            (
                json!({ "body": [null, null, null, "DEFAULT", null, null, null] }),
                "expected a JSON object",
            ),
            (json!({ "body": "[]" }), "expected a JSON object"),
            (
                json!({ "body": { "csrSubjects": ["x"] } }),
                "expected a JSON object",
            ),
            (json!({ "body": "7" }), "expected a JSON object"),
            (
                json!({ "body": { "csrSubjects": "x" } }),
                "expected a JSON object",
            ),
            (
                json!({ "body": { "csrSubjects": { "cn": "x" } } }),
                "unknown field `cn`",
            ),
            (
                json!({ "body": { "certificateMode": "SNI" } }),
                "expected `DEFAULT` or `SNI_ONLY`",
            ),
            (
                json!({ "body": { "keyType": "RSA_1024" } }),
                "expected `ECC_NIST_P256` or `RSA_2048`",
            ),
            (json!({ "body": { "lifetimeDays": "1" } }), "expected i64"),
            (
                json!({ "body": { "keyType": "-----BEGIN PRIVATE KEY-----" } }),
                "a PEM block",
            ),
        ] {
            let error = read(event.clone()).unwrap_err();
            assert!(!error.contains("PRIVATE KEY"), "{error}");
            assert!(
                !error.contains("struct"),
                "Rust's names say nothing to a caller: {error}"
            );
            assert!(error.contains(said), "{event}: {error}");
        }
    }
}
