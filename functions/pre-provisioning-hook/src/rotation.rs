//! A device that renews its certificate, connected with the one that it has.

use crate::{Decision, Follows, ROUNDS, World, call_failed, is_decided_anew, under_way};
use muster_documents::{Refusal, RefusalCode};
use muster_onboarding::CloudFailure;
use muster_onboarding::fleets::{Asked, RotationRuling, rule_rotation};
use muster_onboarding::ports::{
    AdmissionLedger, CertificateProof, CertificateSwitch, ClaimLedger, EventBus, NextAdmission,
    NextCertificate, RotatingThing, RotatingThings, ThingOrigins, Verifiers,
};

impl<L, C, T, D, V, B, Q> World<L, C, T, D, V, B, Q>
where
    L: AdmissionLedger + ClaimLedger + NextAdmission,
    C: CertificateSwitch,
    T: ThingOrigins,
    D: RotatingThings,
    V: Verifiers,
    B: EventBus,
    Q: CertificateProof,
{
    pub(crate) async fn rotate(&self, now: i64, asked: &Asked) -> Result<Decision, Refusal> {
        // No claim certificate is used, so none is counted.
        let (records, thing) = tokio::join!(self.read_records(asked), self.rotating_thing(asked));
        let mut records = records?;
        let thing = thing.map_err(|failure| call_failed(&failure))?;
        for _ in 0..ROUNDS {
            let ruling = rule_rotation(asked, &records, thing, &self.terms(now))?;
            let (write, answer) = match ruling {
                RotationRuling::Proven => return Err(self.report_proof(asked).await),
                RotationRuling::Next { write, answer } => (write, answer),
            };
            let Some(next) = write else {
                let follows = Follows::Nothing;
                return Ok(Decision { answer, follows });
            };
            match self.ledger.admit_next(&next).await {
                Ok(()) => {
                    let follows = Follows::Rotation(next);
                    return Ok(Decision { answer, follows });
                }
                Err(failure) if is_decided_anew(&failure) => {
                    records = self.read_records(asked).await?;
                }
                Err(failure) => return Err(call_failed(&failure)),
            }
        }
        Err(under_way())
    }

    /// What AWS IoT knows of the device's thing; a device without a serial is refused whatever this says.
    async fn rotating_thing(&self, asked: &Asked) -> Result<RotatingThing, CloudFailure> {
        match asked.serial() {
            Some(serial) => {
                let arn = asked.connection_arn();
                self.dates.rotating_thing(serial, &arn).await
            }
            None => Ok(RotatingThing::default()),
        }
    }

    /// The device has connected with its new certificate, and the presence event that says so was lost or is on its way.
    async fn report_proof(&self, asked: &Asked) -> Refusal {
        if let Some(serial) = asked.serial() {
            let reported = self
                .connections
                .report_connection(serial, asked.claim_certificate_id())
                .await;
            if let Err(failure) = reported {
                return call_failed(&failure);
            }
        }
        Refusal::new(
            RefusalCode::RotationNotDue,
            "The device asks with its new certificate, which is put in force by that. No other is due.",
        )
    }

    /// The one that the device was given before: it holds the certificate in force, since it asks with that.
    pub(crate) async fn deactivate_replaced(&self, next: &NextCertificate) {
        if let Some(replaced) = &next.replaced {
            self.deactivate(replaced).await;
        }
    }
}
