//! Nobody has to start a run.

use super::yard::Yard;
use std::time::Duration;

/// The schedule comes once a minute, and a run takes some seconds.
const LONGEST: Duration = Duration::from_secs(150);

#[tokio::test(flavor = "multi_thread")]
async fn devices_are_told_by_the_schedule_alone() {
    let every_minute = ("RotationSchedule", "cron(* * * * ? *)");
    let yard = Yard::with(&[every_minute, ("RotationWindowMinutes", "0")]).await;
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
}
