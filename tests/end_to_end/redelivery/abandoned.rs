//! Deliveries that nobody answers.

use super::events::Events;
use crate::player::{Player, request};
use crate::support::{RawDevice, Stack};
use crate::workflow::verify_clean_slate;
use muster_chunking::{Acknowledgement, Answer, MissingSet};
use muster_documents::Mode;
use muster_pki::DeviceKey;

/// A device that asks and then only listens, until it is refused. It acknowledges when all is over.
async fn asks_and_falls_silent(stack: &Stack, serial: &str, mode: Mode) -> serde_json::Value {
    let mut late = None;
    let mut device = RawDevice::asking(stack, serial).await;
    let body = request(mode, serial, &DeviceKey::generate().unwrap());
    assert!(
        device
            .publish(&format!("provision/{serial}/json"), body)
            .await
    );
    loop {
        let heard = device.hear().await;
        if heard.topic.ends_with("/accepted") {
            // The manifest is [0, delivery, …]; the acknowledgement of a whole delivery, [delivery, []].
            if let Ok(Answer::Manifest(manifest)) = Answer::decode(&heard.payload) {
                late = Some(Acknowledgement::new(manifest.delivery(), MissingSet::new()));
            }
            continue;
        }
        if let Some(late) = late {
            let mut body = [0; Acknowledgement::MAX_LENGTH];
            let length = late.encode(&mut body).unwrap();
            let topic = format!("provision/{serial}/ack");
            assert!(device.publish(&topic, &body[..length]).await);
            assert_eq!(device.hear().await.json()["code"], "DeliveryUnknown");
        }
        return heard.json();
    }
}

async fn asks_and_answers(stack: &Stack, serial: &str) {
    let mut player = Player::listening(stack, serial, DeviceKey::generate().unwrap()).await;
    player.ask(Mode::Chunked).await;
    player.play_until_activated().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_nobody_answers_for_is_revoked_and_all_are_told_once() {
    let seconds = "8";
    let parameters = [
        ("LegacyMode", "on"),
        ("DeliveryTimeoutSeconds", seconds),
        ("ConnectTimeoutSeconds", seconds),
    ];
    let stack = Stack::start(&parameters).await;
    let mut events = Events::listen(&stack).await;
    for serial in ["answering-01", "chunked-silent", "legacy-silent"] {
        stack.import(serial).await;
    }
    let (chunked, legacy, unknown, ()) = tokio::join!(
        asks_and_falls_silent(&stack, "chunked-silent", Mode::Chunked),
        asks_and_falls_silent(&stack, "legacy-silent", Mode::Legacy),
        asks_and_falls_silent(&stack, "nobody-knows", Mode::Chunked),
        asks_and_answers(&stack, "answering-01"),
    );
    assert_eq!(unknown["code"], "SerialUnknown");
    stack.settled().await;
    for (serial, refusal) in [("chunked-silent", chunked), ("legacy-silent", legacy)] {
        assert_eq!(refusal["code"], "DeliveryAbandoned", "{serial}");
        assert_eq!(refusal["retryable"], true, "{serial}");
        let (device, timeline) = stack.show(serial).await;
        assert_eq!(device.unwrap().state, "known", "{serial}");
        let abandoned: Vec<_> = timeline
            .iter()
            .filter(|entry| entry.event == "DeliveryAbandoned")
            .map(|entry| entry.code.as_deref())
            .collect();
        assert_eq!(
            abandoned,
            [Some("DeliveryAbandoned")],
            "{serial}: {timeline:#?}"
        );
    }
    assert_eq!(stack.things().await, ["answering-01"]);
    assert_eq!(verify_clean_slate(&stack, &[]).await, Vec::<String>::new());

    let told = [
        ("answering-01", "DeviceProvisioned"),
        ("chunked-silent", "DeliveryAbandoned"),
        ("legacy-silent", "DeliveryAbandoned"),
        ("nobody-knows", "DeviceRejected"),
    ];
    let told = told.map(|(serial, event)| (serial.to_owned(), event.to_owned()));
    assert_eq!(events.heard(told.len()).await, told);
}
