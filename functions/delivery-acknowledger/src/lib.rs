//! Takes devices' acknowledgements, and connections with new certificates, from the queue and reports them to the
//! workflow that waits for them.

use muster_chunking::{Acknowledgement, Delivery as DeliveryNumber, MIN_PACKET_SIZE};
use muster_documents::tasks::Acknowledged;
use muster_documents::{
    ClientId, DeviceMessage, PresenceMessage, Purpose, Refusal, RefusalCode, TopicPrefixes, Topics,
};
use muster_lambda::{
    NamedError, SqsBatch, SqsBatchResponse, SqsRecord, about_device, about_execution,
};
use muster_onboarding::ports::{
    Awaited, Delivery, DeliveryLedger, Publisher, RefusalLedger, RefusedMessage, Waiting,
};
use muster_onboarding::{CloudFailure, refusal_answer, sender};
use serde::Deserialize;

/// Why a message is delivered again.
#[derive(Debug, thiserror::Error)]
pub enum AcknowledgeError {
    /// The message is not what the topic rules write.
    #[error("the message is not what the topic rules write")]
    MessageInvalid(#[source] serde_json::Error),
    /// A call failed.
    #[error(transparent)]
    Cloud(#[from] CloudFailure),
}

impl NamedError for AcknowledgeError {
    fn name(&self) -> &'static str {
        match self {
            Self::MessageInvalid(_) => "MessageInvalid",
            Self::Cloud(failure) => failure.name(),
        }
    }
}

/// What stands in the queue.
#[derive(Deserialize)]
#[serde(untagged)]
enum Message {
    Acknowledgement(DeviceMessage),
    Presence(PresenceMessage),
}

/// Takes a batch. What fails is named in the answer and delivered again, alone.
pub async fn acknowledge(
    prefixes: &TopicPrefixes,
    ledger: &(impl DeliveryLedger + RefusalLedger),
    waiting: &impl Waiting,
    publisher: &impl Publisher,
    batch: SqsBatch,
) -> Result<SqsBatchResponse, AcknowledgeError> {
    let each =
        async |record: &SqsRecord| take_one(prefixes, ledger, waiting, publisher, record).await;
    Ok(batch.take_each("an acknowledgement", each).await)
}

async fn take_one(
    prefixes: &TopicPrefixes,
    ledger: &(impl DeliveryLedger + RefusalLedger),
    waiting: &impl Waiting,
    publisher: &impl Publisher,
    record: &SqsRecord,
) -> Result<(), AcknowledgeError> {
    match serde_json::from_str(&record.body).map_err(AcknowledgeError::MessageInvalid)? {
        Message::Presence(presence) => take_presence(ledger, waiting, &presence).await,
        Message::Acknowledgement(message) => {
            match take_acknowledgement(prefixes, ledger, waiting, &message).await? {
                Ok(()) => Ok(()),
                Err(refusal) => refuse(prefixes, ledger, publisher, record, message, refusal).await,
            }
        }
    }
}

/// Tells the device, and records why. No workflow knows of it, so nobody else would.
async fn refuse(
    prefixes: &TopicPrefixes,
    ledger: &impl RefusalLedger,
    publisher: &impl Publisher,
    record: &SqsRecord,
    message: DeviceMessage,
    refusal: Refusal,
) -> Result<(), AcknowledgeError> {
    tracing::info!(
        target: "muster", client_id = message.client_id, refusal = refusal.code.name(),
        "acknowledgement refused"
    );
    let purpose = prefixes.purpose_of(&message.topic);
    let refused = RefusedMessage {
        client_id: message.client_id,
        message_id: record.message_id.clone(),
        received_at: message.timestamp,
        refusal,
    };
    ledger.record_refusal(&refused).await?;
    if let Ok(client_id) = ClientId::new(refused.client_id) {
        let topic = Topics::new(prefixes.of(purpose), &client_id).rejected();
        // What the device can take is not known here, so the answer is one that any device can.
        publisher
            .publish(
                &topic,
                refusal_answer(&refused.refusal, &topic, MIN_PACKET_SIZE),
            )
            .await?;
    }
    Ok(())
}

async fn take_acknowledgement(
    prefixes: &TopicPrefixes,
    ledger: &impl DeliveryLedger,
    waiting: &impl Waiting,
    message: &DeviceMessage,
) -> Result<Result<(), Refusal>, CloudFailure> {
    let purpose = prefixes.purpose_of(&message.topic);
    let client_id = match sender(prefixes.of(purpose), message) {
        Ok(client_id) => client_id,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let body = message.payload_bytes().unwrap_or_default();
    let Ok(acknowledgement) = Acknowledgement::decode(&body) else {
        return Ok(Err(Refusal::new(
            RefusalCode::AcknowledgementUnreadable,
            "The acknowledgement is not [delivery, [missing chunk, …]] in CBOR.",
        )));
    };
    let awaited = match purpose {
        Purpose::Provisioning => Awaited::Acknowledgement,
        Purpose::Rotation => Awaited::Rotation,
    };
    let delivery = ledger.find(awaited, &client_id).await?;
    let delivery = delivery.filter(|delivery| number(delivery) == Some(acknowledgement.delivery()));
    let Some(delivery) = delivery else {
        return Ok(Err(Refusal::new(
            RefusalCode::DeliveryUnknown,
            "No such delivery is under way for this client id. Send the request again.",
        )));
    };
    let missing: Vec<u16> = acknowledgement.missing().iter().collect();
    report(ledger, waiting, &delivery, missing).await?;
    Ok(Ok(()))
}

/// Connections of devices that nothing waits for are the ordinary case, and nobody's fault.
async fn take_presence(
    ledger: &impl DeliveryLedger,
    waiting: &impl Waiting,
    presence: &PresenceMessage,
) -> Result<(), AcknowledgeError> {
    let Ok(client_id) = ClientId::new(presence.client_id.as_str()) else {
        return Ok(());
    };
    let delivery = ledger.find(Awaited::Connection, &client_id).await?;
    let delivery =
        delivery.filter(|delivery| delivery.certificate_id == presence.principal_identifier);
    if let Some(delivery) = delivery {
        report(ledger, waiting, &delivery, Vec::new()).await?;
    }
    Ok(())
}

/// Reports to the workflow. A token that nobody waits on any more belongs to an acknowledgement that came twice:
/// a device whose delivery is not complete acknowledges again.
async fn report(
    ledger: &impl DeliveryLedger,
    waiting: &impl Waiting,
    delivery: &Delivery,
    missing: Vec<u16>,
) -> Result<(), CloudFailure> {
    about_device(&delivery.serial);
    about_execution(&delivery.execution);
    let Some(token) = &delivery.task_token else {
        return Ok(());
    };
    let complete = missing.is_empty();
    let output = serde_json::json!(Acknowledged { missing }).to_string();
    let reported = waiting.succeed(token, output).await?;
    if reported && complete {
        ledger.close(delivery).await?;
    }
    tracing::info!(target: "muster", complete, reported, "acknowledgement taken");
    Ok(())
}

fn number(delivery: &Delivery) -> Option<DeliveryNumber> {
    let mut digest = [0u8; 32];
    hex::decode_to_slice(&delivery.certificate_id, &mut digest).ok()?;
    Some(DeliveryNumber::of(&digest))
}
