//! What `ca-registrator` takes and gives.

use crate::object::object;
use serde::{Deserialize, Serialize};

/// The lifetime of a CA that is made, in days, where the request names none: ten years.
pub const DEFAULT_LIFETIME_DAYS: i64 = 3650;

/// The longest provisioning template, in characters (AWS IoT, `RegistrationConfig`, `templateBody`).
pub const MAX_TEMPLATE_CHARACTERS: usize = 10_240;

/// The longest lifetime of a CA that is made, in days: a hundred years.
pub const MAX_LIFETIME_DAYS: i64 = 36_500;

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
    /// How its devices come in; left out, it is [`Route::Jitp`] where there is a template, else [`Route::Jitr`].
    pub route: Option<Route>,
    /// With [`Route::Jitp`], what AWS IoT provisions for a device, as JSON (AWS IoT developer guide, "Provisioning
    /// templates"): at most [`MAX_TEMPLATE_CHARACTERS`]. Left out, it is Muster's own.
    pub template_body: Option<String>,
    /// In mode `DEFAULT`, what proves that the operator has that CA's key: a certificate that it has signed, with the
    /// registration code as its common name.
    pub verification_certificate_pem: Option<String>,
}

impl RegisterAuthority {
    /// How the CA's devices come in.
    pub fn route(&self) -> Route {
        let with_template = self
            .template_body
            .as_ref()
            .is_some_and(|body| !body.is_empty());
        self.route.unwrap_or(if with_template {
            Route::Jitp
        } else {
            Route::Jitr
        })
    }
}

/// How a device with a certificate of a registered CA comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Route {
    /// Just-in-time registration: Muster's workflow provisions the device.
    Jitr,
    /// Just-in-time provisioning: AWS IoT does, from a template that the CA carries.
    Jitp,
}

/// The name of a CA, or of a device whose certificate is asked for. An empty field is one that is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a JSON object"
)]
pub struct CsrSubjects {
    /// The common name, at most 64 characters. Left out, a CA's is the account's registration code, and a device's a
    /// random UUID.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ApiEvent;
    use serde_json::{Value, json};

    fn read(event: Value) -> Result<RegisterAuthority, String> {
        serde_json::from_value::<ApiEvent<RegisterAuthority>>(event)
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
        let subjects = object.csr_subjects.as_ref().unwrap();
        assert_eq!(subjects.country_name, "TW");
        assert_eq!(subjects.common_name, "");
        assert_eq!(object.certificate_mode, CertificateMode::Default);
        assert_eq!(object.route(), Route::Jitr);
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
