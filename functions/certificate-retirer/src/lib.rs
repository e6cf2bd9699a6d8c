//! Takes certificates away whose time is over: retired ones, and new ones that nobody has connected with.

use muster_documents::rotation_tasks::{
    EndingCertificate, RetireCertificates, RetiredCertificates,
};
use muster_onboarding::ledger::kept_until;
use muster_onboarding::ports::{
    BusEvent, Certificate, CertificateRemover, CertificateSwitch, DeviceRecords, DueCertificate,
    EndedCertificate, EventBus, RetirementLedger,
};
use muster_onboarding::rotation::Day;
use muster_onboarding::{CloudFailure, FailureKind};
use serde_json::json;
use std::convert::Infallible;

/// How long a certificate is shut out before it is undone, in milliseconds: half a day, so that a daily run always is
/// later, and one by hand on the same evening is not.
const HEARD_WITHIN: i64 = 43_200_000;

/// What the function reaches.
#[derive(Debug)]
pub struct World<L, C, B> {
    /// The ledger.
    pub ledger: L,
    /// AWS IoT's certificates.
    pub certificates: C,
    /// The bus of events.
    pub bus: B,
    /// How long the ledger keeps a device's timeline, in days.
    pub timeline_days: i64,
}

/// What became of one certificate.
enum Done {
    Nothing,
    Deleted,
    Undone,
}

impl<L, C, B> World<L, C, B>
where
    L: DeviceRecords + RetirementLedger,
    C: CertificateRemover + CertificateSwitch,
    B: EventBus,
{
    /// Takes the certificates away, at the time `now` in milliseconds since 1970. One for which a call fails is counted,
    /// and stands in the way of no other. They go one after the other: AWS IoT allows 10 such calls a second.
    pub async fn retire(
        &self,
        now: i64,
        task: RetireCertificates,
    ) -> Result<RetiredCertificates, Infallible> {
        let mut answer = RetiredCertificates::default();
        for ending in task.certificates {
            let EndingCertificate {
                serial,
                certificate_id,
            } = ending;
            let due = DueCertificate {
                serial,
                certificate_id,
            };
            match self.see_to(now, &due).await {
                Ok(Done::Nothing) => {}
                Ok(Done::Deleted) => answer.deleted += 1,
                Ok(Done::Undone) => answer.undone += 1,
                Err(failure) => {
                    tracing::warn!(
                        target: "muster", serial = %due.serial, certificate_id = due.certificate_id,
                        cause = %failure, "the certificate is not taken away yet"
                    );
                    answer.failed += 1;
                }
            }
        }
        Ok(answer)
    }

    async fn see_to(&self, now: i64, due: &DueCertificate) -> Result<Done, CloudFailure> {
        let Some(ending) = self.ledger.ending_certificate(due).await? else {
            return Ok(Done::Nothing);
        };
        let held = self.ledger.held(&due.serial).await?.unwrap_or_default();
        let is = |certificate: &Option<Certificate>| {
            certificate
                .as_ref()
                .is_some_and(|one| one.id == due.certificate_id)
        };
        if is(&held.current) {
            self.ledger.keep_certificate(due).await?;
            return Ok(Done::Nothing);
        }
        if is(&held.rotation.next) {
            if !ending.shut {
                return self.shut_first(now, due).await;
            }
            let shut_at = held.rotation.next_shut_at;
            if shut_at.is_some_and(|shut_at| now < shut_at + HEARD_WITHIN) {
                return Ok(Done::Nothing);
            }
            // From here on a connection with it proves nothing any more.
            match self.ledger.forget_next(due).await {
                Err(failure) if failure.kind == FailureKind::ConditionFailed => {
                    return Ok(Done::Nothing);
                }
                other => other?,
            }
        }
        self.certificates
            .take_away(&due.serial, &due.certificate_id, &ending.arn)
            .await?;
        let ended = EndedCertificate {
            serial: due.serial.clone(),
            certificate_id: due.certificate_id.clone(),
            undone: ending.unused,
            at: now,
            expires_at: kept_until(now, self.timeline_days),
        };
        self.ledger.forget_certificate(&ended).await?;
        self.tell(&ended).await;
        Ok(if ended.undone {
            Done::Undone
        } else {
            Done::Deleted
        })
    }

    /// Whoever has connected with it until now may live with it, and the event that says so may be under way: it is undone
    /// by the next day's run, unless that is heard of. From now on nobody connects with it for the first time.
    async fn shut_first(&self, now: i64, due: &DueCertificate) -> Result<Done, CloudFailure> {
        match self.ledger.begin_shutting(due, now).await {
            // It has taken force at this moment, or another has taken its place.
            Err(failure) if failure.kind == FailureKind::ConditionFailed => {
                return Ok(Done::Nothing);
            }
            begun => begun?,
        }
        self.certificates
            .deactivate_certificate(&due.certificate_id)
            .await?;
        self.ledger.note_shut(due, Day::of(now)).await?;
        Ok(Done::Nothing)
    }

    async fn tell(&self, ended: &EndedCertificate) {
        let EndedCertificate {
            serial,
            certificate_id,
            ..
        } = ended;
        tracing::info!(target: "muster", %serial, certificate_id, undone = ended.undone, "taken away");
        let event = BusEvent {
            name: ended.event(),
            detail: json!({
                "serial": serial, "clientId": null, "mode": null, "execution": null, "thingName": serial,
                "certificateId": certificate_id,
            }),
        };
        if let Err(failure) = self.bus.tell(&event).await {
            tracing::warn!(target: "muster", %serial, cause = %failure, "the bus lacks an event");
        }
    }
}

#[cfg(test)]
mod tests;
