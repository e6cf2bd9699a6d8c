//! A certificate that was handed out can be taken away, whether or not anybody has come with it.

use super::caller::{ask_for, device, with};
use super::{ca, handed_out, register};
use crate::support::Stack;
use muster::release::release;
use muster_cloud::Identity;
use muster_documents::Serial;
use muster_pki::DeviceKey;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_was_released_stays_out_and_its_name_is_free() {
    let stack = Stack::start(&[]).await;
    let ca = ca(&stack).await;
    let connected = device(&stack, &ca, "sensor-00001").await;
    connected.knocks(&stack).await;
    assert!(connected.works(&stack).await);
    let never_connected = device(&stack, &ca, "sensor-00002").await;
    for (old, name) in [
        (connected, "sensor-00001"),
        (never_connected, "sensor-00002"),
    ] {
        let serial = Serial::new(name).unwrap();
        let taken = release(&stack.target, &serial).await.unwrap();
        assert_eq!(taken, std::slice::from_ref(&old.certificate_id));
        assert_eq!(old.status(&stack).await.as_deref(), Some("REVOKED"));
        for _ in 0..2 {
            old.knocks(&stack).await;
        }
        assert!(!stack.things().await.contains(&name.to_owned()), "{name}");

        let new = device(&stack, &ca, name).await;
        new.knocks(&stack).await;
        assert!(new.works(&stack).await);
        old.knocks(&stack).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_serial_stays_known_after_its_release() {
    let stack = Stack::start(&[]).await;
    let ca = ca(&stack).await;
    stack.import("sensor-00001").await;
    device(&stack, &ca, "sensor-00001").await;
    release(&stack.target, &Serial::new("sensor-00001").unwrap())
        .await
        .unwrap();
    let (found, _) = stack.show("sensor-00001").await;
    let found = found.unwrap();
    assert_eq!(found.state, "known");
    assert!(handed_out(&stack, "sensor-00001").await.is_empty());
    let key = DeviceKey::generate().unwrap();
    ask_for(&stack, &ca, "sensor-00001", &key).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_ca_for_registration_every_certificate_of_a_name_is_taken_away() {
    let stack = Stack::start(&[]).await;
    let ca = register(&stack, json!({ "verifierName": "allow-list" })).await;
    stack.import("sensor-00001").await;
    let key = DeviceKey::generate().unwrap();
    let first = ask_for(&stack, &ca, "sensor-00001", &key).await.unwrap();
    let again = ask_for(&stack, &ca, "sensor-00001", &key).await.unwrap();
    assert_eq!(first, again, "an answer that was lost is given again");
    let first = with(&first, key);
    let second = device(&stack, &ca, "sensor-00001").await;
    assert_eq!(handed_out(&stack, "sensor-00001").await.len(), 2);
    first.knocks(&stack).await;
    assert!(first.works(&stack).await);
    stack.settled_of("JitrActivationStateMachineArn").await;

    let serial = Serial::new("sensor-00001").unwrap();
    let mut taken = release(&stack.target, &serial).await.unwrap();
    taken.sort();
    let mut both = [first.certificate_id.clone(), second.certificate_id.clone()];
    both.sort();
    assert_eq!(taken, both);
    for old in [&first, &second] {
        assert_eq!(old.status(&stack).await.as_deref(), Some("REVOKED"));
        old.knocks(&stack).await;
    }
    assert!(handed_out(&stack, "sensor-00001").await.is_empty());
    let next = device(&stack, &ca, "sensor-00001").await;
    next.knocks(&stack).await;
    assert!(next.works(&stack).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_nobody_imported_is_released_as_well_and_ten_are_the_most_that_are_out() {
    let stack = Stack::start(&[]).await;
    let ca = register(&stack, json!({})).await;
    for _ in 0..10 {
        device(&stack, &ca, "sensor-00001").await;
    }
    let key = DeviceKey::generate().unwrap();
    let error = ask_for(&stack, &ca, "sensor-00001", &key)
        .await
        .unwrap_err();
    assert_eq!(error.name, "AlreadyProvisioned", "{error:?}");
    let serial = Serial::new("sensor-00001").unwrap();
    assert_eq!(release(&stack.target, &serial).await.unwrap().len(), 10);
    ask_for(&stack, &ca, "sensor-00001", &key).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_was_cut_off_is_finished_by_the_next_and_lets_nobody_back_in() {
    let stack = Stack::start(&[]).await;
    let ca = ca(&stack).await;
    let old = device(&stack, &ca, "sensor-00001").await;
    let serial = Serial::new("sensor-00001").unwrap();
    let identity = Identity::new(&stack.target.cloud, stack.output("DevicePolicyName"));
    let [one] = &handed_out(&stack, "sensor-00001").await[..] else {
        panic!("one was handed out")
    };
    // As far as a release comes before it forgets the certificate, and a step further.
    identity.shut_out(one, 0).await.unwrap();
    let devices = stack.target.devices().unwrap();
    devices.forget_handed_out(one).await.unwrap();
    release(&stack.target, &serial).await.unwrap();
    assert_eq!(old.status(&stack).await.as_deref(), Some("REVOKED"));
    for _ in 0..2 {
        old.knocks(&stack).await;
    }
    assert!(stack.things().await.is_empty());
    let new = device(&stack, &ca, "sensor-00001").await;
    new.knocks(&stack).await;
    assert!(new.works(&stack).await);
}
