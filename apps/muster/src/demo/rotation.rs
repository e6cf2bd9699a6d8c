//! The rotation act: devices stay connected, are told to renew their certificates, and do.

use super::device::Scene;
use super::devices::{Player, progress_bar};
use super::renewing::{Cloud, renew};
use super::way::Way;
use crate::commands::Failure;
use crate::daily_run::wait;
use crate::output::Output;
use crate::rotation::{begin, order, today};
use crate::target::Target;
use indicatif::ProgressBar;
use muster_cloud::operator::{Order, RunEnd};
use muster_documents::Serial;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// How long the ledger may take to note that a device is provisioned which has its certificate already.
const NOTING_LIMIT: Duration = Duration::from_secs(20);

/// How often it is looked whether it has.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How one device's rotation ended.
#[derive(Debug)]
pub struct Rotated {
    /// Which.
    pub serial: Serial,
    /// Which way it had taken.
    pub way: Way,
    /// From the alert until the new certificate was in force; or why it has none, or more than that one.
    pub result: Result<Duration, String>,
}

/// Has the devices stay connected, orders their rotations once all listen, has a run tell them, and waits for their new
/// certificates. A run sees to whatever is due on the stack, not to these devices alone.
pub async fn play(
    target: &Target,
    scene: &Scene,
    players: Vec<Player>,
    output: &Output,
) -> Result<Vec<Rotated>, Failure> {
    let bar = progress_bar(players.len());
    let (listens, mut listening) = unbounded_channel();
    let mut devices = JoinSet::new();
    for player in players {
        let cloud = Cloud::of(target)?;
        devices.spawn(one(
            cloud,
            scene.clone(),
            player,
            listens.clone(),
            bar.clone(),
        ));
    }
    drop(listens);
    let mut serials = Vec::new();
    // It ends when each of them listens or has failed.
    while let Some(serial) = listening.recv().await {
        serials.push(serial);
    }
    let listen = format!("{} devices stay connected, and are told", serials.len());
    bar.suspend(|| output.progress(&listen));
    order_all(target, serials).await?;
    let gathered = async {
        let mut rotated = Vec::new();
        while let Some(joined) = devices.join_next().await {
            let device = joined?;
            bar.suspend(|| output.progress(&line(&device)));
            bar.inc(1);
            rotated.push(device);
        }
        Ok(rotated)
    };
    let ((), rotated) = tokio::try_join!(run(target), gathered)?;
    bar.finish_and_clear();
    Ok(rotated)
}

/// One of them; what it does shows in the bar.
async fn one(
    cloud: Cloud,
    scene: Scene,
    player: Player,
    listens: UnboundedSender<Serial>,
    bar: ProgressBar,
) -> Rotated {
    let (serial, way) = (player.serial.clone(), player.way);
    let watch = |sentence| bar.set_message(sentence);
    let result = Box::pin(renew(&cloud, scene, player, listens, watch)).await;
    Rotated {
        serial,
        way,
        result,
    }
}

/// Orders the rotations of devices that have come in, however short a while ago.
async fn order_all(target: &Target, serials: Vec<Serial>) -> Result<(), Failure> {
    let rotations = target.rotations()?;
    let now = jiff::Timestamp::now().to_string();
    let deadline = Instant::now() + NOTING_LIMIT;
    loop {
        let orders = order(&rotations, serials.clone(), today(), &now).await?;
        let stands = |order| matches!(order, Order::Ordered | Order::AlreadyOrdered);
        let Some(other) = orders.iter().find(|one| !stands(one.order)) else {
            return Ok(());
        };
        if Instant::now() > deadline {
            return Err(format!("the rotation of {} cannot be ordered", other.serial).into());
        }
        sleep(LOOK_AGAIN).await;
    }
}

/// Has a run of its own notify who is due: one that was under way may have passed the devices.
async fn run(target: &Target) -> Result<(), Failure> {
    let runs = target.rotation_runs()?;
    let name = format!("muster-demo-{}", jiff::Timestamp::now().as_millisecond());
    loop {
        let begun = begin(&runs, &name, true).await?;
        if let RunEnd::Failed { error, cause } = wait(&runs, &begun.run, |_| {}).await? {
            let name = begun.run.name;
            return Err(format!("the run {name} failed with {error}: {cause}").into());
        }
        if !begun.joined {
            return Ok(());
        }
    }
}

fn line(device: &Rotated) -> String {
    let (serial, way) = (&device.serial, device.way.name());
    match &device.result {
        Ok(took) => format!(
            "{serial} renewed its certificate in {} ms ({way})",
            took.as_millis()
        ),
        Err(error) => format!("{serial} FAILED: {error}"),
    }
}
