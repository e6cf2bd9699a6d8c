//! Messages in a dead-letter queue: looked at, put back into the queue that they came from, taken away.

use crate::{Cloud, failure};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, Message, MessageAttributeValue,
    MessageSystemAttributeName, QueueAttributeName,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_onboarding::{CloudFailure, FailureKind};
use serde::Serialize;
use std::collections::BTreeMap;

/// As many messages as SQS hands out, and takes receipts, at once.
const PAGE: usize = 10;

/// How long SQS looks for messages before it says that there are none, in seconds. Without it, it asks some of its servers
/// only, and says so of a queue that has some.
const LOOK: i32 = 1;

/// A dead-letter queue, and the queue that its messages came from.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    client: Client,
    url: String,
    source_url: String,
}

/// How many messages a queue has, as far as SQS knows: some seconds later it may know better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Depth {
    /// Those that can be had.
    pub visible: u64,
    /// Those that somebody has had, and not given back.
    pub hidden: u64,
}

/// A message that is hidden from others for a while, since it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldMessage {
    /// Its id, which stays the same when SQS moves it from its queue into the dead-letter queue.
    pub id: String,
    /// It.
    pub body: String,
    /// What was sent with it.
    pub attributes: BTreeMap<String, MessageAttribute>,
    /// When it was first sent, in milliseconds since 1970: not when it came here.
    pub sent_at: i64,
    /// How often it was received, in its own queue and here, this time among them.
    pub received: u32,
    /// Whether SQS has moved it here; else somebody has sent it here.
    pub moved: bool,
    /// With what it is given back or taken away.
    pub receipt: String,
}

/// What was sent with a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageAttribute {
    /// `String`, `Number` or `Binary`, and what else its sender has put behind that.
    pub data_type: String,
    /// Its value; where it is binary, in base64.
    pub value: String,
}

impl DeadLetters {
    /// Those in the queue `url` that came from the queue `source_url`.
    pub fn new(cloud: &Cloud, url: &str, source_url: &str) -> Self {
        Self {
            client: Client::new(&cloud.config),
            url: url.to_owned(),
            source_url: source_url.to_owned(),
        }
    }

    /// How many there are.
    pub async fn depth(&self) -> Result<Depth, CloudFailure> {
        let answer = self
            .client
            .get_queue_attributes()
            .queue_url(&self.url)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessages)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessagesNotVisible)
            .send()
            .await
            .map_err(|error| failure("sqs:GetQueueAttributes", error))?;
        let attributes = answer.attributes.unwrap_or_default();
        let number = |name| {
            let text = attributes.get(&name);
            text.and_then(|text| text.parse().ok()).unwrap_or_default()
        };
        Ok(Depth {
            visible: number(QueueAttributeName::ApproximateNumberOfMessages),
            hidden: number(QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
        })
    }

    /// Up to ten messages, in no order, which are hidden from others for so many seconds; none if there are none to be had.
    pub async fn receive(&self, seconds: i32) -> Result<Vec<HeldMessage>, CloudFailure> {
        let answer = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(10)
            .visibility_timeout(seconds)
            .wait_time_seconds(LOOK)
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All")
            .send()
            .await
            .map_err(|error| failure("sqs:ReceiveMessage", error))?;
        Ok(answer
            .messages
            .unwrap_or_default()
            .into_iter()
            .filter_map(held)
            .collect())
    }

    /// Ends the hiding of these receipts' messages. One that is not hidden any more is left as it is.
    pub async fn give_back(&self, receipts: &[String]) -> Result<(), CloudFailure> {
        for page in receipts.chunks(PAGE) {
            let entries = page.iter().enumerate().filter_map(|(number, receipt)| {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder();
                let entry = entry.id(number.to_string()).receipt_handle(receipt);
                entry.visibility_timeout(0).build().ok()
            });
            self.client
                .change_message_visibility_batch()
                .queue_url(&self.url)
                .set_entries(Some(entries.collect()))
                .send()
                .await
                .map_err(|error| failure("sqs:ChangeMessageVisibility", error))?;
        }
        Ok(())
    }

    /// Sends a message, as it was, to the queue that it came from. There it is another one, with an id of its own.
    pub async fn put_back(&self, message: &HeldMessage) -> Result<(), CloudFailure> {
        let mut send = self.client.send_message().queue_url(&self.source_url);
        for (name, attribute) in &message.attributes {
            send = send.message_attributes(name, attribute.to_sdk()?);
        }
        send.message_body(&message.body)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("sqs:SendMessage", error))
    }

    /// Takes a message away.
    pub async fn remove(&self, message: &HeldMessage) -> Result<(), CloudFailure> {
        self.client
            .delete_message()
            .queue_url(&self.url)
            .receipt_handle(&message.receipt)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("sqs:DeleteMessage", error))
    }
}

impl MessageAttribute {
    fn is_binary(&self) -> bool {
        self.data_type.starts_with("Binary")
    }

    fn to_sdk(&self) -> Result<MessageAttributeValue, CloudFailure> {
        let value = MessageAttributeValue::builder().data_type(&self.data_type);
        let bytes = || STANDARD.decode(&self.value).map_err(unfit);
        let value = if self.is_binary() {
            value.binary_value(Blob::new(bytes()?))
        } else {
            value.string_value(&self.value)
        };
        value.build().map_err(unfit)
    }

    fn from_sdk(value: MessageAttributeValue) -> Self {
        let bytes = value.binary_value.map(|bytes| STANDARD.encode(bytes));
        Self {
            data_type: value.data_type,
            value: value.string_value.or(bytes).unwrap_or_default(),
        }
    }
}

fn unfit(error: impl std::error::Error + Send + Sync + 'static) -> CloudFailure {
    CloudFailure {
        kind: FailureKind::Refused,
        action: "sqs:SendMessage",
        message: "an attribute of the message cannot be sent".to_owned(),
        source: Some(Box::new(error)),
    }
}

/// `None` without id or receipt, which every message has.
fn held(message: Message) -> Option<HeldMessage> {
    let said = message.attributes.unwrap_or_default();
    let said = |name| said.get(&name);
    let attributes = message.message_attributes.unwrap_or_default().into_iter();
    let sent_at = said(MessageSystemAttributeName::SentTimestamp);
    let received = said(MessageSystemAttributeName::ApproximateReceiveCount);
    Some(HeldMessage {
        id: message.message_id?,
        body: message.body.unwrap_or_default(),
        attributes: attributes
            .map(|(name, value)| (name, MessageAttribute::from_sdk(value)))
            .collect(),
        sent_at: sent_at
            .and_then(|text| text.parse().ok())
            .unwrap_or_default(),
        received: received
            .and_then(|text| text.parse().ok())
            .unwrap_or_default(),
        moved: said(MessageSystemAttributeName::DeadLetterQueueSourceArn).is_some(),
        receipt: message.receipt_handle?,
    })
}

#[cfg(test)]
mod tests;
