//! What cannot be taken is kept for the operator, as it came.

use crate::player::{queued, request};
use crate::support::{RawDevice, Stack, next, send};
use aws_sdk_sqs::types::QueueAttributeName;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_documents::Mode;
use muster_pki::DeviceKey;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn what_no_function_can_read_and_what_reaches_no_queue_is_in_the_dead_letter_queue() {
    let stack = Stack::start(&[]).await;
    let queues = [
        ("ClaimRequestQueueUrl", "ClaimRequestDeadLetterQueueUrl"),
        (
            "AcknowledgementQueueUrl",
            "AcknowledgementDeadLetterQueueUrl",
        ),
    ];
    for (queue, dead) in queues {
        let url = stack.output(queue);
        // Five deliveries take a quarter of an hour with the template's three minutes.
        let changed = stack.sqs().set_queue_attributes().queue_url(url);
        let changed = changed.attributes(QueueAttributeName::VisibilityTimeout, "1");
        changed.send().await.unwrap();
        let unreadable = format!("not what a rule writes to {queue}");
        send(&stack, queue, &unreadable).await;
        let good = queued(&stack.claim_id, "sensor-00001", "json", b"hello");
        send(&stack, queue, &serde_json::to_string(&good).unwrap()).await;
        assert_eq!(next(&stack, dead).await, unreadable);
    }

    for (queue, dead) in queues {
        let gone = stack.sqs().delete_queue().queue_url(stack.output(queue));
        gone.send().await.unwrap();
        let kind = if queue.starts_with("Claim") {
            "json"
        } else {
            "ack"
        };
        let mut device = RawDevice::asking(&stack, "sensor-00002").await;
        let body = request(
            Mode::Chunked,
            "sensor-00002",
            &DeviceKey::generate().unwrap(),
        );
        let topic = format!("provision/sensor-00002/{kind}");
        assert!(device.publish(&topic, body.clone()).await);
        let told: Value = serde_json::from_str(&next(&stack, dead).await).unwrap();
        assert_eq!(told["topic"], topic, "{told}");
        assert_eq!(told["clientId"], "sensor-00002", "{told}");
        let original = told["base64OriginalPayload"].as_str().unwrap();
        assert_eq!(STANDARD.decode(original).unwrap(), body);
    }
}
