//! What letting a fleet's devices in needs of the world.

use super::{Certificate, ClaimRecord, HeldDevice};
use crate::CloudFailure;
use crate::ledger::FleetState;
use crate::rotation::Day;
use muster_documents::{FleetName, ModelName, Refusal, Serial};
use serde_json::Value;
use std::future::Future;

/// What the ledger says of a fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetRecord {
    /// Where it stands; `None` if that cannot be read.
    pub state: Option<FleetState>,
    /// Its [`muster_documents::FleetSettings`], JSON.
    pub settings: String,
}

/// What the ledger says of a voucher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoucherRecord {
    /// The fleet that it opens.
    pub fleet: String,
    /// The one device that it is good for; `None`: any.
    pub serial: Option<String>,
    /// Until when it is good, in seconds since 1970.
    pub expires_at: i64,
    /// The device that it was spent by: its serial, and SHA-256 of its public key, lowercase hex.
    pub spent: Option<(String, String)>,
}

/// All that a decision rests on, as it stood at one time or shortly after one another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdmissionRecords {
    /// The fleet.
    pub fleet: Option<FleetRecord>,
    /// The claim certificate of the connection.
    pub claim: Option<ClaimRecord>,
    /// The device.
    pub device: Option<HeldDevice>,
    /// The voucher that it shows.
    pub voucher: Option<VoucherRecord>,
}

/// How a device stood when the decision to let it in was made. It still has to stand so when that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// The ledger did not know it.
    Unknown,
    /// It was known and had no certificate.
    Known,
    /// It was in, with this certificate for the same key.
    Admitted {
        /// Who held it.
        execution: String,
        /// Its certificate, which has to go.
        certificate_id: String,
    },
}

/// A device that a fleet lets in. Its thing has its serial's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdmittedDevice {
    /// Who.
    pub serial: Serial,
    /// The MQTT client id of its request.
    pub client_id: String,
    /// SHA-256 of its public key, lowercase hex.
    pub fingerprint: String,
    /// Its certificate, which AWS IoT has issued and activates when it is told yes.
    pub certificate: Certificate,
    /// The last second of the certificate's validity, in seconds since 1970.
    pub not_after: i64,
    /// The day of the certificate.
    pub issued_on: Day,
    /// The day from which it has to be renewed.
    pub due_on: Day,
    /// The fleet.
    pub fleet: FleetName,
    /// The claim certificate that it came with.
    pub claim_certificate_id: String,
    /// The model that it calls itself, where the ledger knew none.
    pub new_model: Option<ModelName>,
    /// The voucher that it spends, by its hash.
    pub voucher: Option<String>,
    /// How it stood before.
    pub before: Before,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Until when its timeline keeps this, in seconds since 1970.
    pub expires_at: i64,
}

/// A device that was told no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedDevice {
    /// The partition of the timeline that tells of it.
    pub ledger_key: String,
    /// The MQTT client id of its request, well-formed or not.
    pub client_id: String,
    /// The certificate that was made for it.
    pub certificate_id: String,
    /// Why.
    pub refusal: Refusal,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

/// The ledger, for the decision whether a device is let in.
pub trait AdmissionLedger {
    /// Reads all at once and consistently: the fleet, the claim certificate, the device, and the voucher by its hash.
    fn read_admission(
        &self,
        fleet: &FleetName,
        claim_certificate_id: &str,
        serial: Option<&Serial>,
        voucher: Option<&str>,
    ) -> impl Future<Output = Result<AdmissionRecords, CloudFailure>> + Send;
    /// Notes that the device has its certificate, spends its voucher and adds to its timeline: all of it, or nothing.
    /// Fails with `ConditionFailed` if device or voucher do not stand as they did.
    fn admit(
        &self,
        device: &AdmittedDevice,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Adds a refusal to a timeline, for 30 days.
    fn record_rejection(
        &self,
        refused: &RefusedDevice,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// Takes certificates out of use.
pub trait CertificateSwitch {
    /// Sets a certificate inactive. One that is gone is done.
    fn deactivate_certificate(
        &self,
        certificate_id: &str,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// AWS IoT's registry of things, for who has made them.
pub trait ThingOrigins {
    /// What a thing's attribute is to be by which those of Muster's templates are known: theirs, where there is no such
    /// thing yet or it is one of them; else what it is now, so that nobody takes an operator's own thing for Muster's.
    fn made_by(&self, thing: &Serial) -> impl Future<Output = Result<String, CloudFailure>> + Send;
}

/// What the bus is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusEvent {
    /// The detail type.
    pub name: &'static str,
    /// The detail.
    pub detail: Value,
}

/// The bus of events.
pub trait EventBus {
    /// Puts an event onto the bus.
    fn tell(&self, event: &BusEvent) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}
