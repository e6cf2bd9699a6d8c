//! What is used of the API's answer to `POST /device-certificates`.

use serde::Deserialize;

/// The answer.
#[derive(Debug, Deserialize)]
pub struct HandedOut {
    /// The device's certificate.
    pub certificates: Certificates,
}

/// A device's certificate.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificates {
    /// Its id (SHA-256 of its DER, hex).
    pub certificate_id: String,
    /// The certificate followed by its CA's, PEM.
    pub certificate: String,
}
