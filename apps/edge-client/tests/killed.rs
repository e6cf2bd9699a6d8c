//! The real program is killed (SIGKILL) at random moments and started again, until it is done.

mod support;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use support::broker::{Broker, Script};
use support::chance::Chance;
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

/// What has to hold at every moment, looked at while nobody runs: each slot is whole, and what is in the current one
/// has worked.
fn assert_sound(store: &Path, broker: &Broker) {
    if !store.exists() {
        return;
    }
    let held = edge_client::status(store).expect("every slot is whole or not there");
    if let Some(current) = held.current {
        let proven = broker.seen().cloud.proven.clone();
        let worked = proven
            .iter()
            .any(|der| muster_pki::certificate_id(der) == current.certificate_id);
        assert!(worked, "promoted before it had worked");
    }
}

/// A device and what it is killed for.
struct Victim {
    broker: Broker,
    folder: TempDir,
    arguments: Vec<String>,
}

impl Victim {
    async fn new(client_id: &str, extra: &[&str]) -> Self {
        let broker = Broker::start(
            client_id,
            Script {
                delay: DELAY,
                ..Script::default()
            },
        )
        .await;
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
            folder,
            arguments,
        }
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// Lets it live until it ends by itself. How long that took.
    async fn live(&self) -> Duration {
        let began = Instant::now();
        let status = timeout(Duration::from_mins(2), start(&self.arguments).wait()).await;
        assert!(status.expect("it ends by itself").unwrap().success());
        began.elapsed()
    }
}

/// Kills a device until it is provisioned. How often that was in the middle of a delivery.
async fn kill_until_provisioned(client_id: String, extra: &[&str], seed: u64) -> u32 {
    // Lives are as long as an undisturbed one at most, so that every moment of it is hit.
    let undisturbed = Victim::new("SN-UNDISTURBED", extra).await.live().await;
    let victim = Victim::new(&client_id, extra).await;
    let (broker, store) = (&victim.broker, victim.store());
    let mut chance = Chance::new(seed);
    let mut interrupted = 0;
    for _ in 0..KILLS {
        let mut device = start(&victim.arguments);
        let life = chance.below(undisturbed.as_millis().try_into().unwrap());
        sleep(Duration::from_millis(life)).await;
        device.kill().await.unwrap();
        assert_sound(&store, broker);
        interrupted += u32::from(in_the_middle(&store));
    }
    victim.live().await;
    assert_sound(&store, broker);
    let saw = broker.seen();
    let current = edge_client::status(&store)
        .unwrap()
        .current
        .expect("a certificate");
    let issued = saw
        .cloud
        .issued
        .iter()
        .find(|issued| muster_pki::certificate_id(&issued.der) == current.certificate_id)
        .expect("it is one that the cloud issued");
    assert!(issued.active);
    if extra.is_empty() {
        assert_eq!(
            saw.cloud.keys.len(),
            1,
            "every request was made with the same key"
        );
        assert_eq!(saw.cloud.issued.len(), 1);
    }
    interrupted
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

#[tokio::test]
async fn a_device_that_is_killed_again_and_again_still_gets_its_one_certificate() {
    let devices: Vec<_> = (0..4)
        .map(|number| {
            tokio::spawn(kill_until_provisioned(
                format!("SN-KILLED-{number}"),
                &[],
                number,
            ))
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
    kill_until_provisioned("SN-KILLED-LEGACY".into(), &["--legacy"], 9).await;
}
