//! Takes devices' requests from the queue, judges them, and starts an execution of `claim-provisioning` or, for a device
//! that renews its certificate, of `chunked-rotation` for each.
//!
//! Nobody is answered here: a refusal starts an execution too, which tells the device and records it. So there is
//! one place that answers devices, and one that writes the timeline.

mod claim;

pub use claim::Claims;

use claim::Asked;
use muster_documents::{ClaimRequest, DeviceMessage, Purpose};
use muster_lambda::{
    NamedError, SqsBatch, SqsBatchResponse, SqsRecord, about_device, about_execution,
};
use muster_onboarding::ports::{CertificateSwitch, ClaimLedger, ClaimRecords, EventBus, Workflow};
use muster_onboarding::{ClaimRules, CloudFailure, judge};

/// How old a request is counted, in milliseconds: younger than a dead letter, which was delivered five times, three minutes apart
/// (`template.yaml`). What has waited so long, or is put back, is no surge.
const COUNTED_AGE: i64 = 5 * 180_000;

/// Step Functions allows 80 characters in an execution's name.
const NAME_CHARACTERS: usize = 80;

/// Why a message is delivered again.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The message is not what the topic rule writes. After the last try it goes to the dead-letter queue.
    #[error("the message is not what the topic rule writes")]
    MessageInvalid(#[source] serde_json::Error),
    /// The claim certificate could not be looked up, or the execution did not start.
    #[error(transparent)]
    Cloud(#[from] CloudFailure),
}

impl NamedError for IntakeError {
    fn name(&self) -> &'static str {
        match self {
            Self::MessageInvalid(_) => "MessageInvalid",
            Self::Cloud(failure) => failure.name(),
        }
    }
}

/// The workflows, by what a device asks for.
#[derive(Debug)]
pub struct Machines<W> {
    /// `claim-provisioning`.
    pub provisioning: W,
    /// `chunked-rotation`.
    pub rotation: W,
}

impl<W> Machines<W> {
    fn of(&self, purpose: Purpose) -> &W {
        match purpose {
            Purpose::Provisioning => &self.provisioning,
            Purpose::Rotation => &self.rotation,
        }
    }
}

/// What the function goes by and reaches.
#[derive(Debug)]
pub struct Intake<W, L, C, B> {
    /// What this stack allows.
    pub rules: ClaimRules,
    /// The workflows.
    pub machines: Machines<W>,
    /// The claim certificates.
    pub claims: Claims<L, C, B>,
}

impl<W, L, C, B> Intake<W, L, C, B>
where
    W: Workflow,
    L: ClaimRecords + ClaimLedger,
    C: CertificateSwitch,
    B: EventBus,
{
    /// Takes a batch at the time `now`, in milliseconds since 1970. What fails is named in the answer and delivered again,
    /// alone.
    pub async fn take(&self, now: i64, batch: SqsBatch) -> Result<SqsBatchResponse, IntakeError> {
        let each = async |record: &SqsRecord| self.take_one(now, record).await;
        Ok(batch.take_each("a request", each).await)
    }

    async fn take_one(&self, now: i64, record: &SqsRecord) -> Result<(), IntakeError> {
        let message: DeviceMessage =
            serde_json::from_str(&record.body).map_err(IntakeError::MessageInvalid)?;
        let mut request = judge(&self.rules, &message);
        let name = execution_name(&request, &record.message_id);
        if let Some(serial) = &request.serial {
            about_device(serial);
        }
        about_execution(&name);
        // A device that renews its certificate asks with that one, which the workflow compares with the ledger.
        if request.purpose == Purpose::Provisioning {
            let asked = Asked {
                principal: request.principal.as_deref(),
                at: request.requested_at,
                counts: !record.came_before() && now - request.requested_at < COUNTED_AGE,
            };
            if let Some(refusal) = self.claims.refusal(asked).await? {
                request.refusal = Some(refusal);
            }
        }
        let input = serde_json::to_string(&request).map_err(IntakeError::MessageInvalid)?;
        let machine = self.machines.of(request.purpose);
        machine.start(&name, input).await?;
        tracing::info!(
            target: "muster", refusal = request.refusal.as_ref().map(|refusal| refusal.code.name()),
            principal = request.principal, "request taken"
        );
        Ok(())
    }
}

/// The device's serial, for the operator who reads the list, and the message's id, which a redelivery repeats.
fn execution_name(request: &ClaimRequest, message_id: &str) -> String {
    let readable = request
        .serial
        .as_ref()
        .map_or("unreadable", |serial| serial.as_str());
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' || c == '_' {
            c
        } else {
            '-'
        }
    };
    let room = NAME_CHARACTERS.saturating_sub(message_id.len() + 1);
    readable
        .chars()
        .map(safe)
        .take(room)
        .chain(std::iter::once('-'))
        .chain(message_id.chars())
        .collect()
}

#[cfg(test)]
mod tests;
