//! Nobody has to start a run.

use super::yard::Yard;
use std::time::Duration;

/// The schedule comes once a minute, and a run takes some seconds.
const LONGEST: Duration = Duration::from_secs(150);

const EVERY_MINUTE: &str = "cron(* * * * ? *)";

#[tokio::test(flavor = "multi_thread")]
async fn devices_are_told_and_ledger_and_registry_compared_by_the_schedule_alone() {
    let yard = Yard::with(&[
        ("RotationSchedule", EVERY_MINUTE),
        ("RotationWindowMinutes", "0"),
        ("ReconciliationSchedule", EVERY_MINUTE),
    ])
    .await;
    let identity = yard.member("sensor-1").await;
    yard.ages("sensor-1", 400).await;
    let mut device = yard.listening("sensor-1", &identity).await.unwrap();
    let told = async {
        while device.heard().is_empty() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(LONGEST, told)
        .await
        .expect("the schedule starts a run");
    assert_eq!(device.heard()[0].json()["msg"], "rotate_cert");
    let reconciliations = yard.stack().target.reconciliations().unwrap();
    let compared = async {
        while reconciliations
            .last_reconciliations(1)
            .await
            .unwrap()
            .is_empty()
        {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(LONGEST, compared)
        .await
        .expect("the schedule starts a comparison");
}
