//! One device of the rotation act.

use super::device::{self, Scene};
use super::devices::Player;
use crate::target::{Target, TargetError};
use edge_client::{Progress, Timings};
use muster_cloud::{Identity, Ledger};
use muster_documents::Serial;
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::{DeviceRecords, HandingOutLedger};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep, timeout};

/// How often it is looked whether the new certificate is in force.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

type Said = UnboundedReceiver<(Instant, Progress)>;

/// What tells of a device's certificates.
pub struct Cloud {
    ledger: Ledger,
    identity: Identity,
}

/// Has a device that has come in stay connected, tells `listens` that it does, and waits until it has been told to renew
/// its certificate, has done so, and the new one is in force, alone. How long it took from the alert, to a tenth of a second; or
/// what is wrong, in a sentence. `watch` is told each step, also in a sentence.
pub async fn renew(
    cloud: &Cloud,
    scene: Scene,
    player: Player,
    listens: UnboundedSender<Serial>,
    watch: impl Fn(String) + Send + Sync,
) -> Result<Duration, String> {
    let serial = player.serial;
    let (say, mut said) = unbounded_channel();
    let staying = device::stay(scene, &serial, player.means, |progress: &Progress| {
        if let Some(sentence) = edge_client::sentence(progress) {
            watch(format!("{serial} {sentence}"));
        }
        // Nobody listens any more once its new certificate is there.
        drop(say.send((Instant::now(), progress.clone())));
    });
    let renewed = async {
        in_time(listening(&mut said)).await?;
        drop(listens.send(serial.clone()));
        // Whoever waits for all devices waits for this one no more.
        drop(listens);
        in_time(renewed(cloud, &serial, &mut said)).await
    };
    tokio::select! {
        ended = staying => Err(ended.err().unwrap_or_else(|| "it does not stay".to_owned())),
        renewed = renewed => renewed,
    }
}

async fn listening(said: &mut Said) -> Result<(), String> {
    let listens = |progress: &Progress| matches!(progress, Progress::WaitingForAlerts { .. });
    until(said, |progress| listens(progress).then_some(())).await?;
    Ok(())
}

async fn renewed(cloud: &Cloud, serial: &Serial, said: &mut Said) -> Result<Duration, String> {
    let alert = |progress: &Progress| matches!(progress, Progress::AlertReceived { .. });
    let (alerted, ()) = until(said, |progress| alert(progress).then_some(())).await?;
    let (_, new) = until(said, |progress| match progress {
        Progress::Rotated { certificate_id, .. } => Some(certificate_id.clone()),
        _ => None,
    })
    .await?;
    let failed = |error: CloudFailure| error.to_string();
    cloud.in_force(serial, &new).await.map_err(failed)?;
    let took = alerted.elapsed();
    match cloud.active(serial).await.map_err(failed)?.as_slice() {
        [one] if *one == new => Ok(took),
        active => Err(format!("of its certificates {active:?} are active")),
    }
}

/// What the device says at last that is looked for, and when.
async fn until<T>(
    said: &mut Said,
    wanted: impl Fn(&Progress) -> Option<T>,
) -> Result<(Instant, T), String> {
    while let Some((at, progress)) = said.recv().await {
        if let Progress::RotationPutOff { because } = progress {
            return Err(because);
        }
        if let Some(found) = wanted(&progress) {
            return Ok((at, found));
        }
    }
    Err("it says nothing any more".to_owned())
}

/// Nobody waits longer than a device would.
async fn in_time<T>(step: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let limit = Timings::default().give_up_after;
    timeout(limit, step)
        .await
        .unwrap_or_else(|_| Err(format!("nothing came of it within {limit:?}")))
}

impl Cloud {
    /// Of this stack.
    pub fn of(target: &Target) -> Result<Self, TargetError> {
        Ok(Self {
            ledger: target.ledger()?,
            // It attaches nothing.
            identity: Identity::new(&target.cloud, ""),
        })
    }

    /// Waits until the device's certificate is this one, and the one before is retired.
    async fn in_force(&self, serial: &Serial, certificate_id: &str) -> Result<(), CloudFailure> {
        loop {
            let held = self.ledger.held(serial).await?.unwrap_or_default();
            let current = held.current.as_ref().map(|current| current.id.as_str());
            if current == Some(certificate_id) && held.rotation.retiring.is_none() {
                return Ok(());
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    /// Those of the device's certificates that it can connect with.
    async fn active(&self, serial: &Serial) -> Result<Vec<String>, CloudFailure> {
        let held = self.ledger.held(serial).await?.unwrap_or_default();
        let others = self.ledger.handed_out(serial).await?.into_iter();
        let ids = others.map(|one| one.certificate.id);
        let ids: BTreeSet<_> = ids.chain(held.current.map(|one| one.id)).collect();
        let mut active = Vec::new();
        for id in ids {
            if !self.identity.is_out(&id).await? {
                active.push(id);
            }
        }
        Ok(active)
    }
}
