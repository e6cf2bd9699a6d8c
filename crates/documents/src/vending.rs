//! What devices ask for over HTTPS, and what they are answered.

use crate::Refusal;
use serde::{Deserialize, Deserializer, Serialize};

/// The body of `POST /certificates`. There is no `Debug`: it has a token in it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_debug_implementations, reason = "it has a token in it")]
pub struct VendCertificate {
    /// Who asks.
    pub serial_number: String,
    /// Its token, where that is not in a header.
    #[serde(default, deserialize_with = "said")]
    pub device_token: Option<String>,
    /// Its CSR, PEM or DER in base64; without one the answer has a key in it.
    #[serde(default, deserialize_with = "said")]
    pub csr: Option<String>,
}

/// What is there is text: null would be a device's way to say nothing by mistake.
fn said<'de, D: Deserializer<'de>>(field: D) -> Result<Option<String>, D::Error> {
    String::deserialize(field).map(Some)
}

/// What `certificate-vendor` tells the workflow. The token is not in it, and no private key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VendingTask {
    /// Who asks.
    pub serial: String,
    /// The partition of its timeline.
    pub ledger_key: String,
    /// The token's keyed hash, base64, as the ledger has it.
    pub mac: String,
    /// SHA-256 of the public key, lowercase hex.
    pub fingerprint: String,
    /// The CSR, DER in base64.
    pub csr: String,
    /// Whether the key was made in the cloud.
    pub keyless: bool,
}

/// What comes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VendingResult {
    /// The certificate's id, where there is one.
    #[serde(default)]
    pub certificate_id: Option<String>,
    /// Why there is none, in the words for the device.
    #[serde(default)]
    pub refusal: Option<Refusal>,
}

/// The answer to a device that is given its certificate, with the seed's names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VendedCertificate {
    /// Lowercase hex SHA-256 of its DER.
    pub certificate_id: String,
    /// Its ARN.
    pub certificate_arn: String,
    /// It, PEM.
    pub certificate_pem: String,
    /// The thing's name, which is the client id to connect with.
    pub thing_name: String,
    /// Where to connect: `host`, or `host:port`.
    pub endpoint: String,
    /// Whom the endpoint's certificate comes from, PEM.
    #[serde(rename = "RootCA")]
    pub root_ca: String,
}
