//! Decides whether a fleet's device is let in: AWS IoT asks before it provisions the device, and takes whatever is not a
//! yes in time for a no.
//!
//! It says no unless every rule of [`muster_onboarding::fleets`] says yes and that is written; where the same question may
//! be answered otherwise later it says nothing ([`Undecided`]), so that the device asks again. The decision is made anew
//! for each event; nothing is kept from one to the next.

mod surge;
mod telling;
mod undecided;
mod verification;

pub use undecided::Undecided;

use muster_documents::fleet_provisioning::{HookAnswer, HookRequest, parameters};
use muster_documents::{Refusal, RefusalCode};
use muster_onboarding::fleets::{Asked, Ruling, SurgeRule, rule};
use muster_onboarding::ports::{
    AdmissionLedger, AdmissionRecords, AdmittedDevice, Before, CertificateSwitch, ClaimLedger,
    EventBus, ThingOrigins, Verifiers,
};
use muster_onboarding::{CloudFailure, FailureKind};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// How often a decision is made anew when what it rested on has changed before it could be written.
const ROUNDS: usize = 3;

/// What the function reaches.
#[derive(Debug)]
pub struct World<L, C, T, V, B> {
    /// The ledger.
    pub ledger: L,
    /// AWS IoT's certificates.
    pub certificates: C,
    /// AWS IoT's things.
    pub things: T,
    /// The verifiers.
    pub verifiers: V,
    /// The bus of events.
    pub bus: B,
    /// The verifiers' ARNs by name.
    pub verifier_arns: BTreeMap<String, String>,
    /// When a claim certificate is used too much.
    pub surge_rule: SurgeRule,
    /// How long the ledger keeps a device's timeline, in days.
    pub timeline_days: i64,
    /// How long things may take.
    pub patience: Patience,
}

/// How long things may take. All of it is less than the 5 seconds after which AWS IoT takes no answer for a no.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// A verifier's answer.
    pub verifier: Duration,
    /// The decision, with the verifier's answer. What is not decided by then is a no.
    pub decision: Duration,
    /// What is done and told after it. What is not done by then is left.
    pub telling: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            verifier: Duration::from_secs(3),
            decision: Duration::from_secs(4),
            telling: Duration::from_millis(700),
        }
    }
}

impl<L, C, T, V, B> World<L, C, T, V, B>
where
    L: AdmissionLedger + ClaimLedger,
    C: CertificateSwitch,
    T: ThingOrigins,
    V: Verifiers,
    B: EventBus,
{
    /// Answers AWS IoT at the time `now`, in milliseconds since 1970.
    pub async fn answer(&self, now: i64, payload: Value) -> Result<HookAnswer, Undecided> {
        // What serde says of a payload may hold a voucher, so it is not repeated.
        let Ok(request) = serde_json::from_value::<HookRequest>(payload) else {
            tracing::warn!(
                target: "muster", code = RefusalCode::RequestInvalid.name(),
                "refused: the payload is not that of a pre-provisioning hook"
            );
            return Ok(HookAnswer::denied());
        };
        let ruling = match Asked::read(request.clone()) {
            Ok(asked) => self.decide_in_time(now, &asked).await,
            Err(refusal) => Err(refusal),
        };
        match ruling {
            Ok(ruling) => {
                if let Some(device) = &ruling.device {
                    self.in_time(self.finish(device)).await;
                }
                tracing::info!(
                    target: "muster", client_id = request.client_id, certificate_id = request.certificate_id,
                    again = ruling.device.is_none(), "let in"
                );
                Ok(ruling.answer)
            }
            Err(refusal) => {
                tracing::info!(
                    target: "muster", client_id = request.client_id, certificate_id = request.certificate_id,
                    code = refusal.code.name(), message = refusal.message, "refused"
                );
                let passes = passes(refusal.code);
                self.in_time(self.tell_refusal(now, &request, refusal))
                    .await;
                if passes {
                    Err(Undecided)
                } else {
                    Ok(HookAnswer::denied())
                }
            }
        }
    }

    async fn decide_in_time(&self, now: i64, asked: &Asked) -> Result<Ruling, Refusal> {
        let decided = tokio::time::timeout(self.patience.decision, self.decide(now, asked)).await;
        decided.unwrap_or_else(|_| Err(failed("It was not decided in time whether to let it in.")))
    }

    async fn decide(&self, now: i64, asked: &Asked) -> Result<Ruling, Refusal> {
        let (records, made_by) =
            tokio::join!(self.count_and_read(now, asked), self.origin_of_thing(asked));
        let mut records = records?;
        let mut verified = false;
        for _ in 0..ROUNDS {
            let mut ruling = rule(asked, &records, now, self.timeline_days)?;
            let made_by = made_by.as_ref().map_err(call_failed)?.clone();
            let overrides = &mut ruling.answer.parameter_overrides;
            overrides.insert(parameters::MADE_BY.to_owned(), made_by);
            if let Some(verifier) = &ruling.verifier
                && !verified
            {
                verification::verify(&self.verifiers, &self.verifier_arns, verifier, asked).await?;
                verified = true;
            }
            let Some(device) = &ruling.device else {
                return Ok(ruling);
            };
            match self.ledger.admit(device).await {
                Ok(()) => return Ok(ruling),
                // Another was quicker, or is at it: what is so now is looked at again.
                Err(failure)
                    if matches!(
                        failure.kind,
                        FailureKind::ConditionFailed | FailureKind::Throttled
                    ) =>
                {
                    tracing::info!(target: "muster", cause = %failure, "decided anew");
                    records = self.read_records(asked).await?;
                }
                Err(failure) => return Err(call_failed(&failure)),
            }
        }
        Err(Refusal::new(
            RefusalCode::ProvisioningInProgress,
            "Another request for this serial or this voucher is under way, or the ledger is throttled. Ask again later.",
        ))
    }

    /// Who has made the device's thing; a device without a serial is refused whatever this says.
    async fn origin_of_thing(&self, asked: &Asked) -> Result<String, CloudFailure> {
        match asked.serial() {
            Some(serial) => self.things.made_by(serial).await,
            None => Ok(String::new()),
        }
    }

    /// Counts the request and reads what it is about.
    async fn count_and_read(&self, now: i64, asked: &Asked) -> Result<AdmissionRecords, Refusal> {
        // A device that rotates is connected with its own certificate, which is no claim's.
        if asked.rotation {
            return self.read_records(asked).await;
        }
        let (records, counted) = tokio::join!(self.read_records(asked), self.count(now, asked));
        let mut records = records?;
        if let Some(claim) = &mut records.claim {
            self.watch(now, asked, claim, counted).await;
        }
        Ok(records)
    }

    async fn read_records(&self, asked: &Asked) -> Result<AdmissionRecords, Refusal> {
        let claim = asked.claim_certificate_id();
        let voucher = asked.voucher.as_deref();
        self.ledger
            .read_admission(&asked.fleet, claim, asked.serial(), voucher)
            .await
            .map_err(|failure| call_failed(&failure))
    }

    /// What is done once a device is let in, whatever becomes of it: the ledger says that it is in.
    async fn finish(&self, device: &AdmittedDevice) {
        tokio::join!(self.deactivate_before(device), self.tell_admission(device));
    }

    /// Takes the certificate out of use that the device had before. It is one for the same key, so that nobody else can
    /// use it where this fails.
    async fn deactivate_before(&self, device: &AdmittedDevice) {
        let Before::Admitted { certificate_id, .. } = &device.before else {
            return;
        };
        let deactivated = self.certificates.deactivate_certificate(certificate_id);
        if let Err(failure) = deactivated.await {
            tracing::warn!(
                target: "muster", serial = %device.serial, certificate_id, cause = %failure,
                "the certificate before is still in force"
            );
        }
    }

    async fn in_time(&self, telling: impl Future<Output = ()>) {
        if tokio::time::timeout(self.patience.telling, telling)
            .await
            .is_err()
        {
            tracing::warn!(target: "muster", "what follows the decision was not done in time");
        }
    }
}

/// Whether the same question may be answered otherwise in a minute. A rotation becomes due in days: its device keeps what
/// it has and shall not ask on.
fn passes(code: RefusalCode) -> bool {
    matches!(
        code,
        RefusalCode::ProvisioningFailed | RefusalCode::ProvisioningInProgress
    )
}

fn call_failed(failure: &CloudFailure) -> Refusal {
    tracing::warn!(target: "muster", error = failure.name(), cause = %failure, "a call failed");
    failed(&format!(
        "{} failed. The function's log says why. Ask again later.",
        failure.action
    ))
}

fn failed(why: &str) -> Refusal {
    Refusal::new(RefusalCode::ProvisioningFailed, why)
}

#[cfg(test)]
mod tests;
