//! What the functions need of the world, each as narrow as its use.

mod authorities;
mod claims;
mod fleet_setup;
mod fleets;
mod handing_out;
mod reconciliation;
mod revocation;
mod rotation;
mod shadows;
mod tokens;

pub use authorities::{
    AuthorityKeys, AuthorityRegistry, NewAuthority, Provisioning, RegisteredCa, Registration,
    SealedKeyPair, Vault,
};
pub use claims::{ClaimLedger, ClaimRecord, ClaimRecords, ClaimSurge, HourCount};
pub use fleet_setup::{
    CustomResources, Executions, FileStore, FleetItem, FleetLedger, FleetRegistry, NewClaim,
    NewTemplate, PolicyRemoval, Run, RunOutcome,
};
pub use fleets::{
    AdmissionLedger, AdmissionRecords, AdmittedDevice, Before, BusEvent, CertificateSwitch,
    EventBus, FleetRecord, RefusedDevice, ThingOrigins, VoucherRecord,
};
pub use handing_out::{
    AuthorityKeyOpener, DataEndpoint, DeviceEvent, HandedOut, HandingOutLedger, Things,
    VaultReader, VerifierAnswer, Verifiers,
};
pub use reconciliation::{
    Attachments, CertificateOwner, CertificateOwners, CertificateStanding, CertificateWalk,
    CertificatesPage, ChangeReports, CorrectedDay, DatedDevice, DayLedger, DeviceWalk, DevicesPage,
    KnownDevices, RegistrationReports, ThingWalk, ThingsPage, WalkedCertificate, WalkedDevice,
    WalkedThing,
};
pub use revocation::{RevocationListFailure, RevocationLists};
pub use rotation::{
    CertificateProof, CertificateRemover, DateLedger, DatedThings, DueCertificate, DuePage,
    EditedDate, EndedCertificate, Ending, NextAdmission, NextCertificate, NotedDevice,
    NoticeLedger, Overdue, OverdueAction, OverdueChange, OverdueLedger, Policies, ProofLedger,
    RetirementLedger, RotatingThing, RotatingThings, RotationIndex, RotationState, TakenForce,
    ThingCalendar, ThingDate,
};

pub use shadows::{DesiredWrite, ShadowState, Shadows};
pub use tokens::{Counted, ExpressOutcome, ExpressWorkflow, TokenKey, TokenLedger, TokenRecord};

use crate::CloudFailure;
use crate::ledger::{DeviceState, IMPORTED, WayIn};
use crate::rotation::Day;
use muster_documents::tasks::Verdict;
use muster_documents::{CertificateDescription, ClientId, Refusal, Serial};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::future::Future;

/// A certificate that AWS IoT has issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Lowercase hex SHA-256 of the DER.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The DER.
    pub der: Vec<u8>,
}

/// What the ledger says of a device that an execution holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeldDevice {
    /// Where it stands.
    pub state: Option<DeviceState>,
    /// SHA-256 of the public key that it has or asks with, lowercase hex.
    pub fingerprint: Option<String>,
    /// The execution that holds it.
    pub execution: Option<String>,
    /// The certificate under way.
    pub pending: Option<Certificate>,
    /// The certificate in force.
    pub current: Option<Certificate>,
    /// The execution that enrolled it, where nobody imported it.
    pub enrolled_by: Option<String>,
    /// The way in that it was imported for, if for one alone.
    pub route: Option<String>,
    /// Its thing.
    pub thing_name: Option<String>,
    /// Who is undoing what there is of it.
    pub undoing: Option<String>,
    /// What model it is.
    pub model: Option<String>,
    /// The fleet that it came in by.
    pub fleet: Option<String>,
    /// Since when its certificate is in force, if that can be read.
    pub issued_on: Option<Day>,
    /// The certificate that it was adopted with, if it was.
    pub adopted: Option<String>,
    /// The certificate that it was given over HTTPS and has not connected with yet.
    pub unproven: Option<String>,
    /// Where its rotation stands.
    pub rotation: RotationState,
}

impl HeldDevice {
    /// Whether an operator imported it, for this way in or for any.
    pub fn is_imported_for(&self, way: WayIn) -> bool {
        self.enrolled_by.as_deref() == Some(IMPORTED) && self.may_come(way)
    }

    /// Whether this certificate is the one in force, the one under way, or the next.
    pub fn uses(&self, certificate_id: &str) -> bool {
        let its = [&self.current, &self.pending, &self.rotation.next];
        its.into_iter()
            .flatten()
            .any(|one| one.id == certificate_id)
    }

    /// Whether it has the certificate that it was adopted with: nobody has seen it renew one.
    pub fn is_as_adopted(&self) -> bool {
        let current = self.current.as_ref().map(|current| &current.id);
        current.is_some() && current == self.adopted.as_ref()
    }

    /// Whether it may come this way: it was not imported for another alone.
    pub fn may_come(&self, way: WayIn) -> bool {
        let route = self.route.as_deref();
        route.is_none_or(|route| route == way.name())
    }
}

/// What a delivery waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// An acknowledgement, from the client id that asked.
    Acknowledgement,
    /// An acknowledgement of a next certificate, from the thing that asked.
    Rotation,
    /// A connection with the new certificate, whose client id is the thing's name.
    Connection,
}

/// A delivery that waits for its device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What ends the wait.
    pub awaited: Awaited,
    /// Who is expected to answer.
    pub client_id: ClientId,
    /// The device.
    pub serial: Serial,
    /// The execution that waits.
    pub execution: String,
    /// The certificate that travels.
    pub certificate_id: String,
    /// What to report to; `None` once the delivery is complete.
    pub task_token: Option<String>,
}

/// Issues and discards certificates.
pub trait CertificateAuthority {
    /// Has the CSR signed; the certificate is active but, without a policy, can do nothing.
    fn issue(
        &self,
        csr_pem: &str,
    ) -> impl Future<Output = Result<Certificate, CloudFailure>> + Send;
    /// Deactivates and deletes a certificate. Done already is done.
    fn discard(
        &self,
        certificate_id: &str,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// A certificate that a device brought, as AWS IoT has registered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredCertificate {
    /// AWS IoT's description of it. No thing's name is in it yet.
    pub description: CertificateDescription,
    /// The DER.
    pub der: Vec<u8>,
}

/// A CA that is registered with AWS IoT.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegisteredAuthority {
    /// Whether it may bring devices in.
    pub active: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Its ARN.
    pub arn: String,
    /// Its certificate, PEM.
    pub certificate_pem: String,
    /// Where AWS IoT itself provisions its devices: by which template.
    pub template: Option<String>,
}

/// The tag that marks what Muster serves, with its value.
pub const MADE_BY: (&str, &str) = ("madeBy", "muster");

/// The attribute of a thing that Muster's own provisioning template made, with its value.
pub const MADE_BY_TEMPLATE: (&str, &str) = ("version", "muster-1");

/// The tag of a CA that names its verifier.
pub const VERIFIER_NAME: &str = "verifierName";

impl RegisteredAuthority {
    /// Whether Muster serves its devices.
    pub fn is_ours(&self) -> bool {
        self.tags.get(MADE_BY.0).map(String::as_str) == Some(MADE_BY.1)
    }

    /// The ARN of the verifier that it names, of those that the stack has by name; `None` if it names none.
    ///
    /// # Errors
    /// The name of one that the stack does not have. An empty name is one, too: rather nobody than everybody.
    pub fn verifier<'a>(
        &self,
        verifiers: &'a BTreeMap<String, String>,
    ) -> Result<Option<&'a str>, String> {
        let Some(name) = self.tags.get(VERIFIER_NAME) else {
            return Ok(None);
        };
        let arn = verifiers.get(name).ok_or_else(|| name.clone())?;
        Ok(Some(arn))
    }
}

/// Reads what is registered.
pub trait CertificateRegistry {
    /// The certificate; `None` if it is not there.
    fn certificate(
        &self,
        certificate_id: &str,
    ) -> impl Future<Output = Result<Option<RegisteredCertificate>, CloudFailure>> + Send;
    /// The CA. What is read may be a minute old: its calls have AWS IoT's smallest quotas.
    fn authority(
        &self,
        ca_certificate_id: &str,
    ) -> impl Future<Output = Result<RegisteredAuthority, CloudFailure>> + Send;
}

/// Lets registered certificates in, or shuts them out.
pub trait CertificateActivation {
    /// Activates or revokes. Done already is done.
    fn settle(
        &self,
        certificate_id: &str,
        verdict: Verdict,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// Things, and what is attached to certificates.
pub trait IdentityRegistry {
    /// Makes the thing, marked as Muster's own, with the day in its attribute `cert_issuance`. One that is there already
    /// is left as it is.
    fn create_thing(
        &self,
        thing: &Serial,
        issued_on: Day,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Attaches the certificate to the thing.
    fn attach_thing(
        &self,
        thing: &Serial,
        certificate_arn: &str,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Attaches the device policy to the certificate, which makes it usable.
    fn attach_policy(
        &self,
        certificate_arn: &str,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// The undo of [`IdentityRegistry`].
pub trait IdentityRemover {
    /// Detaches the device policy. Done already is done.
    fn detach_policy(
        &self,
        certificate_arn: &str,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Detaches the certificate from the thing. Done already is done.
    fn detach_thing(
        &self,
        thing: &Serial,
        certificate_arn: &str,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Deletes the thing if Muster made it and no certificate but this one, by its ARN, is attached to it: what was
    /// detached a moment ago may still count.
    fn delete_made_thing(
        &self,
        thing: &Serial,
        certificate_arn: &str,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// What the ledger says of devices.
pub trait DeviceRecords {
    /// What it says of one, read consistently. `None` if it does not know the device.
    fn held(
        &self,
        serial: &Serial,
    ) -> impl Future<Output = Result<Option<HeldDevice>, CloudFailure>> + Send;
}

/// The ledger's view of devices under provisioning.
pub trait DeviceLedger: DeviceRecords {
    /// Marks the device as being undone, if `execution` holds it, so that nobody takes it over meanwhile; answers what
    /// the ledger then says. Fails with `ConditionFailed` otherwise.
    fn begin_undo(
        &self,
        serial: &Serial,
        execution: &str,
    ) -> impl Future<Output = Result<HeldDevice, CloudFailure>> + Send;
    /// Notes the certificate under way, if `execution` holds the device, is not being undone, and none is noted yet.
    /// Fails with `ConditionFailed` otherwise.
    fn note_pending(
        &self,
        serial: &Serial,
        execution: &str,
        certificate: &Certificate,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Forgets a certificate under way that was discarded, if it is still noted, `execution` holds the device, and is not
    /// being undone. The device stays held for the key that asks.
    fn forget_pending(
        &self,
        serial: &Serial,
        execution: &str,
        certificate_id: &str,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Takes the mark of an undo away, and the certificate that was undone with it. Does nothing where `execution` does
    /// not hold the device, the mark is gone, or another certificate is noted than the one undone: then another try of
    /// the same task has been here before.
    fn end_undo(
        &self,
        serial: &Serial,
        execution: &str,
        certificate_id: Option<&str>,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Gives the device free for another request, if `execution` holds it and it is not provisioned.
    fn release(
        &self,
        serial: &Serial,
        execution: &str,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Removes a device that only this execution's open enrolment had put there.
    fn remove_enrolled(
        &self,
        serial: &Serial,
        execution: &str,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// The ledger's view of deliveries.
pub trait DeliveryLedger {
    /// Notes who has to answer, and on the device that it is answered now, if `delivery.execution` holds it. Fails
    /// with `ConditionFailed` otherwise.
    fn open(&self, delivery: &Delivery) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// The delivery that `client_id` is expected to answer.
    fn find(
        &self,
        awaited: Awaited,
        client_id: &ClientId,
    ) -> impl Future<Output = Result<Option<Delivery>, CloudFailure>> + Send;
    /// Forgets the delivery that `client_id` is expected to answer, if `execution` has opened it.
    fn forget_delivery(
        &self,
        awaited: Awaited,
        client_id: &ClientId,
        execution: &str,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Forgets the task token of a delivery that is complete.
    fn close(&self, delivery: &Delivery) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// A message that was refused without a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedMessage {
    /// The sender, well-formed or not.
    pub client_id: String,
    /// The queue's id for the message, the same on every redelivery.
    pub message_id: String,
    /// When AWS IoT received it, in milliseconds since 1970.
    pub received_at: i64,
    /// Why.
    pub refusal: Refusal,
}

/// The timeline of what no workflow records.
pub trait RefusalLedger {
    /// Records a refusal in its sender's timeline. The same message again is the same entry.
    fn record_refusal(
        &self,
        refused: &RefusedMessage,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// Publishes to a device.
pub trait Publisher {
    /// Publishes at QoS 1.
    fn publish(
        &self,
        topic: &str,
        payload: Vec<u8>,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// Seals and unseals keys that have to pass through a workflow's state.
pub trait Seal {
    /// Seals the text for this certificate only; the answer is base64.
    fn seal(
        &self,
        secret: &SecretString,
        certificate_id: &str,
    ) -> impl Future<Output = Result<String, CloudFailure>> + Send;
}

/// The other side of [`Seal`], allowed to one function.
pub trait Unseal {
    /// Unseals what was sealed for this certificate.
    fn unseal(
        &self,
        sealed: &str,
        certificate_id: &str,
    ) -> impl Future<Output = Result<SecretString, CloudFailure>> + Send;
}

/// Starts workflows.
pub trait Workflow {
    /// Starts an execution. One of the same name is the same request: done already is done.
    fn start(
        &self,
        name: &str,
        input: String,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// Reports to workflows that wait.
pub trait Waiting {
    /// Reports success. `false` if nobody waits on this token any more.
    fn succeed(
        &self,
        task_token: &str,
        output: String,
    ) -> impl Future<Output = Result<bool, CloudFailure>> + Send;
}

/// Calls to AWS, by action (`DynamoDB:GetItem`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CountedCalls {
    /// How many were made, retries included.
    pub made: BTreeMap<String, u32>,
    /// How many of these AWS took for too many.
    pub throttled: BTreeMap<String, u32>,
}

/// Counts the calls to AWS, so that each invocation's log line says what it cost of the account's quotas.
pub trait CallLog {
    /// The calls since the last time.
    fn drain(&self) -> CountedCalls;
}

/// For who calls nothing.
impl CallLog for () {
    fn drain(&self) -> CountedCalls {
        CountedCalls::default()
    }
}
