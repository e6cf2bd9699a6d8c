//! Against queues that are played.

use super::*;
use crate::played::play_json;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// The messages of a queue that gives these answers, one after the other, and what it was asked.
async fn queue(answers: Vec<(u16, Value)>) -> (DeadLetters, JoinHandle<Vec<Value>>) {
    let (cloud, asked) = play_json(answers).await;
    (DeadLetters::new(&cloud, "dead", "source"), asked)
}

fn message() -> HeldMessage {
    let attribute = |data_type: &str, value: &str| MessageAttribute {
        data_type: data_type.to_owned(),
        value: value.to_owned(),
    };
    HeldMessage {
        id: "m-1".to_owned(),
        body: "{}".to_owned(),
        attributes: BTreeMap::from([
            ("line".to_owned(), attribute("String", "7")),
            ("raw".to_owned(), attribute("Binary", "//4=")),
        ]),
        sent_at: 5,
        received: 6,
        moved: true,
        receipt: "r-1".to_owned(),
    }
}

/// As SQS's protocol has a message's attributes.
fn attributes() -> Value {
    json!({
        "line": { "DataType": "String", "StringValue": "7" },
        "raw": { "DataType": "Binary", "BinaryValue": "//4=" },
    })
}

#[tokio::test]
async fn a_message_is_read_with_all_that_is_known_of_it_and_hidden_for_as_long_as_was_asked() {
    let answer = json!({ "Messages": [{
        "MessageId": "m-1", "ReceiptHandle": "r-1", "Body": "{}", "MessageAttributes": attributes(),
        "Attributes": { "SentTimestamp": "5", "ApproximateReceiveCount": "6", "DeadLetterQueueSourceArn": "arn" },
    }]});
    let (queue, asked) = queue(vec![(200, answer)]).await;
    assert_eq!(queue.receive(30).await.unwrap(), [message()]);
    let asked = &asked.await.unwrap()[0];
    assert_eq!(asked["QueueUrl"], "dead");
    assert_eq!(asked["VisibilityTimeout"], 30);
    assert_eq!(asked["MaxNumberOfMessages"], 10);
    assert_eq!(asked["WaitTimeSeconds"], 1);
}

#[tokio::test]
async fn a_queue_without_messages_has_none_and_one_without_counts_has_zero() {
    let (queue, _) = queue(vec![(200, json!({})), (200, json!({}))]).await;
    assert!(queue.receive(30).await.unwrap().is_empty());
    assert_eq!(queue.depth().await.unwrap(), Depth::default());
}

#[tokio::test]
async fn a_message_is_put_back_into_its_source_with_all_that_was_sent_with_it() {
    let (queue, asked) = queue(vec![(200, json!({ "MessageId": "m-2" }))]).await;
    queue.put_back(&message()).await.unwrap();
    let asked = &asked.await.unwrap()[0];
    assert_eq!(asked["QueueUrl"], "source");
    assert_eq!(asked["MessageBody"], "{}");
    assert_eq!(asked["MessageAttributes"], attributes());
}

#[tokio::test]
async fn an_attribute_that_cannot_be_sent_is_said_and_nothing_is_sent_without_it() {
    let (queue, asked) = queue(Vec::new()).await;
    let mut message = message();
    message.attributes.get_mut("raw").unwrap().value = "no base64".to_owned();
    let failure = queue.put_back(&message).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert!(asked.await.unwrap().is_empty());
}

#[tokio::test]
async fn messages_are_given_back_ten_at_a_time() {
    let (queue, asked) = queue(vec![(200, json!({})), (200, json!({}))]).await;
    let receipts: Vec<_> = (0..12).map(|number| format!("r-{number}")).collect();
    queue.give_back(&receipts).await.unwrap();
    let asked = asked.await.unwrap();
    let entries = |page: usize| asked[page]["Entries"].as_array().unwrap();
    assert_eq!((entries(0).len(), entries(1).len()), (10, 2));
    let last = json!({ "Id": "1", "ReceiptHandle": "r-11", "VisibilityTimeout": 0 });
    assert_eq!(entries(1)[1], last);
}

#[tokio::test]
async fn a_queue_that_is_gone_and_a_call_that_is_denied_are_told_apart() {
    let gone = json!({ "__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "gone" });
    let denied = json!({ "__type": "AccessDeniedException", "message": "no" });
    let (queue, _) = queue(vec![(400, gone), (403, denied)]).await;
    let failure = queue.depth().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotFound);
    assert_eq!(failure.action, "sqs:GetQueueAttributes");
    let failure = queue.remove(&message()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::AccessDenied);
}
