//! Puts a device's next certificate in force once the device has connected with it, and retires the one before.
//!
//! It also notes the first connection with a certificate that was given over HTTPS: from then on a token that gave it for a key of
//! the cloud's making gives no other.
//!
//! A presence event is the proof, whoever brings it: AWS IoT over the topic rule, or the hook, when a device asks with
//! its next certificate. Events come twice, late and out of order; each step here is done once, whatever comes.

use muster_documents::tasks::Verdict;
use muster_documents::{PresenceMessage, Serial};
use muster_lambda::{NamedError, SqsBatch, SqsBatchResponse, SqsRecord, about_device};
use muster_onboarding::ledger::kept_until;
use muster_onboarding::ports::{
    BusEvent, Certificate, CertificateActivation, CertificateSwitch, DatedThings, DeviceRecords,
    EventBus, HeldDevice, OverdueAction, ProofLedger, TakenForce,
};
use muster_onboarding::rotation::{Day, RotationPolicy};
use muster_onboarding::{CloudFailure, FailureKind};
use muster_pki::read_certificate;
use serde_json::json;

/// How often a device is looked at anew when it has changed meanwhile.
const ROUNDS: usize = 3;

/// How long certificate-retirer may be at a certificate once it has begun to shut it out, in milliseconds: longer than a
/// function can run. What it does must not come after what is done here.
const SHUTTING: i64 = 360_000;

/// How long the item of a retired certificate is kept after the day on which it is to be deleted: runs may fail for a
/// while, and what the ledger has forgotten is deleted by nobody.
const SPARE_DAYS: i64 = 365;

/// What the function reaches.
#[derive(Debug)]
pub struct World<L, C, A, T, B> {
    /// The ledger.
    pub ledger: L,
    /// AWS IoT's certificates.
    pub certificates: C,
    /// Lets certificates in again.
    pub activation: A,
    /// AWS IoT's things.
    pub things: T,
    /// The bus of events.
    pub bus: B,
    /// When certificates have to be renewed.
    pub policy: RotationPolicy,
    /// How long the ledger keeps a device's timeline, in days.
    pub timeline_days: i64,
}

/// Why a message is delivered again.
#[derive(Debug, thiserror::Error)]
pub enum CompleteError {
    /// The message is not what the topic rule writes.
    #[error("the message is not what the topic rule writes")]
    MessageInvalid(#[source] serde_json::Error),
    /// A call failed.
    #[error(transparent)]
    Cloud(#[from] CloudFailure),
}

impl NamedError for CompleteError {
    fn name(&self) -> &'static str {
        match self {
            Self::MessageInvalid(_) => "MessageInvalid",
            Self::Cloud(failure) => failure.name(),
        }
    }
}

impl<L, C, A, T, B> World<L, C, A, T, B>
where
    L: DeviceRecords + ProofLedger,
    C: CertificateSwitch,
    A: CertificateActivation,
    T: DatedThings,
    B: EventBus,
{
    /// Takes a batch at the time `now`, in milliseconds since 1970. What fails is named in the answer and delivered again,
    /// alone.
    pub async fn complete(
        &self,
        now: i64,
        batch: SqsBatch,
    ) -> Result<SqsBatchResponse, CompleteError> {
        let each = async |record: &SqsRecord| self.take_one(now, record).await;
        Ok(batch.take_each("a connection", each).await)
    }

    async fn take_one(&self, now: i64, record: &SqsRecord) -> Result<(), CompleteError> {
        let connection: PresenceMessage =
            serde_json::from_str(&record.body).map_err(CompleteError::MessageInvalid)?;
        // A device's client id is its thing's name; whatever else connects to the account has another.
        let Ok(serial) = Serial::new(connection.client_id) else {
            return Ok(());
        };
        about_device(&serial);
        let shown = connection.principal_identifier;
        for _ in 0..ROUNDS {
            let Some(held) = self.ledger.held(&serial).await? else {
                return Ok(());
            };
            let is = |certificate: &Option<Certificate>| {
                certificate.as_ref().is_some_and(|one| one.id == shown)
            };
            if is(&held.current) {
                if held.unproven.as_ref() == Some(&shown) {
                    self.ledger.note_connected(&serial, &shown).await?;
                }
                return Ok(self.retire_before(&serial, &held).await?);
            }
            if !is(&held.rotation.next) {
                return Ok(());
            }
            let shut_at = held.rotation.next_shut_at;
            if shut_at.is_some_and(|at| now < at + SHUTTING) {
                return Err(later(format!(
                    "{serial} has only just shown its certificate, which is being shut out"
                )));
            }
            // Whoever has been retired before goes first: the ledger remembers one at a time.
            self.retire_before(&serial, &held).await?;
            match self.take_force(now, &serial, &held).await {
                Err(failure) if failure.kind == FailureKind::ConditionFailed => {}
                other => other?,
            }
        }
        Err(later(format!(
            "{serial} changes all the time, or is being released"
        )))
    }

    async fn take_force(
        &self,
        now: i64,
        serial: &Serial,
        held: &HeldDevice,
    ) -> Result<(), CloudFailure> {
        let (Some(next), Some(before)) = (&held.rotation.next, &held.current) else {
            return Ok(());
        };
        if held.rotation.next_shut_at.is_some() {
            // Its device has connected with it before.
            self.activation.settle(&next.id, Verdict::Activate).await?;
        }
        let today = Day::of(now);
        let overdue = held.rotation.overdue.as_ref();
        let before_kept_until = kept_until(now, self.policy.retention + SPARE_DAYS);
        let taken = TakenForce {
            serial: serial.clone(),
            certificate_id: next.id.clone(),
            shut_at: held.rotation.next_shut_at,
            before_fingerprint: held.fingerprint.clone().unwrap_or_default(),
            before_kept_until: end(before).unwrap_or_default().max(before_kept_until),
            before: before.clone(),
            day: today,
            due_on: self.policy.due_on(today, end(next)),
            delete_on: today.plus(self.policy.retention),
            leaves_quarantine: overdue
                .is_some_and(|overdue| overdue.action != OverdueAction::Alert),
            at: now,
            expires_at: kept_until(now, self.timeline_days),
        };
        self.ledger.take_force(&taken).await?;
        tracing::info!(
            target: "muster", certificate_id = taken.certificate_id, retired = taken.before.id,
            "the certificate is in force"
        );
        let event = BusEvent {
            name: "CertificateRotated",
            detail: json!({
                "serial": serial, "clientId": serial, "mode": null, "execution": null, "thingName": serial,
                "certificateId": taken.certificate_id, "retiredCertificateId": taken.before.id,
                "leavesQuarantine": taken.leaves_quarantine,
            }),
        };
        if let Err(failure) = self.bus.tell(&event).await {
            tracing::warn!(target: "muster", cause = %failure, "the bus lacks an event");
        }
        Ok(())
    }

    /// Does in AWS IoT what the ledger says already. What fails is done again with the message, or by the daily run.
    async fn retire_before(&self, serial: &Serial, held: &HeldDevice) -> Result<(), CloudFailure> {
        let Some(retiring) = &held.rotation.retiring else {
            return Ok(());
        };
        self.certificates.deactivate_certificate(retiring).await?;
        if let Some(issued_on) = held.issued_on {
            self.date(serial, issued_on).await?;
        }
        self.ledger.forget_retiring(serial, retiring).await
    }

    /// A thing of the operator's may have no room for the attribute (3 without a thing type), which keeps nobody from
    /// anything: the ledger has the date.
    async fn date(&self, serial: &Serial, issued_on: Day) -> Result<(), CloudFailure> {
        match self.things.date_thing(serial, issued_on).await {
            Err(failure) if failure.kind == FailureKind::Refused => {
                tracing::warn!(target: "muster", cause = %failure, "the thing lacks its date");
                Ok(())
            }
            other => other,
        }
    }
}

fn later(message: String) -> CompleteError {
    CompleteError::Cloud(CloudFailure {
        kind: FailureKind::Throttled,
        action: "dynamodb:TransactWriteItems",
        message,
        source: None,
    })
}

/// The last second of a certificate's validity.
fn end(certificate: &Certificate) -> Option<i64> {
    let read = read_certificate(&certificate.der).ok();
    read.map(|read| read.not_after_unix)
}

#[cfg(test)]
mod tests;
