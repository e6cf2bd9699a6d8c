//! What an operator does about dead-letter queues.

use crate::player::{Player, queued, request};
use crate::support::{Stack, send, wait_until};
use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName, SendMessageBatchRequestEntry};
use muster::dead_letters::{
    Chosen, Interrupt, Looked, PutBack, Putting, Wanted, discard, look, overview, put_back,
};
use muster_cloud::operator::{Depth, redeliveries};
use muster_documents::Mode;
use muster_documents::dead_letters::{DeadLetterQueue, LetterKind};
use muster_pki::DeviceKey;
use std::time::{SystemTime, UNIX_EPOCH};

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}

async fn depth(stack: &Stack, queue: DeadLetterQueue) -> Depth {
    let letters = stack.target.dead_letters(queue).unwrap();
    overview(&letters).await.unwrap().depth
}

async fn seen(stack: &Stack, queue: DeadLetterQueue, device: Option<&str>) -> Looked {
    let wanted = Wanted {
        queue,
        device: device.map(str::to_owned),
        limit: 100,
    };
    let letters = stack.target.dead_letters(queue).unwrap();
    look(&letters, &wanted, &Interrupt::default())
        .await
        .unwrap()
}

async fn redrive(stack: &Stack, queue: DeadLetterQueue, chosen: Chosen, dry_run: bool) -> PutBack {
    let asked = Putting {
        queue,
        chosen,
        before: now(),
        per_second: 100,
        dry_run,
    };
    let letters = stack.target.dead_letters(queue).unwrap();
    put_back(&letters, &asked, &Interrupt::default(), |_| {}).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_function_could_not_read_is_told_with_its_reason_stays_when_all_is_put_back_and_can_be_dropped()
 {
    let stack = Stack::start(&[]).await;
    let queue = DeadLetterQueue::ClaimRequest;
    let source = stack.output("ClaimRequestQueueUrl");
    // Five deliveries take a quarter of an hour with the template's three minutes.
    let changed = stack.sqs().set_queue_attributes().queue_url(source);
    let changed = changed.attributes(QueueAttributeName::VisibilityTimeout, "1");
    changed.send().await.unwrap();
    let sent_at = now();
    send(
        &stack,
        "ClaimRequestQueueUrl",
        r#"{"clientId": "sensor-1"}"#,
    )
    .await;
    wait_until("the message in the dead-letter queue", || async {
        (depth(&stack, queue).await.visible == 1).then_some(())
    })
    .await;

    let looked = seen(&stack, queue, Some("sensor-1")).await;
    let [message] = looked.messages.as_slice() else {
        panic!("{looked:?}")
    };
    assert_eq!(message.letter.kind, LetterKind::Unreadable);
    assert!(message.moved, "{message:?}");
    assert!((sent_at..now()).contains(&message.sent_at), "{message:?}");
    assert!(message.received > 5, "{message:?}");
    let log = stack.output("LogGroupName");
    let config = &stack.target.cloud.config;
    let why = redeliveries(config, log, message.sent_at..now())
        .await
        .unwrap();
    assert_eq!(why[&message.id].error, "MessageInvalid");

    let done = redrive(&stack, queue, Chosen::All, false).await;
    assert!(done.put_back.is_empty() && !done.is_whole(), "{done:?}");
    assert_eq!(done.stayed[0].message.id, message.id);
    assert_eq!(depth(&stack, queue).await.visible, 1);

    let letters = stack.target.dead_letters(queue).unwrap();
    let mut written = Vec::new();
    let write = |message: &muster_cloud::operator::HeldMessage, _: &_| {
        written.push(message.body.clone());
        Ok(())
    };
    let chosen = Chosen::Messages([message.id.clone()].into());
    let interrupt = Interrupt::default();
    let done = discard(&letters, (queue, &chosen), now(), &interrupt, write).await;
    assert_eq!((done.count, done.stopped.is_none()), (1, true));
    assert_eq!(written, [r#"{"clientId": "sensor-1"}"#]);
    assert_eq!(depth(&stack, queue).await, Depth::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_whose_request_is_put_back_is_served() {
    let stack = Stack::start(&[]).await;
    let queue = DeadLetterQueue::ClaimRequest;
    let key = DeviceKey::generate().unwrap();
    for serial in ["sensor-00001", "sensor-00002"] {
        stack.import(serial).await;
        let client_id = Player::client_id(serial);
        let asked = request(Mode::Chunked, serial, &key);
        let message =
            serde_json::to_string(&queued(&stack.claim_id, &client_id, "json", &asked)).unwrap();
        let attribute = MessageAttributeValue::builder().data_type("String");
        let attribute = attribute.string_value("7").build().unwrap();
        let put = stack.sqs().send_message().message_body(message);
        let put = put.queue_url(stack.output("ClaimRequestDeadLetterQueueUrl"));
        put.message_attributes("line", attribute)
            .send()
            .await
            .unwrap();
    }
    let looked = seen(&stack, queue, None).await;
    assert_eq!(looked.messages.len(), 2);
    let message = &looked.messages[0];
    assert_eq!(message.letter.kind, LetterKind::Request);
    assert_eq!(message.attributes, ["line"]);
    let again = seen(&stack, queue, None).await;
    assert_eq!(again.messages.len(), 2, "a look hides nothing");

    let chosen = || Chosen::Device("sensor-00001".to_owned());
    let dry = redrive(&stack, queue, chosen(), true).await;
    assert_eq!(dry.put_back.len(), 1);
    assert_eq!(depth(&stack, queue).await.visible, 2, "nothing is done");

    let mut device = Player::listening(&stack, "sensor-00001", key).await;
    let done = redrive(&stack, queue, chosen(), false).await;
    assert!(done.is_whole(), "{done:?}");
    assert_eq!(done.put_back[0].devices[0], "sensor-00001");
    device.play_until_activated().await;
    assert!(device.works(&device.identities[0]).await);
    let left = seen(&stack, queue, None).await;
    assert_eq!(left.messages.len(), 1, "the other device's stays");
    assert!(left.messages[0].letter.is_of("sensor-00002"));
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_messages_go_back_each_once_and_a_second_run_finds_none() {
    let stack = Stack::start(&[]).await;
    let queue = DeadLetterQueue::Registry;
    let source = stack.output("RegistryQueueUrl");
    // So that the function takes none before they are counted.
    let changed = stack.sqs().set_queue_attributes().queue_url(source);
    let changed = changed.attributes(QueueAttributeName::DelaySeconds, "900");
    changed.send().await.unwrap();
    for page in 0..25 {
        let entry = |number: usize| {
            let entry = SendMessageBatchRequestEntry::builder().id(number.to_string());
            let body = format!(r#"{{"thingName": "sensor-{page}-{number}"}}"#);
            entry.message_body(body).build().unwrap()
        };
        let batch = stack.sqs().send_message_batch();
        let batch = batch.queue_url(stack.output("RegistryDeadLetterQueueUrl"));
        let entries = (0..10).map(entry).collect();
        batch.set_entries(Some(entries)).send().await.unwrap();
    }
    let looked = seen(&stack, queue, Some("sensor-24-9")).await;
    assert_eq!(looked.messages.len(), 1);
    assert_eq!(looked.depth.visible, 250);

    let done = redrive(&stack, queue, Chosen::All, false).await;
    assert!(done.is_whole(), "{done:?}");
    assert_eq!(done.put_back.len(), 250);
    assert_eq!(depth(&stack, queue).await, Depth::default());
    let delayed = QueueAttributeName::ApproximateNumberOfMessagesDelayed;
    let counted = stack.sqs().get_queue_attributes().queue_url(source);
    let counted = counted.attribute_names(delayed.clone()).send().await;
    assert_eq!(counted.unwrap().attributes.unwrap()[&delayed], "250");
    let again = redrive(&stack, queue, Chosen::All, false).await;
    assert!(again.is_whole() && again.put_back.is_empty(), "{again:?}");
}
