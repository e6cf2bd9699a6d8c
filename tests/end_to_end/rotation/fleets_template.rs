//! Devices of fleets, over AWS IoT's fleet provisioning.

use super::yard::{Yard, id_of, today};
use crate::metrics::counted;
use aws_sdk_iot::types::CertificateStatus;
use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_notified_renews_its_certificate_and_the_one_before_is_retired_after_that() {
    let yard = Yard::with(&[]).await;
    let old = yard.member("sensor-1").await;
    yard.member("sensor-2").await;
    assert_eq!(yard.date("sensor-1").await, Some(today().to_string()));

    // Nothing is due.
    let run = yard.run().await;
    assert_eq!(run.status, ExecutionStatus::Succeeded, "{run:?}");
    assert_eq!(run.totals["read"], 0);
    assert!(yard.asks("sensor-1", &old).await.is_none());

    yard.ages("sensor-1", 400).await;
    let mut device = yard.listening("sensor-1", &old).await.unwrap();
    let run = yard.run().await;
    assert_eq!(run.totals["notified"], 1, "{run:?}");
    assert_eq!(run.totals["read"], 1);
    let alert = device.hear().await;
    assert_eq!(alert.topic, "cmd/sensor-1/alerts");
    assert_eq!(
        alert.json(),
        json!({
            "msg": "rotate_cert", "dueDate": today().plus(-35).to_string(),
            "deadline": today().plus(30).to_string(), "daysLeft": 30,
        })
    );
    // A second run on the same day notifies nobody.
    let run = yard.run().await;
    assert_eq!(
        (&run.totals["read"], &run.totals["notified"]),
        (&json!(0), &json!(0))
    );

    let new = yard.asks("sensor-1", &old).await.expect("it is due");
    assert_eq!(yard.status(&old).await, Some(CertificateStatus::Active));
    assert_eq!(yard.status(&new).await, Some(CertificateStatus::Active));
    assert_eq!(yard.held("sensor-1").await.current.unwrap().id, id_of(&old));

    assert!(yard.connects("sensor-1", &new).await);
    yard.in_force("sensor-1", &new).await;
    assert_eq!(yard.status(&old).await, Some(CertificateStatus::Inactive));
    assert!(!yard.connects("sensor-1", &old).await);
    assert_eq!(yard.date("sensor-1").await, Some(today().to_string()));
    assert!(
        yard.asks("sensor-1", &new).await.is_none(),
        "not due any more"
    );
    assert!(device.heard().len() == 1, "notified once");

    // The retention is over.
    let retired = format!("certificate#{}", id_of(&old));
    yard.set_days("sensor-1", &retired, &[("rotationDay", today())])
        .await;
    let run = yard.run().await;
    assert_eq!(run.totals["deleted"], 1, "{run:?}");
    assert_eq!(yard.status(&old).await, None);
    assert!(yard.connects("sensor-1", &new).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_nobody_connects_with_is_undone_and_the_one_in_force_was_in_force_all_along()
 {
    let yard = Yard::with(&[]).await;
    let old = yard.member("sensor-1").await;
    yard.ages("sensor-1", 400).await;
    let unused = yard.asks("sensor-1", &old).await.unwrap();
    // First it is shut out, since whoever has connected with it until now may be heard of late; a day later it goes.
    yard.time_passes("sensor-1").await;
    let run = yard.run().await;
    assert_eq!(run.totals["undone"], 0, "{run:?}");
    assert_eq!(
        yard.status(&unused).await,
        Some(CertificateStatus::Inactive)
    );
    assert!(!yard.connects("sensor-1", &unused).await);
    yard.time_passes("sensor-1").await;
    let run = yard.run().await;
    assert_eq!(run.totals["undone"], 1, "{run:?}");
    assert_eq!(yard.status(&unused).await, None);
    assert!(yard.held("sensor-1").await.rotation.next.is_none());
    assert!(yard.connects("sensor-1", &old).await);
    assert_eq!(yard.field().in_force().await, [id_of(&old)]);
    // It may ask again.
    let new = yard.asks("sensor-1", &old).await.unwrap();
    assert!(yard.connects("sensor-1", &new).await);
    yard.in_force("sensor-1", &new).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_past_its_deadline_may_connect_and_rotate_and_nothing_else_until_it_has() {
    let yard = Yard::with(&[]).await;
    let old = yard.member("sensor-1").await;
    yard.ages("sensor-1", 400).await;
    let since = ("askedSince", today().plus(-30));
    yard.set_days("sensor-1", "state", &[since]).await;
    let run = yard.run().await;
    assert_eq!(run.totals["enforced"], 0, "the deadline's own day: {run:?}");
    let hello = "devices/sensor-1/hello";
    let mut device = yard.listening("sensor-1", &old).await.unwrap();
    assert!(device.publish(hello, b"{}", false).await);

    let days = [("askedSince", today().plus(-31)), ("rotationDay", today())];
    yard.set_days("sensor-1", "state", &days).await;
    let run = yard.run().await;
    assert_eq!(run.totals["enforced"], 1, "{run:?}");
    assert_eq!(counted(yard.stack(), "DeviceOverdue").await, 1);
    let mut device = yard
        .listening("sensor-1", &old)
        .await
        .expect("it may connect");
    assert!(!device.publish(hello, b"{}", false).await);
    // Notified it is on.
    yard.next_day("sensor-1").await;
    let mut device = yard.listening("sensor-1", &old).await.unwrap();
    let run = yard.run().await;
    assert_eq!(
        (&run.totals["notified"], &run.totals["enforced"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(device.hear().await.json()["daysLeft"], 0);

    let new = yard.asks("sensor-1", &old).await.expect("it may rotate");
    let mut device = yard.listening("sensor-1", &new).await.unwrap();
    assert!(device.publish(hello, b"{}", false).await);
    yard.in_force("sensor-1", &new).await;
    assert!(yard.held("sensor-1").await.rotation.overdue.is_none());
    assert_eq!(yard.field().in_force().await, [id_of(&new)]);
}
