//! The demo: devices over mutual TLS on every way in, and a table.

mod asking;
mod authorities;
mod device;
mod devices;
mod fleet;
mod issuer;
mod leavings;
mod percentile;
mod preparing;
mod renewing;
mod report;
mod rotation;
mod rotations;
mod way;

pub use leavings::{Leavings, clean_up};
pub use report::{Failure, Report, Route};
pub use rotations::Rotations;
pub use way::{Routes, Way};

use crate::commands::Failure as CommandFailure;
use crate::output::Output;
use crate::target::Target;
use device::Means;
use devices::{Played, Player};
use muster_cloud::operator::{Ways, calls_since};
use muster_documents::Serial;
use std::time::Duration;

/// How long the functions' last lines may take to reach the log, at most.
const LOG_LIMIT: Duration = Duration::from_secs(20);

/// How long the demo's CAs and what they sign are valid, in days: nobody takes them away where a demo is killed.
const LIFETIME_DAYS: i64 = 1;

/// What to play.
#[derive(Debug, Clone)]
pub struct Demo {
    /// Which ways in.
    pub routes: Routes,
    /// How many devices.
    pub devices: u16,
    /// How many of them at a time.
    pub at_once: u16,
    /// The largest packet of the chunked ones, in bytes.
    pub packet_size: usize,
    /// Whether those devices that can are told to renew their certificates afterwards.
    pub rotate: bool,
}

/// Plays the demo on a stack: the devices take its ways in by turns, legacy mode only where the stack makes keys.
///
/// What it makes it notes in `leavings`, so that [`clean_up`] finds it however the demo ends.
pub async fn run(
    target: &Target,
    demo: &Demo,
    leavings: &Leavings,
    output: &Output,
) -> Result<Report, CommandFailure> {
    let started = jiff::Timestamp::now();
    // A stack that lacks them, since it is an older one, is told so before anything is made on it.
    let (api, _) = (target.api()?, target.vault()?);
    let legacy = target.output("LegacyMode")? == "on";
    if demo.routes.has(Routes::Claim) && !legacy {
        output.progress("LegacyMode is off on this stack: no device uses it");
    }
    let ways = demo.routes.ways(legacy, demo.devices);
    let prepared = preparing::prepare(target, &ways, started, leavings, output).await?;
    let players = import(target, demo.devices, &prepared.ways, started, leavings).await?;
    output.progress(&format!("imported {} serials", demo.devices));

    let stores = tempfile::tempdir()?;
    let scene = device::Scene {
        endpoint: target.endpoint().await?,
        api,
        device_api: target.device_api()?,
        prefix: target.output("TopicPrefix")?.to_owned(),
        rotation_prefix: target.output("RotationTopicPrefix")?.to_owned(),
        packet_size: demo.packet_size,
        stores: stores.path().to_owned(),
    };
    let played = devices::play(&scene, players.clone(), demo.at_once, output).await;
    let log_group = target.output("LogGroupName")?;
    let calls = settled_calls(target, log_group, started.as_millisecond(), output).await?;
    let rotated = if demo.rotate {
        let members = members(players, &played);
        rotation::play(target, &scene, members, output).await?
    } else {
        Vec::new()
    };
    Ok(Report::new(prepared.claim, played, rotated, &calls))
}

/// Those that are in and renew their certificates by themselves.
fn members(players: Vec<Player>, played: &[Played]) -> Vec<Player> {
    let came_in = |player: &Player| {
        let mut all = played.iter();
        all.any(|device| device.serial == player.serial && device.result.is_ok())
    };
    let all = players.into_iter();
    all.filter(|player| player.way.rotates() && came_in(player))
        .collect()
}

/// Makes the devices known, and gives each its way in, by turns.
async fn import(
    target: &Target,
    devices: u16,
    ways: &[(Way, Means)],
    started: jiff::Timestamp,
    leavings: &Leavings,
) -> Result<Vec<Player>, CommandFailure> {
    let ledger = target.devices()?;
    let run = started.as_second() % 1_000_000;
    let mut players = Vec::new();
    for (number, (way, means)) in (0..devices).zip(ways.iter().cycle()) {
        // Twelve characters, the client id of the byte budget.
        let serial = Serial::new(format!("d{run:06}-{number:04}"))?;
        leavings.note_device(serial.clone(), *way).await;
        ledger
            .import(
                &serial,
                Some("demo"),
                Ways::Only(way.way_in()),
                &started.to_string(),
            )
            .await?;
        players.push(Player {
            serial,
            way: *way,
            means: means.clone(),
        });
    }
    Ok(players)
}

/// The functions write their last lines when the devices are long done: reads until two readings agree.
async fn settled_calls(
    target: &Target,
    log_group: &str,
    since: i64,
    output: &Output,
) -> Result<std::collections::BTreeMap<String, u64>, CommandFailure> {
    output.progress("reading what the functions called from their logs");
    let deadline = tokio::time::Instant::now() + LOG_LIMIT;
    let mut before = calls_since(&target.cloud.config, log_group, since).await?;
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = calls_since(&target.cloud.config, log_group, since).await?;
        if now == before || tokio::time::Instant::now() > deadline {
            return Ok(now);
        }
        before = now;
    }
}
