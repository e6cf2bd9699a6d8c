//! Devices that stay connected and renew their certificates by themselves.

use super::yard::{Yard, current, id_of, today};
use crate::support::wait_until;
use aws_sdk_iot::types::CertificateStatus;
use edge_client::{Mode, Progress, RunError};
use std::path::Path;
use std::pin::Pin;
use tokio::sync::{mpsc, oneshot};

type Stop = Pin<Box<dyn Future<Output = ()> + Send>>;
type Watch = Box<dyn FnMut(&Progress) + Send>;

/// What a device says, and how to end it.
struct Staying {
    said: mpsc::UnboundedReceiver<Progress>,
    stop: oneshot::Sender<()>,
    running: tokio::task::JoinHandle<()>,
}

impl Staying {
    /// Waits until the device has said it; everything that it said until then.
    async fn until(&mut self, is_it: impl Fn(&Progress) -> bool) -> Vec<Progress> {
        let mut all = Vec::new();
        while !all.last().is_some_and(&is_it) {
            let said = tokio::time::timeout(crate::support::PATIENCE, self.said.recv()).await;
            all.push(said.expect("it says so in time").expect("it goes on"));
        }
        all
    }

    async fn ends(self) {
        self.stop.send(()).unwrap();
        self.running.await.unwrap();
    }
}

/// Starts a device that stays until it is told to stop.
fn starts<R>(stays: impl FnOnce(Stop, Watch) -> R) -> Staying
where
    R: Future<Output = Result<(), RunError>> + Send + 'static,
{
    let (say, said) = mpsc::unbounded_channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let stop_comes: Stop = Box::pin(async { drop(stopped.await) });
    let watch: Watch = Box::new(move |progress| drop(say.send(progress.clone())));
    let staying = stays(stop_comes, watch);
    let running = tokio::spawn(async move { staying.await.unwrap() });
    Staying {
        said,
        stop,
        running,
    }
}

fn of_a_fleet(yard: &Yard, serial: &str) -> Staying {
    let config = yard.field().device(serial);
    starts(|stop, watch| edge_client::stay_fleet(config, stop, watch))
}

fn in_chunks(yard: &Yard, serial: &str) -> Staying {
    let config = yard.stack().config(serial, Mode::Chunked);
    starts(|stop, watch| edge_client::stay(config, stop, watch))
}

fn waits(progress: &Progress) -> bool {
    matches!(progress, Progress::WaitingForAlerts { .. })
}

fn has_rotated(progress: &Progress) -> bool {
    matches!(progress, Progress::Rotated { .. })
}

/// From the first request of its life to its second certificate, without a hand.
async fn lives(yard: &Yard, serial: &str, mut device: Staying, store: &Path) {
    device.until(waits).await;
    let old = current(store);
    yard.ages(serial, 400).await;
    let run = yard.run().await;
    assert_eq!(run.totals["notified"], 1, "{run:?}");
    device.until(has_rotated).await;
    let new = current(store);
    assert_ne!(id_of(&new), id_of(&old));
    yard.in_force(serial, &new).await;
    assert_eq!(yard.status(&old).await, Some(CertificateStatus::Inactive));
    assert_eq!(yard.date(serial).await, Some(today().to_string()));

    // It goes on with the new one, and is asked again when that is old.
    device.until(waits).await;
    yard.ages(serial, 400).await;
    yard.run().await;
    device.until(has_rotated).await;
    yard.in_force(serial, &current(store)).await;
    device.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleets_device_renews_its_certificate_by_itself_whenever_it_is_told() {
    let yard = Yard::with(&[]).await;
    yard.stack().import("sensor-1").await;
    let device = of_a_fleet(&yard, "sensor-1");
    let store = yard.field().device("sensor-1").store;
    lives(&yard, "sensor-1", device, &store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_with_chunks_renews_its_certificate_by_itself_whenever_it_is_told() {
    let yard = Yard::without_fleet(&[]).await;
    yard.stack().import("sensor-1").await;
    let device = in_chunks(&yard, "sensor-1");
    let store = yard.stack().config("sensor-1", Mode::Chunked).store;
    lives(&yard, "sensor-1", device, &store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_in_quarantine_that_comes_back_leaves_it_by_itself() {
    let yard = Yard::with(&[]).await;
    let old = yard.member("sensor-1").await;
    yard.ages("sensor-1", 400).await;
    let days = [("askedSince", today().plus(-60))];
    yard.set_days("sensor-1", "state", &days).await;
    let run = yard.run().await;
    assert_eq!(run.totals["enforced"], 1, "{run:?}");

    let mut device = of_a_fleet(&yard, "sensor-1");
    device.until(waits).await;
    yard.next_day("sensor-1").await;
    yard.run().await;
    device.until(has_rotated).await;
    device.ends().await;
    let new = current(&yard.field().device("sensor-1").store);
    yard.in_force("sensor-1", &new).await;
    assert_eq!(yard.status(&old).await, Some(CertificateStatus::Inactive));
    let mut device = yard.listening("sensor-1", &new).await.unwrap();
    assert!(device.publish("devices/sensor-1/hello", b"{}", false).await);
    wait_until("the ledger to know", || async {
        let held = yard.held("sensor-1").await;
        held.rotation.overdue.is_none().then_some(())
    })
    .await;
}
