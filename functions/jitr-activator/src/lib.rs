//! Takes registrations from the queue and starts an execution of `jitr-activation` for each.

use muster_documents::{CertificateRegistered, is_certificate_id};
use muster_lambda::{NamedError, SqsBatch, SqsBatchResponse, SqsRecord, about_execution};
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::Workflow;

/// So much of a certificate's id begins an execution's name, which has room for 80 characters and ends with the
/// message's id of 36.
const ID_CHARACTERS: usize = 40;

/// Why a message is delivered again.
#[derive(Debug, thiserror::Error)]
pub enum ActivateError {
    /// The message is not what AWS IoT publishes. After the last try it goes to the dead-letter queue.
    #[error("the message is not what AWS IoT publishes of a registered certificate")]
    MessageInvalid,
    /// The execution did not start.
    #[error(transparent)]
    Cloud(#[from] CloudFailure),
}

impl NamedError for ActivateError {
    fn name(&self) -> &'static str {
        match self {
            Self::MessageInvalid => "MessageInvalid",
            Self::Cloud(failure) => failure.name(),
        }
    }
}

/// Takes a batch. What fails is named in the answer and delivered again, alone.
pub async fn take(
    workflow: &impl Workflow,
    batch: SqsBatch,
) -> Result<SqsBatchResponse, ActivateError> {
    let each = async |record: &SqsRecord| take_one(workflow, record).await;
    Ok(batch.take_each("a registration", each).await)
}

/// A message that comes again names the same execution. An event that AWS IoT publishes again, at the device's next
/// try to connect, is another message: whatever made the first one fail may have passed.
async fn take_one(workflow: &impl Workflow, record: &SqsRecord) -> Result<(), ActivateError> {
    let event: CertificateRegistered =
        serde_json::from_str(&record.body).map_err(|_| ActivateError::MessageInvalid)?;
    let ids = [&event.certificate_id, &event.ca_certificate_id];
    if !ids.into_iter().all(|id| is_certificate_id(id)) {
        return Err(ActivateError::MessageInvalid);
    }
    let start = event.certificate_id.get(..ID_CHARACTERS);
    let name = format!("{}-{}", start.unwrap_or_default(), record.message_id);
    // The serial stands in the certificate, which certificate-inspector reads.
    about_execution(&name);
    let input = serde_json::to_string(&event).map_err(|_| ActivateError::MessageInvalid)?;
    workflow.start(&name, input).await?;
    tracing::info!(target: "muster", certificate = event.certificate_id, "registration taken");
    Ok(())
}
