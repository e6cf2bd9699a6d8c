//! The input of the workflows `claim-provisioning` and `chunked-rotation`.

use crate::{ClientId, Purpose, Refusal, Serial};
use serde::{Deserialize, Serialize};

/// How the certificate travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The device made its key; the certificate comes in chunks.
    Chunked,
    /// The cloud makes the key and publishes it, as the seed does.
    Legacy,
}

/// A request that claim-intake has judged: either one to serve, or one whose refusal stands in it.
///
/// Every field is present in JSON (`null` where there is nothing), since the workflow's JSONata reads them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimRequest {
    /// Where the answers go; `None` if no topic of the sender's can be named safely.
    pub client_id: Option<ClientId>,
    /// The device; `None` if the request does not say it well.
    pub serial: Option<Serial>,
    /// The ledger's partition for this request's timeline.
    pub ledger_key: String,
    /// When AWS IoT received it, in milliseconds since 1970. One that came before the last answer is answered.
    pub requested_at: i64,
    /// What is asked for, which decides the workflow.
    pub purpose: Purpose,
    /// The id of the certificate of the connection.
    pub principal: Option<String>,
    /// How the certificate travels.
    pub mode: Mode,
    /// The largest packet for the device, in bytes.
    pub packet_size: usize,
    /// The checked CSR, DER in base64; `None` in legacy mode.
    pub csr: Option<String>,
    /// SHA-256 of the CSR's public key in hex: the same key is the same request. `legacy` in legacy mode.
    pub fingerprint: String,
    /// Why it is refused, if it is.
    pub refusal: Option<Refusal>,
}
