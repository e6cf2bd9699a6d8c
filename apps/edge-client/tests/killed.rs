//! The real program is killed (SIGKILL) at random moments and started again, until it is done.

mod support;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use support::broker::{Broker, Script};
use support::chance::Chance;
use support::cloud::Cloud;
use support::fleet_cloud::FleetCloud;
use support::rotation_cloud::{Kind, RotationCloud};
use support::service::Service;
use tempfile::{TempDir, tempdir};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// Lives that are cut short before the device is left alone.
const KILLS: u32 = 12;
/// Between two chunks, so that a kill falls between them.
const DELAY: Duration = Duration::from_millis(30);

fn start(arguments: &[String]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_edge-client"))
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// A device and what it is killed for.
struct Victim<S> {
    broker: Broker<S>,
    _folder: TempDir,
    arguments: Vec<String>,
    store: PathBuf,
}

fn slow() -> Script {
    Script {
        delay: DELAY,
        ..Script::default()
    }
}

impl Victim<Cloud> {
    async fn new(client_id: &str, extra: &[&str]) -> Self {
        let broker = Broker::start(client_id, slow()).await;
        let folder = tempdir().unwrap();
        let mut arguments = broker.arguments(folder.path());
        arguments.extend(
            ["--packet-size", "128"]
                .iter()
                .chain(extra)
                .map(ToString::to_string),
        );
        Self {
            broker,
            store: folder.path().join("store"),
            _folder: folder,
            arguments,
        }
    }
}

impl Victim<FleetCloud> {
    async fn of_fleet(serial: &str) -> Self {
        let broker = Broker::fleet(serial, FleetCloud::new(serial), slow()).await;
        let folder = tempdir().unwrap();
        broker.bundle(folder.path());
        let bundle = folder.path().to_str().unwrap();
        Self {
            broker,
            arguments: ["fleet", "--bundle", bundle].map(str::to_owned).into(),
            store: folder.path().join("credentials"),
            _folder: folder,
        }
    }
}

impl Victim<RotationCloud> {
    /// A device that rotates.
    async fn rotating(kind: Kind) -> Self {
        let broker = Broker::rotating(kind, slow()).await;
        let folder = tempdir().unwrap();
        let (mut arguments, store) = match kind {
            Kind::Chunked => (broker.arguments(folder.path()), folder.path().join("store")),
            Kind::Fleet => {
                broker.bundle(folder.path());
                let bundle = folder.path().to_str().unwrap();
                let arguments = ["fleet", "--bundle", bundle].map(str::to_owned);
                (arguments.into(), folder.path().join("credentials"))
            }
        };
        broker.give_current(&store);
        arguments.push("--rotate".into());
        Self {
            broker,
            store,
            _folder: folder,
            arguments,
        }
    }

    /// It is never without a certificate that works.
    fn assert_has_a_way_in(&self) {
        let held = edge_client::status(&self.store).expect("every slot is whole or not there");
        let cloud = &self.broker.seen().cloud;
        let next = cloud.next.as_ref().map(|next| &next.der);
        let working = std::iter::once(&cloud.in_force).chain(next);
        let mut held = held.current.iter().chain(held.pending.as_ref());
        assert!(held.any(|held| {
            working
                .clone()
                .any(|der| muster_pki::certificate_id(der) == held.certificate_id)
        }));
    }
}

impl<S: Service + Send + 'static> Victim<S> {
    /// Lets it live until it ends by itself. How long that took.
    async fn live(&self) -> Duration {
        let began = Instant::now();
        let status = timeout(Duration::from_mins(2), start(&self.arguments).wait()).await;
        assert!(status.expect("it ends by itself").unwrap().success());
        began.elapsed()
    }

    /// What has to hold at every moment, looked at while nobody runs: each slot is whole, and what is in the current
    /// one has worked.
    fn assert_sound(&self) {
        if !self.store.exists() {
            return;
        }
        let held = edge_client::status(&self.store).expect("every slot is whole or not there");
        if let Some(current) = held.current {
            let seen = self.broker.seen();
            let mut proven = seen.cloud.proven().iter();
            let worked =
                proven.any(|der| muster_pki::certificate_id(der) == current.certificate_id);
            assert!(worked, "promoted before it had worked");
        }
    }

    /// Kills it until it is provisioned, with a certificate that works. How often `in_the_middle` said so.
    async fn kill_until_provisioned(
        &self,
        undisturbed: Duration,
        seed: u64,
        in_the_middle: fn(&Path) -> bool,
    ) -> u32 {
        let mut chance = Chance::new(seed);
        let mut interrupted = 0;
        for _ in 0..KILLS {
            let mut device = start(&self.arguments);
            // Lives are as long as an undisturbed one at most, so that every moment of it is hit.
            let life = chance.below(undisturbed.as_millis().try_into().unwrap());
            sleep(Duration::from_millis(life)).await;
            device.kill().await.unwrap();
            self.assert_sound();
            interrupted += u32::from(in_the_middle(&self.store));
        }
        self.live().await;
        self.assert_sound();
        assert!(edge_client::status(&self.store).unwrap().current.is_some());
        interrupted
    }
}

/// Whether some chunks are here and others not.
fn in_the_middle(store: &Path) -> bool {
    let delivery = edge_client::status(store)
        .ok()
        .and_then(|held| held.delivery);
    delivery.is_some_and(|delivery| {
        delivery
            .chunks
            .is_some_and(|chunks| (1..chunks).contains(&delivery.chunks_held))
    })
}

/// Whether there is a certificate that no thing has yet, or one that hasn't worked yet.
fn between_its_steps(store: &Path) -> bool {
    edge_client::status(store).is_ok_and(|held| {
        let made = held.delivery.and_then(|delivery| delivery.certificate_id);
        held.current.is_none() && (made.is_some() || held.pending.is_some())
    })
}

#[tokio::test]
async fn a_device_that_is_killed_again_and_again_still_gets_its_one_certificate() {
    let undisturbed = Victim::new("SN-UNDISTURBED", &[]).await.live().await;
    let devices: Vec<_> = (0..4)
        .map(|number| {
            tokio::spawn(async move {
                let victim = Victim::new(&format!("SN-KILLED-{number}"), &[]).await;
                let interrupted = victim
                    .kill_until_provisioned(undisturbed, number, in_the_middle)
                    .await;
                let seen = victim.broker.seen();
                assert_eq!(
                    seen.cloud.keys.len(),
                    1,
                    "every request was made with the same key"
                );
                assert_eq!(seen.cloud.issued.len(), 1);
                assert!(seen.cloud.issued[0].active);
                interrupted
            })
        })
        .collect();
    let mut interrupted = 0;
    for device in devices {
        interrupted += device.await.unwrap();
    }
    assert!(interrupted > 0, "no delivery was interrupted");
}

#[tokio::test]
async fn a_legacy_device_that_is_killed_again_and_again_still_gets_a_certificate() {
    let undisturbed = Victim::new("SN-UNDISTURBED", &["--legacy"]).await;
    let undisturbed = undisturbed.live().await;
    let victim = Victim::new("SN-KILLED-LEGACY", &["--legacy"]).await;
    victim
        .kill_until_provisioned(undisturbed, 9, in_the_middle)
        .await;
}

#[tokio::test]
async fn a_device_of_a_fleet_that_is_killed_again_and_again_still_gets_a_certificate_for_its_one_key()
 {
    let undisturbed = Victim::of_fleet("SN-UNDISTURBED").await.live().await;
    let mut interrupted = 0;
    for number in 0..4 {
        let victim = Victim::of_fleet(&format!("SN-KILLED-FLEET-{number}")).await;
        interrupted += victim
            .kill_until_provisioned(undisturbed, number, between_its_steps)
            .await;
        let seen = victim.broker.seen();
        assert_eq!(
            seen.cloud.keys.len(),
            1,
            "every request was made with the same key"
        );
        let provisioned = seen.cloud.made.iter().filter(|made| made.active);
        assert_eq!(
            provisioned.count(),
            1,
            "and one certificate was provisioned"
        );
    }
    assert!(interrupted > 0, "no device was killed between its steps");
}

#[tokio::test]
async fn a_device_that_is_killed_again_and_again_while_it_rotates_is_never_without_a_certificate() {
    for kind in [Kind::Chunked, Kind::Fleet] {
        let undisturbed = Victim::rotating(kind).await.live().await;
        let victim = Victim::rotating(kind).await;
        let mut chance = Chance::new(7);
        let mut interrupted = 0;
        for _ in 0..2 * KILLS {
            let mut device = start(&victim.arguments);
            let life = chance.below(undisturbed.as_millis().try_into().unwrap());
            sleep(Duration::from_millis(life)).await;
            device.kill().await.unwrap();
            victim.assert_has_a_way_in();
            let held = edge_client::status(&victim.store).unwrap();
            interrupted += u32::from(held.pending.is_some() || held.delivery.is_some());
            // What is done is due again.
            victim.broker.seen().cloud.due = true;
        }
        assert!(interrupted > 0, "no rotation was interrupted");
        victim.live().await;
        let current = edge_client::status(&victim.store).unwrap().current.unwrap();
        let in_force = muster_pki::certificate_id(&victim.broker.seen().cloud.in_force);
        assert_eq!(current.certificate_id, in_force);
    }
}
