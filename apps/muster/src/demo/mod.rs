//! The demo: a claim certificate, serials, devices over mutual TLS through the workflow, and a table.

mod devices;
mod percentile;
mod report;

pub use report::{Failure, Report, Route};

use crate::commands::Failure as CommandFailure;
use crate::output::Output;
use crate::release::{self, ReleaseError};
use crate::target::Target;
use muster_cloud::operator::calls_since;
use muster_documents::{Mode, Serial};
use secrecy::ExposeSecret;
use std::time::Duration;
use tokio::sync::Mutex;

/// How long the functions' last lines may take to reach the log, at most.
const LOG_LIMIT: Duration = Duration::from_secs(20);

/// What to play.
#[derive(Debug, Clone)]
pub struct Demo {
    /// How many devices.
    pub devices: u16,
    /// How many of them at a time.
    pub at_once: u16,
    /// The largest packet of the chunked ones, in bytes.
    pub packet_size: usize,
}

/// What a demo has made on a stack.
#[derive(Debug, Default)]
pub struct Leavings {
    claim: Mutex<Option<String>>,
    serials: Mutex<Vec<Serial>>,
}

/// Plays the demo on a stack. Both modes in turn where the stack makes keys, chunked mode alone where it does not.
///
/// What it makes it notes in `leavings` first, so that [`clean_up`] finds it however the demo ends.
pub async fn run(
    target: &Target,
    demo: &Demo,
    leavings: &Leavings,
    output: &Output,
) -> Result<Report, CommandFailure> {
    let started = jiff::Timestamp::now();
    let run = started.as_second();
    let claim = target.claims()?.create(&format!("demo {run}"), run).await?;
    leavings
        .claim
        .lock()
        .await
        .replace(claim.certificate_id.clone());
    output.progress(&format!(
        "claim certificate {}",
        edge_client::short(&claim.certificate_id)
    ));
    let legacy = target.output("LegacyMode")? == "on";
    if !legacy {
        output.progress("LegacyMode is off on this stack: all devices use chunked mode");
    }

    let ledger = target.devices()?;
    let mut players = Vec::new();
    for number in 0..demo.devices {
        // Twelve characters, the client id of the byte budget.
        let serial = Serial::new(format!("d{:06}-{number:04}", run % 1_000_000))?;
        leavings.serials.lock().await.push(serial.clone());
        ledger
            .import(&serial, Some("demo"), &started.to_string())
            .await?;
        let mode = if legacy && number % 2 == 1 {
            Mode::Legacy
        } else {
            Mode::Chunked
        };
        players.push((serial, mode));
    }
    output.progress(&format!("imported {} serials", demo.devices));

    let stores = tempfile::tempdir()?;
    let scene = devices::Scene {
        endpoint: target.endpoint().await?,
        certificate: claim.certificate_pem.clone().into(),
        key: claim.private_key_pem.expose_secret().to_owned().into(),
        prefix: target.output("TopicPrefix")?.to_owned(),
        packet_size: demo.packet_size,
        stores: stores.path().to_owned(),
    };
    let played = devices::play(&scene, &players, demo.at_once, output).await;
    let log_group = target.output("LogGroupName")?;
    let calls = settled_calls(target, log_group, started.as_millisecond(), output).await?;
    Ok(Report::new(claim.certificate_id, played, &calls))
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

/// Takes away what a demo has made on a stack that stays: the claim first, then certificates, things, serials.
pub async fn clean_up(
    target: &Target,
    leavings: &Leavings,
    output: &Output,
) -> Result<(), CommandFailure> {
    output.progress("taking away what the demo has made");
    if let Some(claim) = leavings.claim.lock().await.as_deref() {
        target.claims()?.revoke(claim).await?;
    }
    let ledger = target.devices()?;
    for serial in leavings.serials.lock().await.iter() {
        match release::release(target, serial).await {
            Ok(_) | Err(ReleaseError::NoCertificate { .. } | ReleaseError::Unknown(_)) => {}
            Err(error) => return Err(error.into()),
        }
        if let Err(error) = ledger.forget(serial).await {
            output.progress(&format!(
                "{serial} stays: {error}. `muster device show {serial}` says how it stands"
            ));
        }
    }
    Ok(())
}
