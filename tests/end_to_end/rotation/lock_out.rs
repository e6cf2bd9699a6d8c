//! Whatever happens while a certificate is renewed, the device is not locked out, and has one certificate in the end.
//!
//! The device is the edge client over mutual TLS, the cloud the deployed template. What happens to a device while it
//! writes, and to messages of its own, `crates/device/tests/lock_out` plays in every order.

use super::yard::{Yard, current, id_of, today};
use crate::support::{Identity, send, wait_until};
use edge_client::{Mode, Outcome, Progress, RunError};
use futures_util::StreamExt;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

/// Devices that rotate at once.
const AT_ONCE: usize = 4;

/// The way that a device renews its certificate.
#[derive(Debug, Clone, Copy)]
enum Route {
    Fleet,
    Chunked,
}

/// A device of the yard.
#[derive(Debug, Clone)]
struct Device {
    route: Route,
    serial: String,
    store: PathBuf,
}

impl Device {
    /// One that is in, and due.
    async fn due(yard: &Yard, route: Route, serial: &str) -> Self {
        yard.stack().import(serial).await;
        let store = match route {
            Route::Fleet => {
                let config = yard.field().device(serial);
                let store = config.store.clone();
                edge_client::fleet(config, |_| {}).await.unwrap();
                store
            }
            Route::Chunked => {
                let config = yard.stack().config(serial, Mode::Chunked);
                let store = config.store.clone();
                edge_client::run(config, |_| {}).await.unwrap();
                wait_until("the ledger to have it", || async {
                    let held = yard.held(serial).await;
                    held.issued_on.map(|_| ())
                })
                .await;
                store
            }
        };
        yard.ages(serial, 400).await;
        Self {
            route,
            serial: serial.to_owned(),
            store,
        }
    }

    fn identity(&self) -> Identity {
        current(&self.store)
    }

    /// Rotates, once the one that was killed has let go of the store.
    async fn rotates(
        &self,
        yard: &Yard,
        watch: impl Fn(&Progress) + Send + Sync,
    ) -> Result<Outcome, RunError> {
        wait_until("the store to be free", || async {
            let ended = self.rotates_at_once(yard, &watch).await;
            let in_use = matches!(ended, Err(RunError::StoreInUse(_)));
            (!in_use).then_some(ended)
        })
        .await
    }

    async fn rotates_at_once(
        &self,
        yard: &Yard,
        watch: impl Fn(&Progress) + Send,
    ) -> Result<Outcome, RunError> {
        match self.route {
            Route::Fleet => {
                edge_client::rotate_fleet(yard.field().device(&self.serial), watch).await
            }
            Route::Chunked => {
                let config = yard.stack().config(&self.serial, Mode::Chunked);
                edge_client::rotate(config, watch).await
            }
        }
    }

    /// Rotates until it has said so many things, and is killed then; how many it has said, if it has ended before.
    async fn is_killed_after(&self, yard: &Yard, steps: usize) -> Option<usize> {
        let said = Arc::new(AtomicUsize::new(0));
        let enough = Arc::new(Notify::new());
        let watch = {
            let (said, enough) = (Arc::clone(&said), Arc::clone(&enough));
            move |_: &Progress| {
                if said.fetch_add(1, Ordering::SeqCst) + 1 == steps {
                    enough.notify_one();
                }
            }
        };
        tokio::select! {
            biased;
            () = enough.notified() => None,
            ended = self.rotates(yard, watch) => {
                ended.unwrap();
                Some(said.load(Ordering::SeqCst))
            }
        }
    }

    /// It has a certificate that works, at this moment.
    async fn works(&self, yard: &Yard) {
        assert!(
            yard.connects(&self.serial, &self.identity()).await,
            "{self:?} is locked out"
        );
    }

    /// It starts again and goes on until it has rotated, or is told that it has.
    async fn goes_on(&self, yard: &Yard) {
        match self.rotates(yard, |_| {}).await {
            Ok(_) => {}
            Err(RunError::Refused { refused, .. })
                if ["RotationNotDue", "AccessDenied"].contains(&refused.code.as_str()) => {}
            Err(error) => panic!("{self:?}: {error}"),
        }
    }

    /// Time has passed for all that was never used, and for what is retired: one certificate is left, which works.
    async fn settles(&self, yard: &Yard, before: &Identity) {
        let identity = self.identity();
        assert_ne!(id_of(&identity), id_of(before), "{self:?} has rotated");
        yard.in_force(&self.serial, &identity).await;
        yard.time_passes(&self.serial).await;
        yard.run().await;
        // Another device's run may be at it.
        wait_until(&format!("one certificate of {}", self.serial), || async {
            (yard.attached(&self.serial).await == [id_of(&identity)]).then_some(())
        })
        .await;
        self.works(yard).await;
    }
}

/// Kills a device at each step of its rotation, one device for each step.
async fn killed_at_each_step(yard: &Yard, route: Route) {
    let whole = Device::due(yard, route, "whole").await;
    let steps = whole.is_killed_after(yard, usize::MAX).await.unwrap();
    assert!(steps >= 5, "{steps} are too few to be killed at");
    let devices = (1..=steps).map(async |step| {
        let device = Device::due(yard, route, &format!("killed-{step}")).await;
        let before = device.identity();
        device.is_killed_after(yard, step).await;
        device.works(yard).await;
        device.goes_on(yard).await;
        device.settles(yard, &before).await;
    });
    let played = futures_util::stream::iter(devices)
        .buffer_unordered(AT_ONCE)
        .count()
        .await;
    println!("killed at each of {played} steps");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleets_device_is_killed_at_any_step() {
    killed_at_each_step(&Yard::with(&[]).await, Route::Fleet).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_with_chunks_is_killed_at_any_step() {
    killed_at_each_step(&Yard::without_fleet(&[]).await, Route::Chunked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sign_of_its_connection_is_lost() {
    let yard = Yard::with(&[]).await;
    let device = Device::due(&yard, Route::Fleet, "sensor-1").await;
    let before = device.identity();
    yard.stack().disable_rule("PresenceRule").await;
    device.goes_on(&yard).await;
    // Both work, and the cloud does not know that the old one is not needed any more.
    device.works(&yard).await;
    assert!(yard.connects("sensor-1", &before).await);
    let held = yard.held("sensor-1").await;
    assert_eq!(held.current.unwrap().id, id_of(&before));
    // It is told again the next day, asks with what it has, and that is the sign.
    let run = yard.run().await;
    assert_eq!(run.totals["notified"], 1, "{run:?}");
    device.goes_on(&yard).await;
    device.settles(&yard, &before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signs_come_twice_late_and_in_another_order() {
    let yard = Yard::with(&[]).await;
    let device = Device::due(&yard, Route::Fleet, "sensor-1").await;
    let before = device.identity();
    yard.stack().disable_rule("PresenceRule").await;
    device.goes_on(&yard).await;
    let connected = |client_id: &str, identity: &Identity| {
        json!({ "clientId": client_id, "principalIdentifier": id_of(identity) }).to_string()
    };
    let after = device.identity();
    for (client_id, identity) in [
        ("sensor-1", &before),
        ("somebody", &after),
        ("sensor-1", &after),
        ("sensor-1", &before),
        ("sensor-1", &after),
        ("sensor-1", &after),
        ("sensor-1", &before),
    ] {
        let message = connected(client_id, identity);
        send(yard.stack(), "ConnectionQueueUrl", &message).await;
    }
    device.settles(&yard, &before).await;
    // The certificate before has been proven long ago, and its sign comes now.
    send(
        yard.stack(),
        "ConnectionQueueUrl",
        &connected("sensor-1", &before),
    )
    .await;
    device.works(&yard).await;
    let held = yard.held("sensor-1").await;
    assert_eq!(held.current.unwrap().id, id_of(&after));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proof_takes_too_long_and_the_device_comes_after_it() {
    let yard = Yard::with(&[]).await;
    let device = Device::due(&yard, Route::Fleet, "sensor-1").await;
    let before = device.identity();
    // It has stored the new certificate, and stays away.
    let mut stored = false;
    let store = device.store.clone();
    for step in 1.. {
        device.is_killed_after(&yard, step).await;
        stored = edge_client::status(&store).unwrap().pending.is_some();
        if stored || id_of(&device.identity()) != id_of(&before) {
            break;
        }
    }
    assert!(stored, "it is killed before it has proven it");
    yard.time_passes("sensor-1").await;
    yard.run().await;
    yard.time_passes("sensor-1").await;
    let run = yard.run().await;
    assert_eq!(run.totals["undone"], 1, "{run:?}");
    device.works(&yard).await;
    device.goes_on(&yard).await;
    device.settles(&yard, &before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deadline_passes_in_the_middle_of_it() {
    let yard = Yard::with(&[]).await;
    let device = Device::due(&yard, Route::Fleet, "sensor-1").await;
    let before = device.identity();
    device.is_killed_after(&yard, 3).await;
    let days = [("askedSince", today().plus(-60)), ("rotationDay", today())];
    yard.set_days("sensor-1", "state", &days).await;
    let run = yard.run().await;
    assert_eq!(run.totals["enforced"], 1, "{run:?}");
    device.works(&yard).await;
    device.goes_on(&yard).await;
    device.settles(&yard, &before).await;
    let mut listening = yard
        .listening("sensor-1", &device.identity())
        .await
        .unwrap();
    assert!(
        listening
            .publish("devices/sensor-1/hello", b"{}", false)
            .await
    );
}
