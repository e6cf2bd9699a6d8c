//! What queues hand to functions.

use super::{CLAIM, CLIENT_ID};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_documents::DeviceMessage;
use serde_json::{Value, json};

/// Messages from a queue, as the topic rules write them.
pub fn batch(topic: &str, payloads: &[&[u8]]) -> Value {
    let messages = payloads.iter().map(|payload| {
        let message = DeviceMessage {
            payload: STANDARD.encode(payload),
            topic: format!("provision/{CLIENT_ID}/{topic}"),
            client_id: CLIENT_ID.to_owned(),
            principal: Some(CLAIM.to_owned()),
            timestamp: 1_767_225_600_000,
        };
        json!(message).to_string()
    });
    records(&messages.collect::<Vec<_>>())
}

/// Messages from a queue.
pub fn records(bodies: &[String]) -> Value {
    let records = bodies.iter().map(|body| {
        json!({
            "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
            "receiptHandle": "r".repeat(200),
            "body": body,
            "attributes": { "ApproximateReceiveCount": "1", "SentTimestamp": "1767225600000" },
            "messageAttributes": {},
            "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:requests",
            "awsRegion": "eu-central-1",
        })
    });
    json!({ "Records": records.collect::<Vec<_>>() })
}
