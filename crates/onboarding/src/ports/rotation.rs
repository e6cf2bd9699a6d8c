//! What rotation needs of the world.

use super::{Certificate, HeldDevice};
use crate::CloudFailure;
use crate::rotation::Day;
use muster_documents::{FleetName, Serial};
use serde_json::Value;
use std::future::Future;

/// Where a device's rotation stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RotationState {
    /// The certificate that it was given beside the one in force and has not connected with yet.
    pub next: Option<Certificate>,
    /// SHA-256 of that one's public key, lowercase hex.
    pub next_fingerprint: Option<String>,
    /// When it was begun to shut that one out, since its time for a connection was over, in milliseconds since 1970.
    pub next_shut_at: Option<i64>,
    /// The day of its first notice, if it was notified and has not renewed its certificate since.
    pub asked_since: Option<Day>,
    /// Whether an operator has ordered it.
    pub ordered: bool,
    /// A certificate that is retired and may still be active.
    pub retiring: Option<String>,
    /// What was done when its deadline had passed, if that was.
    pub overdue: Option<Overdue>,
}

/// What was done to a device whose deadline had passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overdue {
    /// What.
    pub action: OverdueAction,
    /// The certificate that it was done to.
    pub certificate_id: String,
    /// The policies that were attached to it before.
    pub policies: Vec<String>,
    /// Whether all of it is done.
    pub done: bool,
}

/// What is done to a device whose deadline has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverdueAction {
    /// It may connect and rotate, and nothing else.
    Quarantine,
    /// Its certificate is set inactive.
    Deactivate,
    /// Nothing but telling.
    Alert,
}

impl OverdueAction {
    /// As it stands in the ledger and in the template's parameter.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quarantine => "quarantine",
            Self::Deactivate => "deactivate",
            Self::Alert => "alert",
        }
    }

    /// The action of this name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Quarantine, Self::Deactivate, Self::Alert];
        all.into_iter().find(|action| action.name() == name)
    }
}

/// What AWS IoT knows of a thing whose device asks to rotate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RotatingThing {
    /// Whether the certificate of the connection is attached to it.
    pub attached: bool,
    /// The day in its attribute `cert_issuance`, if that can be read.
    pub issued_on: Option<Day>,
}

/// AWS IoT's registry, for a device that asks to rotate.
pub trait RotatingThings {
    /// Looks at a thing, and whether it is this certificate's.
    fn rotating_thing(
        &self,
        thing: &Serial,
        certificate_arn: &str,
    ) -> impl Future<Output = Result<RotatingThing, CloudFailure>> + Send;
}

/// A certificate that a device is given beside the one in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextCertificate {
    /// The device.
    pub serial: Serial,
    /// The MQTT client id of its request.
    pub client_id: String,
    /// The certificate, which AWS IoT has issued and activates when it is told yes.
    pub certificate: Certificate,
    /// SHA-256 of its public key, lowercase hex.
    pub fingerprint: String,
    /// The last second of its validity, in seconds since 1970.
    pub not_after: i64,
    /// The fleet.
    pub fleet: FleetName,
    /// The id of the certificate in force, with which the device asked.
    pub in_force: String,
    /// The id of the one that it was given before and has not connected with: this one takes its place.
    pub replaced: Option<String>,
    /// When it is undone if nobody has connected with it.
    pub undo_on: Day,
    /// From when the runs ask the device every day until it has shown the certificate, if they do not do so yet.
    pub ask_on: Option<Day>,
    /// When the one that it replaces is deleted.
    pub delete_on: Day,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Until when its timeline keeps this, in seconds since 1970.
    pub expires_at: i64,
}

/// The ledger, for giving out next certificates.
pub trait NextAdmission {
    /// Notes the certificate beside the one in force, and adds to the timeline: all of it, or nothing. Fails with
    /// `ConditionFailed` if the device does not stand as it did.
    fn admit_next(
        &self,
        next: &NextCertificate,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// The queue of connections.
pub trait CertificateProof {
    /// Reports that the device of this thing has connected with this certificate.
    fn report_connection(
        &self,
        thing: &Serial,
        certificate_id: &str,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// A next certificate that takes force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenForce {
    /// The device.
    pub serial: Serial,
    /// It.
    pub certificate_id: String,
    /// When it was begun to shut it out, in milliseconds since 1970, if that is so.
    pub shut_at: Option<i64>,
    /// The one that was in force, and is retired by this.
    pub before: Certificate,
    /// SHA-256 of its public key, lowercase hex.
    pub before_fingerprint: String,
    /// Until when its item is kept at least, in seconds since 1970: when its validity ends; or later, so that it is there
    /// when the certificate is to be deleted.
    pub before_kept_until: i64,
    /// The day.
    pub day: Day,
    /// When the new one has to be renewed.
    pub due_on: Day,
    /// When the one before is deleted.
    pub delete_on: Day,
    /// Whether the device leaves a quarantine by it.
    pub leaves_quarantine: bool,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Until when its timeline keeps this, in seconds since 1970.
    pub expires_at: i64,
}

/// The ledger, for certificates that have been proven.
pub trait ProofLedger {
    /// Puts the next certificate in force and retires the one before, with a line in the timeline: all of it, or nothing.
    /// Fails with `ConditionFailed` if the device does not stand so any more.
    fn take_force(
        &self,
        taken: &TakenForce,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Notes that its device has connected with a certificate that it was given over HTTPS.
    fn note_connected(
        &self,
        serial: &Serial,
        certificate_id: &str,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Notes that the retired certificate is inactive.
    fn forget_retiring(
        &self,
        serial: &Serial,
        certificate_id: &str,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// Things' dates.
pub trait DatedThings {
    /// Writes the day into the thing's attribute `cert_issuance`. A thing that is gone is done.
    fn date_thing(
        &self,
        thing: &Serial,
        day: Day,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// What a thing's attribute `cert_issuance` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ThingDate {
    /// The thing is gone, or has no such attribute.
    Missing,
    /// It is no day.
    Malformed(String),
    /// A day.
    On(Day),
}

impl ThingDate {
    /// What the attribute's text says, if there is one.
    pub fn read(text: Option<String>) -> Self {
        text.map_or(Self::Missing, |text| match text.parse() {
            Ok(day) => Self::On(day),
            Err(_) => Self::Malformed(text),
        })
    }
}

/// Reads things' dates.
pub trait ThingCalendar {
    /// The thing's date.
    fn thing_date(
        &self,
        thing: &Serial,
    ) -> impl Future<Output = Result<ThingDate, CloudFailure>> + Send;
}

/// A device's date that was edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditedDate {
    /// The device.
    pub serial: Serial,
    /// What the ledger said before.
    pub before: Option<Day>,
    /// What it says from now on.
    pub issued_on: Day,
    /// The day on which the device is seen to next.
    pub rotation_day: Day,
    /// Whether something is under way that the next run has to see to: an order, what was done about a deadline, or a
    /// next certificate.
    pub under_way: bool,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Until when its timeline keeps this, in seconds since 1970.
    pub expires_at: i64,
}

/// The ledger, for dates that were edited.
pub trait DateLedger {
    /// Takes over the date, with a line in the timeline; a notice before it counts no more. Fails with `ConditionFailed` if
    /// the ledger says something else than it did, or something has come under way.
    fn take_over_date(
        &self,
        edited: &EditedDate,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// A certificate of a device's that is to be seen to: one that was never used, or a retired one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueCertificate {
    /// The device.
    pub serial: Serial,
    /// Its id.
    pub certificate_id: String,
}

/// A part of what is due in a shard.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DuePage {
    /// Devices that are to be notified.
    pub devices: Vec<Serial>,
    /// Certificates that are to go.
    pub certificates: Vec<DueCertificate>,
    /// Items that were read for it.
    pub read: usize,
    /// Where the next part begins; `None` if this is the last.
    pub after: Option<Value>,
}

/// The ledger's index by rotation day.
pub trait RotationIndex {
    /// What is due in a shard on a day or was before, at most `limit` items of it.
    fn due(
        &self,
        shard: &str,
        day: Day,
        limit: usize,
        after: Option<&Value>,
    ) -> impl Future<Output = Result<DuePage, CloudFailure>> + Send;
}

/// A device whose notice of a day is noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotedDevice {
    /// What the ledger says of it now.
    pub held: HeldDevice,
    /// Whether it had been noted on this day before: it is told once a day.
    pub again: bool,
}

/// The ledger, for notices.
pub trait NoticeLedger {
    /// Notes that the device is notified on this day, and is seen to next on the day after; `None` if it was seen to, or is
    /// not due any more.
    fn note_notice(
        &self,
        serial: &Serial,
        today: Day,
    ) -> impl Future<Output = Result<Option<NotedDevice>, CloudFailure>> + Send;
    /// Takes that back, so that the device is notified again on the same day; with the day of its first notice, if that was
    /// the `first`.
    fn take_back_notice(
        &self,
        serial: &Serial,
        today: Day,
        first: bool,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Has the next run see to the device on the same day again, without another notice: something is to be done about its
    /// deadline, and is not done yet.
    fn keep_due(
        &self,
        serial: &Serial,
        today: Day,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Notes that the device is not due before this day. Changes nothing if something has made it due meanwhile, or if it
    /// has a next certificate, for which it has to be asked.
    fn postpone_notice(
        &self,
        serial: &Serial,
        due_on: Day,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// Policies of certificates.
pub trait Policies {
    /// The names of those that are attached to a certificate; none if it is gone.
    fn attached_policies(
        &self,
        certificate_arn: &str,
    ) -> impl Future<Output = Result<Vec<String>, CloudFailure>> + Send;
    /// Attaches one. Done already is done.
    fn put_policy(
        &self,
        policy: &str,
        certificate_arn: &str,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Detaches one. Done already is done.
    fn take_policy(
        &self,
        policy: &str,
        certificate_arn: &str,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// A change of what a device may do because of its deadline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverdueChange {
    /// The device.
    pub serial: Serial,
    /// What is done, and to what.
    pub overdue: Overdue,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Until when its timeline keeps this, in seconds since 1970.
    pub expires_at: i64,
}

/// The ledger, for deadlines.
pub trait OverdueLedger {
    /// Notes what is going to be done to the device's certificate in force, with a line in the timeline. Fails with
    /// `ConditionFailed` if another is in force, or something is noted already.
    fn note_overdue(
        &self,
        change: &OverdueChange,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Notes that all of it is done on this day: the device is seen to next on the day after.
    fn confirm_overdue(
        &self,
        serial: &Serial,
        certificate_id: &str,
        today: Day,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Forgets it, with a line in the timeline, once it is undone; the device is notified again from `due_on`. Fails with
    /// `ConditionFailed` if the certificate is not in force any more, or something has made it due again.
    fn forget_overdue(
        &self,
        change: &OverdueChange,
        due_on: Day,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// What the ledger says of a certificate that is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Its ARN.
    pub arn: String,
    /// Whether its device never connected with it.
    pub unused: bool,
    /// Whether it is shut out since nobody had connected with it in time.
    pub shut: bool,
}

/// A certificate's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedCertificate {
    /// The device.
    pub serial: Serial,
    /// Its id.
    pub certificate_id: String,
    /// Whether it never was in force.
    pub undone: bool,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Until when its timeline keeps this, in seconds since 1970.
    pub expires_at: i64,
}

impl EndedCertificate {
    /// What timeline and bus call it.
    pub fn event(&self) -> &'static str {
        if self.undone {
            "RotationUndone"
        } else {
            "CertificateDeleted"
        }
    }
}

/// The ledger, for certificates that are to go.
pub trait RetirementLedger {
    /// What a certificate's own item says; `None` if it has none.
    fn ending_certificate(
        &self,
        certificate: &DueCertificate,
    ) -> impl Future<Output = Result<Option<Ending>, CloudFailure>> + Send;
    /// Notes that it is begun to shut the device's next one out. Fails with `ConditionFailed` if it is not the next one.
    fn begin_shutting(
        &self,
        certificate: &DueCertificate,
        at: i64,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Notes that it is shut out since this day; it is seen to again on the next.
    fn note_shut(
        &self,
        certificate: &DueCertificate,
        today: Day,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Forgets that it is the device's next one. Fails with `ConditionFailed` if it is not.
    fn forget_next(
        &self,
        certificate: &DueCertificate,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Takes it out of the index: it is in force.
    fn keep_certificate(
        &self,
        certificate: &DueCertificate,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Removes its item, with a line in the timeline, once it is gone.
    fn forget_certificate(
        &self,
        ended: &EndedCertificate,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// Takes certificates away.
pub trait CertificateRemover {
    /// Detaches a certificate from its policies and its thing, and deletes it; one that a CA of the account's has signed
    /// is revoked, since it would be registered anew when somebody connects with it. Done already is done.
    fn take_away(
        &self,
        thing: &Serial,
        certificate_id: &str,
        certificate_arn: &str,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}
