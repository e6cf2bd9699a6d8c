//! Devices that bring a certificate of their own, signed by a registered CA.

pub mod device;
mod hostile;
mod interrupted;
mod revoked;
pub mod verifiers;

use crate::support::{Authority, OURS, Stack, invoke, send};
use aws_sdk_iot::types::CaCertificateStatus;
use device::Device;
use muster::release::release;
use muster_documents::Serial;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

/// Waits until all executions of `jitr-activation` have ended.
async fn settled(stack: &Stack) {
    stack.settled_of("JitrActivationStateMachineArn").await;
}

/// How often a device's timeline has this event.
async fn told(stack: &Stack, serial: &str, event: &str) -> usize {
    let (_, timeline) = stack.show(serial).await;
    timeline.iter().filter(|entry| entry.event == event).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_with_a_certificate_of_a_registered_ca_is_let_in_once_however_often_it_is_announced()
 {
    let stack = Stack::start(&[]).await;
    let authority = Authority::register(&stack, &[OURS]).await;
    let device = Device::signed_by(&authority, "sensor-00001");
    device.knocks(&stack).await;
    for _ in 0..5 {
        send(
            &stack,
            "RegistrationQueueUrl",
            &device.registered(&authority),
        )
        .await;
    }
    assert!(device.works(&stack).await);
    for _ in 0..5 {
        send(
            &stack,
            "RegistrationQueueUrl",
            &device.registered(&authority),
        )
        .await;
    }
    settled(&stack).await;
    let (found, timeline) = stack.show("sensor-00001").await;
    let found = found.unwrap();
    assert_eq!(found.state, "provisioned");
    assert_eq!(found.certificate_id.as_ref(), Some(&device.certificate_id));
    assert_eq!(timeline.len(), 1, "{timeline:#?}");
    assert_eq!(timeline[0].event, "DeviceProvisioned", "{timeline:#?}");
    assert_eq!(stack.things().await, ["sensor-00001"]);
    assert!(device.works(&stack).await);

    // Another certificate in the same name comes too late, and never in.
    let other = Device::signed_by(&authority, "sensor-00001");
    other.knocks(&stack).await;
    other.becomes(&stack, "REVOKED").await;
    settled(&stack).await;
    assert_eq!(told(&stack, "sensor-00001", "DeviceRejected").await, 1);
    assert!(other.connect(&stack).await.is_none());
    assert!(device.works(&stack).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_was_released_stays_out_and_leaves_its_name_to_another_certificate() {
    let stack = Stack::start(&[]).await;
    let authority = Authority::register(&stack, &[OURS]).await;
    let stolen = Device::signed_by(&authority, "sensor-00001");
    stolen.knocks(&stack).await;
    assert!(stolen.works(&stack).await);
    settled(&stack).await;
    let serial = Serial::new("sensor-00001").unwrap();
    release(&stack.target, &serial).await.unwrap();
    assert_eq!(stolen.status(&stack).await.as_deref(), Some("REVOKED"));
    assert!(stolen.connect(&stack).await.is_none());
    let (device, _) = stack.show("sensor-00001").await;
    assert!(
        device.is_none(),
        "a serial that nobody imported is unknown again"
    );

    let next = Device::signed_by(&authority, "sensor-00001");
    next.knocks(&stack).await;
    assert!(next.works(&stack).await);
    settled(&stack).await;
    assert!(stolen.connect(&stack).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_edge_client_comes_in_by_itself_and_says_why_it_does_not() {
    let stack = Stack::start(&[]).await;
    let authority = Authority::register(&stack, &[OURS]).await;
    let device = Device::signed_by(&authority, "sensor-00001");
    let mut waits = 0;
    let watch = |progress: &edge_client::Progress| {
        waits += u32::from(matches!(progress, edge_client::Progress::Waiting { .. }));
    };
    let joined = edge_client::join(device.config(&stack), watch)
        .await
        .unwrap();
    assert_eq!(joined.thing_name, "sensor-00001");
    assert_eq!(joined.certificate_id, device.certificate_id);
    assert!(joined.connections > 1 && waits == joined.connections - 1);
    let again = edge_client::join(device.config(&stack), |_| {})
        .await
        .unwrap();
    assert_eq!(again.connections, 1);

    let other = Device::signed_by(&authority, "sensor-00001");
    let mut config = other.config(&stack);
    config.timings.give_up_after = Duration::from_secs(5);
    let error = edge_client::join(config, |_| {}).await.unwrap_err();
    assert_eq!(error.exit_code(), 3, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_batch_of_ten_the_good_seven_start_once_and_the_bad_three_are_delivered_again() {
    let stack = Stack::start(&[]).await;
    let authority = Authority::register(&stack, &[OURS]).await;
    let devices: Vec<_> = (0..7)
        .map(|number| Device::signed_by(&authority, &format!("sensor-0000{number}")))
        .collect();
    let mut bodies = vec![
        "not JSON".to_owned(),
        "{}".to_owned(),
        json!({ "certificateId": "abc", "caCertificateId": authority.id, "timestamp": 1 })
            .to_string(),
    ];
    for device in &devices {
        device.knocks(&stack).await;
        bodies.push(device.registered(&authority));
    }
    let record = |(index, body): (usize, &String)| json!({ "messageId": format!("00000000-0000-4000-8000-00000000000{index}"), "body": body });
    let batch = json!({ "Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>() });
    for _ in 0..2 {
        let answer = invoke(&stack, "JitrActivatorFunction", &batch)
            .await
            .unwrap();
        let failed = answer["batchItemFailures"].as_array().unwrap();
        let failed: BTreeSet<_> = failed
            .iter()
            .map(|one| one["itemIdentifier"].as_str().unwrap())
            .collect();
        let bad = (0..3).map(|index| format!("00000000-0000-4000-8000-00000000000{index}"));
        assert_eq!(
            failed,
            bad.collect::<Vec<_>>().iter().map(String::as_str).collect()
        );
    }
    for device in &devices {
        assert!(device.works(&stack).await, "{}", device.client_id);
    }
    settled(&stack).await;
    for device in &devices {
        assert_eq!(
            told(&stack, &device.client_id, "DeviceProvisioned").await,
            1
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_ca_and_one_that_is_not_musters_let_nobody_in() {
    let stack = Stack::start(&[]).await;
    let foreign = Authority::register(&stack, &[]).await;
    let stranger = Device::signed_by(&foreign, "stranger-001");
    stranger.knocks(&stack).await;

    let disabled = Authority::register(&stack, &[OURS]).await;
    let early = Device::signed_by(&disabled, "early-000001");
    let set = |status| {
        let update = stack.iot().update_ca_certificate();
        update
            .certificate_id(&disabled.id)
            .new_status(status)
            .send()
    };
    // Registered while the CA was good, looked at when it is not any more.
    stack.disable_rule("RegistrationRule").await;
    early.knocks(&stack).await;
    set(CaCertificateStatus::Inactive).await.unwrap();
    stack.enable_rule("RegistrationRule").await;
    send(&stack, "RegistrationQueueUrl", &early.registered(&disabled)).await;
    let late = Device::signed_by(&disabled, "late-0000001");
    late.knocks(&stack).await;

    let timeline = stack.timeline("early-000001", 1).await;
    assert_eq!(timeline[0].code.as_deref(), Some("CaDisabled"));
    settled(&stack).await;
    assert_eq!(
        early.status(&stack).await.as_deref(),
        Some("PENDING_ACTIVATION")
    );
    assert_eq!(late.status(&stack).await, None);
    assert_eq!(
        stranger.status(&stack).await.as_deref(),
        Some("PENDING_ACTIVATION")
    );
    let (device, timeline) = stack.show("stranger-001").await;
    assert!(device.is_none() && timeline.is_empty());
    assert!(stack.things().await.is_empty());
}
