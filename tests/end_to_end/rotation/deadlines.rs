//! What becomes of devices whose deadline has passed, where it is not the quarantine.

use super::yard::{Yard, today};

/// A device whose deadline has passed, and what the run did about it.
async fn overdue(action: &str) -> (Yard, crate::support::Identity) {
    let yard = Yard::with(&[("RotationOverdueAction", action)]).await;
    let identity = yard.member("sensor-1").await;
    yard.edit_date("sensor-1", "20180630").await;
    yard.follows("sensor-1", "20180630").await;
    let days = [("askedSince", today().plus(-31)), ("rotationDay", today())];
    yard.set_days("sensor-1", "state", &days).await;
    let run = yard.run().await;
    assert_eq!(run.totals["enforced"], 1, "{run:?}");
    assert_eq!(run.totals["notified"], 1, "{run:?}");
    // It is done once, and the device is told on.
    yard.next_day("sensor-1").await;
    let run = yard.run().await;
    assert_eq!(run.totals["enforced"], 0, "{run:?}");
    assert_eq!(run.totals["notified"], 1, "{run:?}");
    let (_, timeline) = yard.stack().show("sensor-1").await;
    let told = timeline
        .iter()
        .filter(|entry| entry.event == "DeviceOverdue");
    assert_eq!(told.count(), 1, "{timeline:?}");
    (yard, identity)
}

#[tokio::test(flavor = "multi_thread")]
async fn where_they_are_deactivated_a_date_that_is_edited_back_lets_them_in_again() {
    let (yard, identity) = overdue("deactivate").await;
    assert!(!yard.connects("sensor-1", &identity).await);
    let fresh = today().to_string();
    yard.edit_date("sensor-1", &fresh).await;
    yard.follows("sensor-1", &fresh).await;
    let run = yard.run().await;
    assert_eq!(run.totals["reinstated"], 1, "{run:?}");
    assert!(yard.connects("sensor-1", &identity).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_they_are_only_told_of_they_go_on_and_may_renew_their_certificates() {
    let (yard, identity) = overdue("alert").await;
    let mut device = yard.listening("sensor-1", &identity).await.unwrap();
    assert!(device.publish("devices/sensor-1/hello", b"{}", false).await);
    drop(device);
    let new = yard.asks("sensor-1", &identity).await.unwrap();
    assert!(yard.connects("sensor-1", &new).await);
    yard.in_force("sensor-1", &new).await;
    assert!(yard.held("sensor-1").await.rotation.overdue.is_none());
}
