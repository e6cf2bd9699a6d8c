//! What reconciliation needs of the world: everything there is, page by page, and who knows of what.

use super::{HeldDevice, ThingDate};
use crate::CloudFailure;
use crate::rotation::Day;
use muster_documents::{CertificateRegistered, Serial};
use serde_json::Value;
use std::collections::BTreeMap;
use std::future::Future;

/// A device that is come by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WalkedDevice {
    /// What the ledger says of it.
    pub held: HeldDevice,
    /// The key for which a next certificate is under way.
    pub rotating: Option<String>,
    /// The day on which it is to be seen to, if that can be read and has its place in the index.
    pub rotation_day: Option<Day>,
    /// When an execution or an import wrote it last, in milliseconds since 1970.
    pub written_at: Option<i64>,
}

/// A part of the ledger's devices.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DevicesPage {
    /// They.
    pub devices: Vec<(Serial, WalkedDevice)>,
    /// Where the next part begins; `None` if this is the last.
    pub after: Option<Value>,
}

/// The ledger, from one end to the other.
pub trait DeviceWalk {
    /// The devices of a page. `segment` is one of `segments` parts, each of which can be walked by itself.
    fn walk_devices(
        &self,
        segment: u32,
        segments: u32,
        after: Option<&Value>,
    ) -> impl Future<Output = Result<DevicesPage, CloudFailure>> + Send;
}

/// A day that was missing or too late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectedDay {
    /// The device.
    pub serial: Serial,
    /// What the ledger said.
    pub before: Option<Day>,
    /// What it says from now on.
    pub day: Day,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Until when its timeline keeps this, in seconds since 1970.
    pub expires_at: i64,
}

/// The ledger, for what is repaired in it.
pub trait DayLedger {
    /// Writes the day on which the device is seen to next, with a line in the timeline. Fails with `ConditionFailed` if it
    /// is another than before by now, or the device is not provisioned any more.
    fn correct_day(
        &self,
        corrected: &CorrectedDay,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// What is attached to what.
pub trait Attachments {
    /// The ARNs of the certificates of a thing; `None` if it is gone.
    fn certificates_of(
        &self,
        thing: &Serial,
    ) -> impl Future<Output = Result<Option<Vec<String>>, CloudFailure>> + Send;
    /// The names of the things that have a certificate, by its ARN; none if that is gone.
    fn things_of(
        &self,
        certificate_arn: &str,
    ) -> impl Future<Output = Result<Vec<String>, CloudFailure>> + Send;
}

/// A thing that is come by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkedThing {
    /// Its name.
    pub name: String,
    /// What its attribute `cert_issuance` says.
    pub date: ThingDate,
    /// Whether Muster has made it, or a template of Muster's.
    pub made_here: bool,
}

/// A part of the account's things.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ThingsPage {
    /// They.
    pub things: Vec<WalkedThing>,
    /// Where the next part begins; `None` if this is the last.
    pub after: Option<String>,
}

/// The account's things, from the first to the last.
pub trait ThingWalk {
    /// A page.
    fn walk_things(
        &self,
        after: Option<&str>,
    ) -> impl Future<Output = Result<ThingsPage, CloudFailure>> + Send;
}

/// What of a device decides about its thing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DatedDevice {
    /// Whether it has a certificate in force.
    pub provisioned: bool,
    /// Since when that is.
    pub issued_on: Option<Day>,
    /// Whether its certificate is being replaced at this moment: the thing gets its new date with it.
    pub changing: bool,
}

/// The ledger, for many devices at once.
pub trait KnownDevices {
    /// Those of the serials that it knows.
    fn known_devices(
        &self,
        serials: &[Serial],
    ) -> impl Future<Output = Result<BTreeMap<Serial, DatedDevice>, CloudFailure>> + Send;
}

/// The queue of things' changes.
pub trait ChangeReports {
    /// Reports that a thing has changed.
    fn report_change(
        &self,
        thing: &Serial,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// The queue of registrations.
pub trait RegistrationReports {
    /// Reports that AWS IoT has registered a certificate that a device brought.
    fn report_registration(
        &self,
        registered: &CertificateRegistered,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// Where a certificate stands in AWS IoT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateStanding {
    /// Devices can connect with it.
    Active,
    /// It waits for being activated.
    Pending,
    /// It is inactive or revoked.
    Shut,
    /// It is on its way to another account, or anything that is not Muster's.
    Other,
}

/// A certificate that is come by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkedCertificate {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Where it stands.
    pub standing: CertificateStanding,
    /// When AWS IoT got to know it, in milliseconds since 1970.
    pub created_at: i64,
}

/// A part of the account's certificates.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CertificatesPage {
    /// They.
    pub certificates: Vec<WalkedCertificate>,
    /// Where the next part begins; `None` if this is the last.
    pub after: Option<String>,
}

/// The account's certificates, from the first to the last.
pub trait CertificateWalk {
    /// A page.
    fn walk_certificates(
        &self,
        after: Option<&str>,
    ) -> impl Future<Output = Result<CertificatesPage, CloudFailure>> + Send;
}

/// Who has a certificate, by the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CertificateOwner {
    /// Nobody that the ledger knows.
    #[default]
    Nobody,
    /// A device, which has it in force.
    InForce(Serial),
    /// A device, which was handed it, gets it next or had it before.
    Beside(Serial),
    /// Devices ask with it for certificates of their own.
    Claim,
}

/// The ledger's index by certificate.
pub trait CertificateOwners {
    /// Who has it.
    fn owner(
        &self,
        certificate_id: &str,
    ) -> impl Future<Output = Result<CertificateOwner, CloudFailure>> + Send;
}
