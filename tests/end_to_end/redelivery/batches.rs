//! Batches from the queues, of which some messages are bad or come again under the same message id.

use crate::player::{queued, request};
use crate::support::{Stack, invoke};
use muster_documents::Mode;
use muster_pki::DeviceKey;
use serde_json::{Value, json};

/// Ten messages, of which every third is not what the topic rule writes.
fn batch(stack: &Stack, topic: &str, body: impl Fn(&str) -> Vec<u8>) -> Value {
    let bad = ["not JSON", "{}", r#"{"payload": 1}"#];
    let record = |index: usize| {
        let client_id = format!("sensor-0000{index}");
        let message = queued(&stack.claim_id, &client_id, topic, &body(&client_id));
        let message = serde_json::to_string(&message).unwrap();
        let body = if index % 3 == 2 {
            bad[index / 3].to_owned()
        } else {
            message
        };
        json!({ "messageId": format!("00000000-0000-4000-8000-00000000000{index}"), "body": body })
    };
    json!({ "Records": (0..10).map(record).collect::<Vec<_>>() })
}

fn failed(answer: &Value) -> Vec<&str> {
    let failures = answer["batchItemFailures"].as_array().unwrap();
    failures
        .iter()
        .map(|one| one["itemIdentifier"].as_str().unwrap())
        .collect()
}

const BAD: [&str; 3] = [
    "00000000-0000-4000-8000-000000000002",
    "00000000-0000-4000-8000-000000000005",
    "00000000-0000-4000-8000-000000000008",
];

#[tokio::test(flavor = "multi_thread")]
async fn of_a_batch_just_the_bad_messages_are_delivered_again_and_what_comes_again_is_one_execution()
 {
    let stack = Stack::start(&[]).await;
    let requests = batch(&stack, "json", |serial| {
        request(Mode::Chunked, serial, &DeviceKey::generate().unwrap())
    });
    for _ in 0..2 {
        let answer = invoke(&stack, "ClaimIntakeFunction", &requests)
            .await
            .unwrap();
        assert_eq!(failed(&answer), BAD, "{answer}");
    }
    stack.settled().await;
    let machine = stack.output("ClaimProvisioningStateMachineArn");
    let executions = stack
        .sfn()
        .list_executions()
        .state_machine_arn(machine)
        .send()
        .await
        .unwrap();
    assert_eq!(
        executions.executions().len(),
        7,
        "one for each good message, though it came twice"
    );
    for index in [0, 1, 3, 4, 6, 7, 9] {
        let (_, timeline) = stack.show(&format!("sensor-0000{index}")).await;
        assert_eq!(timeline.len(), 1);
        assert_eq!(timeline[0].code.as_deref(), Some("SerialUnknown"));
    }

    let acknowledgements = batch(&stack, "ack", |_| vec![0x82, 0x00, 0x80]);
    for _ in 0..2 {
        let answer = invoke(&stack, "DeliveryAcknowledgerFunction", &acknowledgements)
            .await
            .unwrap();
        assert_eq!(failed(&answer), BAD, "{answer}");
    }
    let ledger = stack.ledger().await;
    let refusals: Vec<_> = ledger
        .iter()
        .filter(|item| item["pk"].as_s().unwrap().starts_with("client#"))
        .collect();
    assert_eq!(
        refusals.len(),
        7,
        "each is recorded once, though it came twice: {refusals:#?}"
    );
}
