//! Decides whether a fleet's device is let in: AWS IoT asks before it provisions the device, and takes whatever is not a
//! yes in time for a no.
//!
//! It says no unless every rule of [`muster_onboarding::fleets`] says yes and that is written; where the same question may
//! be answered otherwise later it says nothing ([`Undecided`]), so that the device asks again. The decision is made anew
//! for each event; nothing is kept from one to the next.

mod rotation;
mod telling;
mod undecided;
mod verification;

pub use undecided::Undecided;

use muster_documents::fleet_provisioning::{HookAnswer, HookRequest, parameters};
use muster_documents::{Refusal, RefusalCode};
use muster_lambda::{ClaimUse, ClaimWatch, about_device};
use muster_onboarding::claims::SurgeRule;
use muster_onboarding::fleets::{Asked, Terms, rule, serial};
use muster_onboarding::ports::{
    AdmissionLedger, AdmissionRecords, AdmittedDevice, Before, CertificateProof, CertificateSwitch,
    ClaimLedger, EventBus, NextAdmission, NextCertificate, RotatingThings, ThingOrigins, Verifiers,
};
use muster_onboarding::rotation::RotationPolicy;
use muster_onboarding::{CloudFailure, FailureKind};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// How often a decision is made anew when what it rested on has changed before it could be written.
const ROUNDS: usize = 3;

/// What the function reaches.
#[derive(Debug)]
pub struct World<L, C, T, D, V, B, Q> {
    /// The ledger.
    pub ledger: L,
    /// AWS IoT's certificates.
    pub certificates: C,
    /// AWS IoT's things, for who has made them.
    pub things: T,
    /// AWS IoT's things, for their dates and certificates.
    pub dates: D,
    /// The verifiers.
    pub verifiers: V,
    /// The bus of events.
    pub bus: B,
    /// The queue of connections, which says that a device has its new certificate.
    pub connections: Q,
    /// The verifiers' ARNs by name.
    pub verifier_arns: BTreeMap<String, String>,
    /// When a claim certificate is used too much.
    pub surge_rule: SurgeRule,
    /// How long the ledger keeps a device's timeline, in days.
    pub timeline_days: i64,
    /// When certificates have to be renewed.
    pub rotation: RotationPolicy,
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

/// What a yes is, and what follows it.
struct Decision {
    answer: HookAnswer,
    follows: Follows,
}

/// What is done once a yes is written, whatever becomes of it.
enum Follows {
    /// Nothing: the same was asked and answered before.
    Nothing,
    /// The device is in.
    Admission(Box<AdmittedDevice>),
    /// It has a certificate beside the one in force.
    Rotation(Box<NextCertificate>),
}

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
        if let Ok(serial) = serial(&request) {
            about_device(&serial);
        }
        let decision = match Asked::read(request.clone()) {
            Ok(asked) => self.decide_in_time(now, &asked).await,
            Err(refusal) => Err(refusal),
        };
        match decision {
            Ok(Decision { answer, follows }) => {
                self.in_time(self.finish(&follows)).await;
                tracing::info!(
                    target: "muster", client_id = request.client_id, certificate_id = request.certificate_id,
                    again = matches!(follows, Follows::Nothing), "let in"
                );
                Ok(answer)
            }
            Err(refusal) => {
                log_refusal(&request, &refusal);
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

    async fn decide_in_time(&self, now: i64, asked: &Asked) -> Result<Decision, Refusal> {
        let decided = tokio::time::timeout(self.patience.decision, async {
            if asked.rotation {
                self.rotate(now, asked).await
            } else {
                self.decide(now, asked).await
            }
        });
        let late = |_| Err(failed("It was not decided in time whether to let it in."));
        decided.await.unwrap_or_else(late)
    }

    fn terms(&self, now: i64) -> Terms {
        Terms {
            now,
            timeline_days: self.timeline_days,
            rotation: self.rotation,
        }
    }

    async fn decide(&self, now: i64, asked: &Asked) -> Result<Decision, Refusal> {
        let (records, made_by) =
            tokio::join!(self.count_and_read(now, asked), self.origin_of_thing(asked));
        let mut records = records?;
        let mut verified = false;
        for _ in 0..ROUNDS {
            let mut ruling = rule(asked, &records, &self.terms(now))?;
            let made_by = made_by.as_ref().map_err(call_failed)?.clone();
            let overrides = &mut ruling.answer.parameter_overrides;
            overrides.insert(parameters::MADE_BY.to_owned(), made_by);
            if let Some(verifier) = &ruling.verifier
                && !verified
            {
                verification::verify(&self.verifiers, &self.verifier_arns, verifier, asked).await?;
                verified = true;
            }
            let answer = ruling.answer;
            let Some(device) = ruling.device else {
                let follows = Follows::Nothing;
                return Ok(Decision { answer, follows });
            };
            match self.ledger.admit(&device).await {
                Ok(()) => {
                    let follows = Follows::Admission(Box::new(device));
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

    /// Who has made the device's thing; a device without a serial is refused whatever this says.
    async fn origin_of_thing(&self, asked: &Asked) -> Result<String, CloudFailure> {
        match asked.serial() {
            Some(serial) => self.things.made_by(serial).await,
            None => Ok(String::new()),
        }
    }

    /// Counts the request and reads what it is about.
    async fn count_and_read(&self, now: i64, asked: &Asked) -> Result<AdmissionRecords, Refusal> {
        let watch = ClaimWatch {
            ledger: &self.ledger,
            certificates: &self.certificates,
            bus: &self.bus,
            rule: self.surge_rule,
        };
        let used = ClaimUse {
            claim_certificate_id: asked.claim_certificate_id(),
            fleet: Some(&asked.fleet),
            at: now,
        };
        let (records, counted) = tokio::join!(self.read_records(asked), watch.count(used));
        let mut records = records?;
        if let Some(claim) = &mut records.claim {
            watch.watch(used, claim, counted).await;
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
    async fn finish(&self, follows: &Follows) {
        match follows {
            Follows::Nothing => {}
            Follows::Admission(device) => {
                tokio::join!(self.deactivate_before(device), self.tell_admission(device));
            }
            Follows::Rotation(next) => {
                tokio::join!(self.deactivate_replaced(next), self.tell_rotation(next));
            }
        }
    }

    /// Takes the certificate out of use that the device had before. It is one for the same key, so that nobody else can
    /// use it where this fails.
    async fn deactivate_before(&self, device: &AdmittedDevice) {
        let Before::Admitted { certificate_id, .. } = &device.before else {
            return;
        };
        self.deactivate(certificate_id).await;
    }

    async fn deactivate(&self, certificate_id: &str) {
        let deactivated = self.certificates.deactivate_certificate(certificate_id);
        if let Err(failure) = deactivated.await {
            tracing::warn!(
                target: "muster", certificate_id, cause = %failure, "the certificate before is still active"
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

/// What failed on the cloud's side is no refusal; AWS IoT gets no answer then, which is the invocation's own line.
fn log_refusal(request: &HookRequest, refusal: &Refusal) {
    let (client_id, certificate_id) = (&request.client_id, &request.certificate_id);
    let (code, cause) = (refusal.code.name(), &refusal.message);
    if refusal.code == RefusalCode::ProvisioningFailed {
        tracing::warn!(target: "muster", client_id, certificate_id, error = code, cause, "not decided");
    } else {
        tracing::info!(target: "muster", client_id, certificate_id, code, cause, "refused");
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

/// Whether another was quicker, or is at it: what is so now is looked at again.
fn is_decided_anew(failure: &CloudFailure) -> bool {
    let anew = matches!(
        failure.kind,
        FailureKind::ConditionFailed | FailureKind::Throttled
    );
    if anew {
        tracing::info!(target: "muster", cause = %failure, "decided anew");
    }
    anew
}

fn under_way() -> Refusal {
    Refusal::new(
        RefusalCode::ProvisioningInProgress,
        "Another request for this serial or this voucher is under way, or the ledger is throttled. Ask again later.",
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
