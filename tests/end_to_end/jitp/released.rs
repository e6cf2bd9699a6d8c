//! A certificate that was handed out can be taken away, whether or not anybody has come with it.

use super::ca;
use super::caller::{ask_for, device};
use crate::support::Stack;
use muster::release::release;
use muster_documents::Serial;
use muster_pki::DeviceKey;

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
    assert_eq!(
        (found.state.as_str(), found.ca_certificate_id),
        ("known", None)
    );
    let key = DeviceKey::generate().unwrap();
    ask_for(&stack, &ca, "sensor-00001", &key).await.unwrap();
}
