//! What the ledger is told of a device that is adopted.

use crate::ports::Certificate;
use crate::rotation::Day;
use muster_documents::{FleetName, ModelName, Serial};

/// A device that is adopted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdoptedDevice {
    /// The device, and its thing.
    pub serial: Serial,
    /// The one active certificate of its thing.
    pub certificate: Certificate,
    /// SHA-256 of its public key, lowercase hex.
    pub fingerprint: String,
    /// The last second of its validity, since 1970.
    pub not_after: i64,
    /// The fleet by whose template it renews its certificate; `None`: in chunks.
    pub fleet: Option<FleetName>,
    /// What it is, if the ledger does not know.
    pub model: Option<ModelName>,
    /// Since when the certificate is in force.
    pub issued_on: Day,
    /// The day on which it is notified first.
    pub rotation_day: Day,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Until when its timeline keeps this, in seconds since 1970.
    pub expires_at: i64,
}
