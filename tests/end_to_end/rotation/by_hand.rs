//! The seed's own test of rotation, step by step: somebody edits the date of a thing by hand.

use super::yard::{Yard, current, id_of, today};
use aws_sdk_iot::types::CertificateStatus;

#[tokio::test(flavor = "multi_thread")]
async fn a_device_whose_date_is_edited_by_hand_is_told_and_may_renew_its_certificate() {
    // 1. AWS IoT announces changes of things: the local stack has it do so, as `muster rotation follow` does.
    let yard = Yard::with(&[]).await;
    // 2. The device gets its first certificate.
    let old = yard.member("sensor-1").await;
    let today = today().to_string();
    assert_eq!(yard.date("sensor-1").await, Some(today.clone()));
    // 3. Somebody edits the date.
    yard.edit_date("sensor-1", "20180630").await;
    yard.follows("sensor-1", "20180630").await;
    // 4. The message to the device.
    let mut device = yard.listening("sensor-1", &old).await.unwrap();
    let run = yard.run().await;
    assert_eq!(run.totals["notified"], 1, "{run:?}");
    let alert = device.hear().await.json();
    assert_eq!(alert["msg"], "rotate_cert");
    assert_eq!(alert["dueDate"], "20190630");
    assert_eq!(alert["daysLeft"], 30, "nobody had asked it before");
    drop(device);
    // 5. The device renews its certificate.
    let config = yard.field().device("sensor-1");
    let store = config.store.clone();
    edge_client::rotate_fleet(config, |_| {}).await.unwrap();
    // 6. The certificates have changed places, and so has the date.
    let new = current(&store);
    assert_ne!(id_of(&new), id_of(&old));
    yard.in_force("sensor-1", &new).await;
    assert_eq!(yard.status(&old).await, Some(CertificateStatus::Inactive));
    assert_eq!(yard.date("sensor-1").await, Some(today.clone()));
    yard.follows("sensor-1", &today).await;
    let run = yard.run().await;
    assert_eq!(run.totals["notified"], 0, "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_date_counts_before_any_event_has_come_and_what_is_no_date_changes_nothing() {
    let yard = Yard::with(&[]).await;
    // No event comes: the hook looks at the thing itself.
    yard.stack().disable_rule("RegistryRule").await;
    let old = yard.member("sensor-1").await;
    yard.edit_date("sensor-1", "20180630").await;
    assert!(yard.asks("sensor-1", &old).await.is_some());

    yard.stack().enable_rule("RegistryRule").await;
    yard.member("sensor-2").await;
    for date in ["2018-06-30", "20180631", "soon", "20230229"] {
        yard.edit_date("sensor-2", date).await;
    }
    // Events are taken in whatever order, but all of them before this one's date is there.
    yard.edit_date("sensor-2", "20200229").await;
    yard.follows("sensor-2", "20200229").await;
    let (_, timeline) = yard.stack().show("sensor-2").await;
    let edited = timeline.iter().filter(|entry| entry.event == "DateEdited");
    assert_eq!(edited.count(), 1, "{timeline:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_date_that_is_edited_back_ends_notices_and_quarantine() {
    let yard = Yard::with(&[]).await;
    let identity = yard.member("sensor-1").await;
    let fresh = today();
    yard.edit_date("sensor-1", "20180630").await;
    yard.follows("sensor-1", "20180630").await;
    yard.run().await;
    let days = [("askedSince", fresh.plus(-60)), ("rotationDay", fresh)];
    yard.set_days("sensor-1", "state", &days).await;
    let run = yard.run().await;
    assert_eq!(run.totals["enforced"], 1, "{run:?}");
    let hello = "devices/sensor-1/hello";
    let mut device = yard.listening("sensor-1", &identity).await.unwrap();
    assert!(!device.publish(hello, b"{}", false).await);

    yard.edit_date("sensor-1", &fresh.to_string()).await;
    yard.follows("sensor-1", &fresh.to_string()).await;
    let run = yard.run().await;
    assert_eq!(run.totals["reinstated"], 1, "{run:?}");
    assert_eq!(run.totals["notified"], 0, "{run:?}");
    let mut device = yard.listening("sensor-1", &identity).await.unwrap();
    assert!(device.publish(hello, b"{}", false).await);
    let held = yard.held("sensor-1").await;
    assert!(held.rotation.overdue.is_none() && held.rotation.asked_since.is_none());
}
