//! AWS IoT's fleet provisioning: topics, parameters, and what the hook is asked (AWS IoT developer guide, "Device
//! provisioning MQTT API" and "Pre-provisioning hooks").

mod hook;

pub use hook::{HookAnswer, HookRequest};

use crate::bundle::secret;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What a device tells of itself when it asks to be provisioned.
pub mod parameters {
    /// Its serial.
    pub const SERIAL_NUMBER: &str = "SerialNumber";
    /// Its serial, under the other name that devices of the seed use.
    pub const DEVICE_SERIAL: &str = "DeviceSerial";
    /// Its model.
    pub const MODEL_TYPE: &str = "ModelType";
    /// Its voucher.
    pub const VOUCHER: &str = "Voucher";
    /// The day of the certificate, `yyyymmdd` in UTC. The hook sets it.
    pub const CERT_ISSUANCE: &str = "CertIssuance";
    /// What the thing's attribute `version` is to be, by which Muster's own things are told from others. The hook sets it.
    pub const MADE_BY: &str = "MadeBy";
}

/// How requests and answers are written. The fields are the same; the topics tell which it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    #[default]
    Json,
    /// CBOR (RFC 8949), with texts as the maps' keys.
    Cbor,
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Json => "json",
            Self::Cbor => "cbor",
        })
    }
}

impl Format {
    /// Writes a payload.
    pub fn write(self, value: &impl Serialize) -> Vec<u8> {
        match self {
            // Writing into memory cannot fail, and what is written here has text keys only.
            Self::Json => serde_json::to_vec(value).unwrap_or_default(),
            Self::Cbor => {
                let mut payload = Vec::new();
                let _ = ciborium::ser::into_writer(value, &mut payload);
                payload
            }
        }
    }

    /// Reads a payload. What is wrong with one that can't be read isn't told: a key or a token may stand in it.
    pub fn read<T: DeserializeOwned>(self, payload: &[u8]) -> Option<T> {
        match self {
            Self::Json => serde_json::from_slice(payload).ok(),
            Self::Cbor => ciborium::de::from_reader(payload).ok(),
        }
    }
}

/// The topics on which a device asks, and those on which it is answered. AWS IoT answers on the connection that asked.
pub mod topics {
    use super::Format;

    /// Where a device asks for a certificate for a key of its own (`CreateCertificateFromCsr`).
    pub fn create_from_csr(format: Format) -> String {
        format!("$aws/certificates/create-from-csr/{format}")
    }

    /// Where a device asks for a certificate and its key (`CreateKeysAndCertificate`).
    pub fn create(format: Format) -> String {
        format!("$aws/certificates/create/{format}")
    }

    /// Where a device asks to be provisioned by a template (`RegisterThing`).
    pub fn provision(template: &str, format: Format) -> String {
        format!("$aws/provisioning-templates/{template}/provision/{format}")
    }

    /// Where what was asked on this topic is granted.
    pub fn accepted(asked_on: &str) -> String {
        format!("{asked_on}/accepted")
    }

    /// Where what was asked on this topic is refused.
    pub fn rejected(asked_on: &str) -> String {
        format!("{asked_on}/rejected")
    }
}

/// Asks for a certificate for a key of the device's own.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateCertificateFromCsr {
    /// The request, PEM.
    pub certificate_signing_request: String,
}

/// The answer to either request for a certificate. Its `certificateId` follows from the certificate.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatedCertificate {
    /// The certificate, PEM.
    pub certificate_pem: String,
    /// Its private key, PEM, if the cloud made it: RSA in PKCS#1.
    #[serde(default, deserialize_with = "secret")]
    pub private_key: Option<SecretString>,
    /// What proves, for an hour, that it was made for this device. `None` if it is empty.
    #[serde(deserialize_with = "secret")]
    pub certificate_ownership_token: Option<SecretString>,
}

/// Asks to be provisioned. It holds secrets, so it has no `Debug`; write it when it is to be sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisterThing<'a> {
    /// The token that came with the certificate.
    pub certificate_ownership_token: &'a str,
    /// What the device tells of itself, by the names in [`parameters`].
    pub parameters: BTreeMap<&'static str, &'a str>,
}

/// The answer to a device that was provisioned. Its `deviceConfiguration` is passed over.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisteredThing {
    /// The thing's name. A template without a thing has none.
    #[serde(default)]
    pub thing_name: Option<String>,
}

/// Why something was refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Rejection {
    /// As HTTP's.
    pub status_code: u16,
    /// A name for it.
    pub error_code: String,
    /// A sentence.
    pub error_message: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use serde_json::json;

    #[test]
    fn the_topics_are_those_of_the_developer_guide() {
        let asked_on = topics::provision("sensors", Format::Cbor);
        assert_eq!(
            topics::accepted(&asked_on),
            "$aws/provisioning-templates/sensors/provision/cbor/accepted"
        );
        assert_eq!(
            topics::create_from_csr(Format::Json),
            "$aws/certificates/create-from-csr/json"
        );
        assert_eq!(
            topics::rejected(&topics::create(Format::Json)),
            "$aws/certificates/create/json/rejected"
        );
    }

    #[test]
    fn an_answer_reads_the_same_in_json_and_in_cbor() {
        for format in [Format::Json, Format::Cbor] {
            let payload = format.write(&json!({
                "certificateId": "00", "certificatePem": "PEM", "certificateOwnershipToken": "t-1",
            }));
            let created: CreatedCertificate = format.read(&payload).unwrap();
            assert_eq!(created.certificate_pem, "PEM");
            assert!(created.private_key.is_none());
            let token = created.certificate_ownership_token.unwrap();
            assert_eq!(token.expose_secret(), "t-1");
            let payload = format.write(&json!({ "statusCode": 403, "errorCode": "AccessDenied" }));
            let rejection: Rejection = format.read(&payload).unwrap();
            assert_eq!(
                (rejection.status_code, rejection.error_code.as_str()),
                (403, "AccessDenied")
            );
            assert!(format.read::<CreatedCertificate>(b"\xff{").is_none());
        }
    }

    #[test]
    fn neither_a_token_nor_a_key_is_shown() {
        let payload = br#"{"certificatePem": "PEM", "privateKey": "k-1", "certificateOwnershipToken": "t-1"}"#;
        let created: CreatedCertificate = Format::Json.read(payload).unwrap();
        let shown = format!("{created:?}");
        assert!(!shown.contains("k-1") && !shown.contains("t-1"), "{shown}");
    }
}
