//! What goes to the API and what comes back, before anything is made of it.

use secrecy::SecretSlice;
use serde::Serialize;
use std::time::Duration;

/// What a device asks: the body of `POST /certificates`, to which whoever sends it adds the token (`deviceToken`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VendingRequest {
    /// The serial.
    pub serial_number: String,
    /// The certificate signing request, PEM. Without one the cloud makes a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csr: Option<String>,
}

/// The API's answer, whole.
#[derive(Debug, Clone)]
pub struct VendingAnswer {
    /// The HTTP status.
    pub status: u16,
    /// What the header `retry-after` asks for.
    pub retry_after: Option<Duration>,
    /// The body. A private key may be in it.
    pub body: SecretSlice<u8>,
}
