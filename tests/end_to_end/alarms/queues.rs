//! Queues that are not emptied, and messages that their functions do not take.

use crate::player::queued;
use crate::support::{Stack, next, send, wait_until};
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use muster_documents::CertificateRegistered;
use muster_documents::dead_letters::DeadLetterQueue;
use serde_json::json;

/// The queues whose functions are broken here. Those of the others are elsewhere.
const FAILING: [(DeadLetterQueue, &str); 2] = [
    (DeadLetterQueue::Connection, "RotationCompleterFunction"),
    (DeadLetterQueue::Registry, "RegistryFollowerFunction"),
];

/// What the queue's function takes and is through with.
fn message(stack: &Stack, queue: DeadLetterQueue) -> String {
    let of_a_device = |topic| {
        serde_json::to_string(&queued(&stack.claim_id, "sensor-1", topic, b"hello")).unwrap()
    };
    match queue {
        DeadLetterQueue::ClaimRequest => of_a_device("json"),
        DeadLetterQueue::Acknowledgement => of_a_device("ack"),
        DeadLetterQueue::Registration => {
            let registered = CertificateRegistered {
                certificate_id: "a".repeat(64),
                ca_certificate_id: "b".repeat(64),
                timestamp: 1_767_225_600_000,
            };
            serde_json::to_string(&registered).unwrap()
        }
        DeadLetterQueue::Connection => {
            json!({ "clientId": "sensor-1", "principalIdentifier": "a".repeat(64) }).to_string()
        }
        DeadLetterQueue::Registry => json!({ "thingName": "sensor-1" }).to_string(),
    }
}

/// Whether the queue's function asks it for messages.
async fn asks(stack: &Stack, queue: DeadLetterQueue, enabled: bool) {
    let lambda = aws_sdk_lambda::Client::new(&stack.target.cloud.config);
    let url = stack.output(queue.names().source_url_output);
    let name = url.rsplit('/').next().unwrap();
    let mappings = lambda.list_event_source_mappings().send().await.unwrap();
    let mapping = mappings.event_source_mappings().iter().find(|mapping| {
        let source = mapping.event_source_arn().unwrap_or_default();
        source.rsplit(':').next() == Some(name)
    });
    let update = lambda.update_event_source_mapping().enabled(enabled);
    let update = update.uuid(mapping.expect(name).uuid().unwrap());
    update.send().await.unwrap();
}

/// How many messages wait in a queue, and how many a function has.
async fn counts(stack: &Stack, url_output: &'static str) -> (u32, u32) {
    let visible = QueueAttributeName::ApproximateNumberOfMessages;
    let taken = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;
    let found = stack.sqs().get_queue_attributes();
    let found = found.queue_url(stack.output(url_output));
    let found = found.attribute_names(visible.clone());
    let found = found.attribute_names(taken.clone()).send().await.unwrap();
    let found = found.attributes().unwrap();
    (
        found[&visible].parse().unwrap(),
        found[&taken].parse().unwrap(),
    )
}

/// When the message that a queue has was sent, in milliseconds since 1970. It stays where it is.
async fn sent_at(stack: &Stack, url_output: &'static str, body: &str) -> i64 {
    let sent = MessageSystemAttributeName::SentTimestamp;
    let look = stack.sqs().receive_message().visibility_timeout(0);
    let look = look.message_system_attribute_names(sent.clone());
    let seen = look.queue_url(stack.output(url_output)).send().await;
    let seen = seen.unwrap();
    let [message] = seen.messages() else {
        panic!("{url_output}: {seen:?}");
    };
    assert_eq!(message.body(), Some(body));
    message.attributes().unwrap()[&sent].parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_function_asks_for_grows_old_in_its_queue_and_what_fails_each_time_is_a_dead_letter()
 {
    let stack = Stack::start(&[]).await;
    let mut waiting = Vec::new();
    for queue in DeadLetterQueue::ALL {
        let (source, body) = (queue.names().source_url_output, message(&stack, queue));
        asks(&stack, queue, false).await;
        send(&stack, source, &body).await;
        waiting.push((queue, sent_at(&stack, source, &body).await, body));
    }
    for (_, function) in FAILING {
        let broken = ("LEDGER_TABLE", "no-such-table");
        stack.set_variable(function, broken).await;
    }

    // Functions that asked would have taken them meanwhile.
    for (queue, sent, body) in &waiting {
        let source = queue.names().source_url_output;
        assert_eq!(counts(&stack, source).await, (1, 0), "{queue:?}");
        assert_eq!(sent_at(&stack, source, body).await, *sent, "{queue:?}");
    }

    for (queue, _) in FAILING {
        // Five deliveries take a quarter of an hour with the template's three minutes.
        let changed = stack.sqs().set_queue_attributes();
        let changed = changed.queue_url(stack.output(queue.names().source_url_output));
        let changed = changed.attributes(QueueAttributeName::VisibilityTimeout, "1");
        changed.send().await.unwrap();
    }
    for (queue, _, body) in waiting {
        let names = queue.names();
        asks(&stack, queue, true).await;
        wait_until(&format!("{queue:?} to be empty"), || async {
            (counts(&stack, names.source_url_output).await == (0, 0)).then_some(())
        })
        .await;
        let failing = FAILING.iter().any(|(failing, _)| *failing == queue);
        let dead = counts(&stack, names.url_output).await;
        assert_eq!(dead, (u32::from(failing), 0), "{queue:?}");
        if failing {
            assert_eq!(next(&stack, names.url_output).await, body);
        }
    }
}
