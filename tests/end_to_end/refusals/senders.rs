//! Senders that are not who they say.

use super::csr_pem;
use crate::support::{RawDevice, Recorded, Refused, Stack};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_chunking::MIN_PACKET_SIZE;
use serde_json::{Value, json};

/// Client ids that no device may have, and topics that are not the sender's. The claim policy refuses nearly all of
/// them at the broker; claim-intake and delivery-acknowledger refuse them again, which messages put straight into
/// their queues show.
pub async fn bad_senders(stack: &Stack) -> Vec<Recorded> {
    for id in ["+", "#", "*", "?", "a/b", "v*", "??????"] {
        assert!(
            RawDevice::claim(stack, id, &[]).await.is_none(),
            "{id:?} connected"
        );
    }
    let mut thief = RawDevice::asking(stack, "thief").await;
    assert!(
        !thief.publish("provision/victim/json", "{}").await,
        "the policy lets a thief ask for the victim"
    );
    let mut thief = RawDevice::asking(stack, "thief").await;
    assert!(
        !thief.publish("provision/victim/ack", "x").await,
        "the policy lets a thief answer for the victim"
    );

    let mut expected = Vec::new();
    let long = "x".repeat(129);
    let queues = ["ClaimRequestQueueUrl", "AcknowledgementQueueUrl"];
    for queue in queues {
        for id in ["+", "#", "*", "?", "a/b", "a$b", "a b", &long] {
            put(stack, queue, id, id).await;
            expected.push(Refused::new("ClientIdMalformed").recorded(id));
        }
    }
    let mut victim = RawDevice::asking(stack, "victim").await;
    let mut thief = RawDevice::asking(stack, "thief").await;
    for queue in queues {
        put(stack, queue, "victim", "thief").await;
        let refused = Refused {
            packet_size: MIN_PACKET_SIZE,
            ..Refused::new("ClientIdMismatch")
        };
        refused.check("thief", &thief.hear().await);
        expected.push(refused.recorded("thief"));
    }
    assert!(
        victim.heard_so_far().is_empty(),
        "the victim was told of the thief's request"
    );

    // AWS IoT takes a space in a client id and no policy can forbid every character: claim-intake is the one.
    if let Some(mut spaced) = RawDevice::claim(stack, "c d", &[]).await {
        assert!(spaced.publish("provision/c d/json", "{}").await);
        expected.push(Refused::new("ClientIdMalformed").recorded("c d"));
    }
    expected
}

/// Puts into a queue what the topic rule would have put there.
async fn put(stack: &Stack, queue: &'static str, topic: &str, client_id: &str) {
    let kind = if queue.starts_with("Claim") {
        "json"
    } else {
        "ack"
    };
    let message: Value = json!({
        "payload": STANDARD.encode(json!({ "csr": csr_pem() }).to_string()),
        "topic": format!("provision/{topic}/{kind}"), "clientId": client_id, "principal": stack.claim_id,
        "timestamp": 1_767_225_600_000_i64,
    });
    let sent = stack
        .sqs()
        .send_message()
        .queue_url(stack.output(queue))
        .message_body(message.to_string());
    sent.send().await.unwrap();
}
