//! No private key lies anywhere but on its device.

use crate::provisioning::request;
use crate::support::{RawDevice, Secret, Stack, places};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use edge_client::Mode;
use muster_pki::DeviceKey;
use secrecy::ExposeSecret;

#[tokio::test(flavor = "multi_thread")]
async fn after_a_full_run_no_private_key_is_in_any_log_execution_queue_event_or_ledger() {
    let stack = Stack::start(&[("LegacyMode", "on")]).await;
    let tap = tap_the_bus(&stack).await;
    let mut secrets = vec![
        Secret::words("PRIVATE KEY"),
        Secret::key("the claim's key", stack.claim_key.expose_secret()),
    ];
    for (serial, mode) in [
        ("chunked-0001", Mode::Chunked),
        ("legacy-00001", Mode::Legacy),
    ] {
        stack.import(serial).await;
        stack.provision(serial, mode).await.unwrap();
        let kept = stack.config(serial, mode).store.join("current.pem");
        let pem = std::fs::read_to_string(kept).unwrap();
        let start = pem
            .find("-----BEGIN PRIVATE KEY")
            .expect("the device keeps its key");
        let end = start + pem[start..].find("-----END PRIVATE KEY-----").unwrap() + 25;
        secrets.push(Secret::key(serial, &format!("{}\n", &pem[start..end])));
    }
    let mut stranger = RawDevice::asking(&stack, "stranger").await;
    let body = request(&DeviceKey::generate().unwrap(), "stranger", 256);
    assert!(stranger.publish("provision/stranger/json", body).await);
    assert_eq!(stranger.hear().await.json()["code"], "SerialUnknown");
    stack.settled().await;
    let token = task_token(&stack).await;

    let places_now = places(&stack).await;
    for (place, holds) in &places_now {
        for secret in &secrets {
            assert!(!secret.is_in(holds), "{} is in {place}", secret.name());
        }
    }
    for (place, holds) in &places_now {
        // It has to be in the ledger, and may be in an execution's state. It opens nothing to a device.
        let by_design = ["the executions", "the ledger"].contains(place);
        assert!(
            by_design || !token.is_in(holds),
            "a task token is in {place}"
        );
    }
    // Each place was truly read: all but the state file speak of the devices.
    let speaks = |name: &str, text: &str| {
        let (_, holds) = places_now.iter().find(|(place, _)| *place == name).unwrap();
        assert!(
            String::from_utf8_lossy(holds).contains(text),
            "{name} says nothing of {text}"
        );
    };
    for name in [
        "the functions' logs",
        "the executions",
        "the queues",
        "the ledger",
    ] {
        speaks(name, "legacy-00001");
    }
    speaks("the executions", "sealedKey");
    speaks("the queues", "DeviceProvisioned");
    speaks("the queues", "DeviceRejected");
    what_is_planted_is_found(&stack, &tap).await;
}

/// The task token of a delivery whose device hears its manifest and says nothing.
async fn task_token(stack: &Stack) -> Secret {
    let serial = "silent-00001";
    stack.import(serial).await;
    let mut device = RawDevice::asking(stack, serial).await;
    let body = request(&DeviceKey::generate().unwrap(), serial, 256);
    let topic = format!("provision/{serial}/json");
    assert!(device.publish(&topic, body).await);
    device.hear().await;
    let ledger = stack.ledger().await;
    let token = ledger.iter().find_map(|item| item.get("taskToken"));
    Secret::words(token.expect("a delivery under way").as_s().unwrap())
}

/// A queue that gets every event of the stack's bus.
async fn tap_the_bus(stack: &Stack) -> String {
    use aws_sdk_eventbridge::types::Target;
    let queue = stack
        .sqs()
        .create_queue()
        .queue_name("tap")
        .send()
        .await
        .unwrap();
    let url = queue.queue_url().unwrap().to_owned();
    let name = aws_sdk_sqs::types::QueueAttributeName::QueueArn;
    let attributes = stack
        .sqs()
        .get_queue_attributes()
        .queue_url(&url)
        .attribute_names(name.clone());
    let attributes = attributes.send().await.unwrap();
    let arn = attributes.attributes().unwrap()[&name].clone();
    let events = aws_sdk_eventbridge::Client::new(&stack.target.cloud.config);
    let bus = stack.output("EventBusName");
    let rule = events
        .put_rule()
        .name("tap")
        .event_bus_name(bus)
        .event_pattern(r#"{"source": [{"prefix": ""}]}"#);
    rule.send().await.unwrap();
    let target = Target::builder().id("tap").arn(arn).build().unwrap();
    events
        .put_targets()
        .rule("tap")
        .event_bus_name(bus)
        .targets(target)
        .send()
        .await
        .unwrap();
    url
}

/// The same search finds a key where one is put: as text in a log, packed in a message, as bytes in an item.
async fn what_is_planted_is_found(stack: &Stack, tap: &str) {
    let pem = DeviceKey::generate().unwrap().pem();
    let pem = pem.expose_secret();
    let der = muster_pki::pem_to_der(pem).unwrap();
    let secret = Secret::key("planted", pem);

    let logs = aws_sdk_cloudwatchlogs::Client::new(&stack.target.cloud.config);
    let (group, stream) = ("scratch", "scratch");
    logs.create_log_group()
        .log_group_name(group)
        .send()
        .await
        .unwrap();
    logs.create_log_stream()
        .log_group_name(group)
        .log_stream_name(stream)
        .send()
        .await
        .unwrap();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis();
    let event = aws_sdk_cloudwatchlogs::types::InputLogEvent::builder()
        .message(pem)
        .timestamp(i64::try_from(now).unwrap())
        .build()
        .unwrap();
    logs.put_log_events()
        .log_group_name(group)
        .log_stream_name(stream)
        .log_events(event)
        .send()
        .await
        .unwrap();
    let body = STANDARD.encode(format!("x{pem}"));
    stack
        .sqs()
        .send_message()
        .queue_url(tap)
        .message_body(body)
        .send()
        .await
        .unwrap();
    aws_sdk_dynamodb::Client::new(&stack.target.cloud.config)
        .put_item()
        .table_name(stack.output("LedgerTableName"))
        .item("pk", AttributeValue::S("scratch".into()))
        .item("sk", AttributeValue::S("scratch".into()))
        .item("planted", AttributeValue::B(Blob::new(der)))
        .send()
        .await
        .unwrap();
    for (place, holds) in places(stack).await {
        let planted = ["the functions' logs", "the queues", "the ledger"].contains(&place);
        assert_eq!(secret.is_in(&holds), planted, "{place}");
    }
}
