//! What `device-certificate-generator` takes and gives.

use crate::object::object;
use crate::{CsrSubjects, Serial};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

/// The lifetime of a device's certificate, in days, where the request names none: two years.
pub const DEFAULT_DEVICE_LIFETIME_DAYS: i64 = 730;

/// A device's certificate that is asked for. Fields that do not exist are refused, since a misspelt one would otherwise
/// be passed over in silence.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a JSON object"
)]
pub struct GenerateDeviceCertificate {
    /// AWS IoT's id of the CA that is to sign it.
    pub ca_certificate_id: String,
    /// The device's name. Its common name becomes the thing's name.
    #[serde(default, deserialize_with = "object")]
    pub csr_subjects: CsrSubjects,
    /// What the CA's verifier is to know of the device.
    #[serde(default)]
    pub device_info: DeviceInfo,
    /// The device's request, PEM or the base64 of its DER. Left out, a key is made for the device.
    pub csr: Option<String>,
    /// How long the certificate is valid, in days; [`DEFAULT_DEVICE_LIFETIME_DAYS`] where it is left out. It ends with
    /// the CA's at the latest.
    pub lifetime_days: Option<i64>,
    /// To whom a key that is made is encrypted. Left out, it is answered in clear, over TLS.
    #[serde(default, deserialize_with = "object")]
    pub encrypt_to: Option<EncryptTo>,
}

/// What a caller tells of a device: an object, or a string of one, as the seed's callers send it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub struct DeviceInfo(pub Map<String, Value>);

impl TryFrom<Value> for DeviceInfo {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        let read = match value {
            Value::String(text) => serde_json::from_str(&text).ok(),
            Value::Object(fields) => Some(fields),
            _ => None,
        };
        read.map(Self)
            .ok_or("deviceInfo has to be an object, or a string of one")
    }
}

/// A public key that can be encrypted to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a JSON object"
)]
pub struct EncryptTo {
    /// On P-256, PEM (`BEGIN PUBLIC KEY`).
    pub public_key: String,
}

/// The answer of `device-certificate-generator`.
#[derive(Debug, Serialize)]
pub struct GeneratedDeviceCertificate {
    /// Where the device connects.
    pub endpoints: Endpoints,
    /// The device.
    pub device: NamedDevice,
    /// Its certificate.
    pub certificates: Certificates,
}

/// Where the device connects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoints {
    /// The account's endpoint for MQTT, `iot:Data-ATS`.
    pub data: String,
}

/// A device by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NamedDevice {
    /// Its thing's name, and its client id.
    pub thing_name: Serial,
}

/// A device's certificate.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificates {
    /// Lowercase hex SHA-256 of its DER.
    pub certificate_id: String,
    /// The certificate followed by the CA's, PEM: what the device presents, since AWS IoT has to see both at its first
    /// connection.
    pub certificate: String,
    /// The CA's alone, PEM.
    pub ca_certificate: String,
    /// The key pair, if it was made here. It is nowhere else.
    #[serde(flatten)]
    pub key: Option<MadeKey>,
}

/// A key that was made for a device.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase", untagged)]
pub enum MadeKey {
    /// As the answer's only secret.
    InClear {
        /// PKCS#8 PEM.
        #[serde(rename = "privateKey", serialize_with = "expose")]
        private_key: SecretString,
    },
    /// For the holder of one key only.
    Encrypted {
        /// The key in ciphertext.
        #[serde(rename = "encryptedPrivateKey")]
        encrypted_private_key: EncryptedKey,
    },
}

/// A private key (PKCS#8 PEM), encrypted by HPKE (RFC 9180): base mode, DHKEM(P-256, HKDF-SHA256), HKDF-SHA256,
/// AES-256-GCM, with the info [`ENCRYPTION_INFO`] and the certificate's id as associated data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EncryptedKey {
    /// The encapsulated key, base64 of 65 bytes.
    pub encapsulated_key: String,
    /// Base64, the tag of 16 bytes at its end.
    pub ciphertext: String,
}

/// HPKE's `info`: what was encrypted as a device's key opens as nothing else.
pub const ENCRYPTION_INFO: &str = "muster device key";

/// The one place where a key leaves its wrapping: the answer to who asked for it.
fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ApiEvent;
    use serde_json::json;

    fn read(body: &Value) -> Result<GenerateDeviceCertificate, String> {
        serde_json::from_value::<ApiEvent<GenerateDeviceCertificate>>(json!({ "body": body }))
            .map(|event| event.body)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_request_of_the_seed_is_a_request_with_its_info_as_an_object_or_as_text() {
        let info = json!({ "mac": "00:11" });
        for info in [info.clone(), info.to_string().into()] {
            let request = read(&json!({
                "caCertificateId": "abc", "csrSubjects": { "commonName": "myThingName" }, "deviceInfo": info,
            }))
            .unwrap();
            assert_eq!(request.device_info.0["mac"], "00:11");
            assert_eq!(request.csr_subjects.common_name, "myThingName");
            assert_eq!(request.csr, None);
        }
        assert!(read(&json!({ "caCertificateId": "abc" })).is_ok());
    }

    #[test]
    fn what_is_not_a_request_is_refused_and_says_why() {
        for (body, said) in [
            (json!({}), "missing field `caCertificateId`"),
            (
                json!({ "caCertificateId": "a", "deviceInfo": [1] }),
                "deviceInfo has to be an object",
            ),
            (
                json!({ "caCertificateId": "a", "deviceInfo": "no JSON" }),
                "deviceInfo has to be an object",
            ),
            (
                json!({ "caCertificateId": "a", "csrPem": "x" }),
                "unknown field `csrPem`",
            ),
            (json!({ "caCertificateId": 1 }), "expected a string"),
        ] {
            let error = read(&body).unwrap_err();
            assert!(error.contains(said), "{body}: {error}");
        }
    }
}
