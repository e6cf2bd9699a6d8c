//! What comes twice is done once, and what nobody answers is undone and told.

mod abandoned;
mod batches;
mod dead_letters;
mod events;

use crate::player::{Player, queued, request, request_unsigned};
use crate::support::{self, RawDevice, Stack, wait_until};
use crate::workflow::verify_clean_slate;
use muster_documents::{DeviceMessage, Mode};
use muster_pki::DeviceKey;

/// Puts a message into a queue so many times.
async fn send(stack: &Stack, queue: &'static str, message: &DeviceMessage, times: usize) {
    for _ in 0..times {
        support::send(stack, queue, &serde_json::to_string(message).unwrap()).await;
    }
}

/// Waits until nothing is in the queues and no execution runs.
async fn settled(stack: &Stack) {
    use aws_sdk_sqs::types::QueueAttributeName::{
        ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible,
    };
    for queue in ["ClaimRequestQueueUrl", "AcknowledgementQueueUrl"] {
        wait_until(&format!("{queue} to be empty"), || async {
            let attributes = stack
                .sqs()
                .get_queue_attributes()
                .queue_url(stack.output(queue))
                .attribute_names(ApproximateNumberOfMessages)
                .attribute_names(ApproximateNumberOfMessagesNotVisible)
                .send()
                .await
                .unwrap();
            let counts = attributes.attributes().unwrap();
            counts.values().all(|count| count == "0").then_some(())
        })
        .await;
    }
    stack.settled().await;
}

/// The device has one certificate, which works, and nothing else is there.
async fn has_one_certificate(stack: &Stack, player: &Player<'_>, serial: &str) {
    let (device, _) = stack.show(serial).await;
    let device = device.unwrap();
    assert_eq!(device.state, "provisioned");
    let id = device.certificate_id.unwrap();
    let identity = player
        .identities
        .iter()
        .find(|identity| identity.certificate_id == id);
    assert!(
        player
            .works(identity.expect("the device has the certificate in the ledger"))
            .await
    );
    assert_eq!(stack.certificates().await, [id]);
    assert_eq!(stack.things().await, [serial]);
    assert_eq!(verify_clean_slate(stack, &[]).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_come_again_at_any_time_leave_one_device_with_one_certificate() {
    // Of requests that come at once one is served; on the emulator the others wait until they time out.
    let stack = Stack::start(&[("DeliveryTimeoutSeconds", "15")]).await;
    let serial = "sensor-00001";
    stack.import(serial).await;
    let client_id = Player::client_id(serial);
    let key = DeviceKey::generate().unwrap();
    let asked = queued(
        &stack.claim_id,
        &client_id,
        "json",
        &request(Mode::Chunked, serial, &key),
    );

    let mut player = Player::listening(&stack, serial, key).await;
    send(&stack, "ClaimRequestQueueUrl", &asked, 5).await;
    player.play_until_complete().await;
    let acknowledged = queued(
        &stack.claim_id,
        &client_id,
        "ack",
        &player.acknowledgement().unwrap(),
    );
    send(&stack, "ClaimRequestQueueUrl", &asked, 3).await;
    send(&stack, "AcknowledgementQueueUrl", &acknowledged, 3).await;
    player.play_until_activated().await;
    send(&stack, "ClaimRequestQueueUrl", &asked, 1).await;
    send(&stack, "AcknowledgementQueueUrl", &acknowledged, 5).await;

    player.play_until(settled(&stack)).await;
    has_one_certificate(&stack, &player, serial).await;
    assert_eq!(
        player.identities.len(),
        1,
        "it is the same certificate each time"
    );
    let (_, timeline) = stack.show(serial).await;
    assert_eq!(
        timeline
            .iter()
            .filter(|entry| entry.event == "DeviceRejected")
            .count(),
        0,
        "{timeline:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_asks_again_is_served_once_and_another_key_has_to_wait() {
    let stack = Stack::start(&[("DeliveryTimeoutSeconds", "15")]).await;
    let serial = "sensor-00001";
    stack.import(serial).await;
    let key = DeviceKey::generate().unwrap();
    let with_its_public_key = request_unsigned(serial, &key);
    let mut player = Player::listening(&stack, serial, key).await;
    player.ask(Mode::Chunked).await;
    wait_until("a certificate under way", || async {
        let (device, _) = stack.show(serial).await;
        device.and_then(|device| device.pending_certificate_id)
    })
    .await;

    let mut other = RawDevice::asking(&stack, "another-client").await;
    let with_another_key = request(Mode::Chunked, serial, &DeviceKey::generate().unwrap());
    for (body, code, retryable) in [
        (with_another_key, "ProvisioningInProgress", true),
        (with_its_public_key, "CsrSignatureInvalid", false),
    ] {
        assert!(other.publish("provision/another-client/json", body).await);
        let refusal = other.hear().await;
        assert_eq!(refusal.topic, "provision/another-client/rejected");
        assert_eq!(refusal.json()["code"], code);
        assert_eq!(refusal.json()["retryable"], retryable);
    }
    let (device, _) = stack.show(serial).await;
    assert_eq!(
        device.unwrap().client_id.as_deref(),
        Some(Player::client_id(serial).as_str()),
        "the stranger has taken nothing over"
    );

    player.ask(Mode::Chunked).await;
    player.ask(Mode::Chunked).await;
    player.play_until_activated().await;
    player.play_until(settled(&stack)).await;
    has_one_certificate(&stack, &player, serial).await;
}
