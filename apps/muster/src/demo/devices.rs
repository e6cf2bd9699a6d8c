//! The demo's devices, each the edge client's own code.

use crate::output::Output;
use crate::target::Endpoint;
use edge_client::{Config, Mode, Outcome, Source};
use futures_util::FutureExt;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use muster_documents::Serial;
use std::io::IsTerminal;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// What all devices share.
#[derive(Debug, Clone)]
pub struct Scene {
    /// Where they connect.
    pub endpoint: Endpoint,
    /// The claim certificate.
    pub certificate: Source,
    /// Its private key.
    pub key: Source,
    /// The topics' prefix.
    pub prefix: String,
    /// The largest packet of the chunked ones, in bytes.
    pub packet_size: usize,
    /// Each gets a folder in here.
    pub stores: PathBuf,
}

/// How one device ended.
#[derive(Debug)]
pub struct Played {
    /// Which.
    pub serial: Serial,
    /// How it asked.
    pub mode: Mode,
    /// How it ended.
    pub result: Result<Outcome, String>,
}

/// Plays the devices, at most `at_once` at a time, and shows how far they are.
pub async fn play(
    scene: &Scene,
    players: &[(Serial, Mode)],
    at_once: u16,
    output: &Output,
) -> Vec<Played> {
    let bar = progress_bar(players.len());
    let places = Arc::new(Semaphore::new(usize::from(at_once)));
    let mut devices = JoinSet::new();
    for (serial, mode) in players.iter().cloned() {
        let (places, config, bar) = (
            Arc::clone(&places),
            config(scene, &serial, mode),
            bar.clone(),
        );
        devices.spawn(async move {
            let _place = places.acquire_owned().await;
            let name = serial.clone();
            let watch = move |progress: &edge_client::Progress| {
                if let Some(sentence) = edge_client::sentence(progress) {
                    bar.set_message(format!("{name} {sentence}"));
                }
            };
            // A defect of the edge client is that device's failure, not the demo's.
            let result = AssertUnwindSafe(edge_client::run(config, watch))
                .catch_unwind()
                .await;
            let result = result.map_or_else(
                |_| Err("the edge client panicked; its own words stand above".to_owned()),
                |ran| ran.map_err(|error| error.to_string()),
            );
            Played {
                serial,
                mode,
                result,
            }
        });
    }
    let mut played = Vec::new();
    while let Some(joined) = devices.join_next().await {
        let Ok(device) = joined else { continue };
        bar.suspend(|| output.progress(&line(&device)));
        bar.inc(1);
        played.push(device);
    }
    bar.finish_and_clear();
    played
}

fn config(scene: &Scene, serial: &Serial, mode: Mode) -> Config {
    let mut config = Config::new(
        (&scene.endpoint.host, scene.endpoint.port),
        scene.endpoint.authority.clone(),
        (scene.certificate.clone(), scene.key.clone()),
        serial.as_str(),
        scene.stores.join(serial.as_str()),
    );
    config.mode = mode;
    config.packet_size = scene.packet_size;
    config.prefix.clone_from(&scene.prefix);
    config
}

fn line(device: &Played) -> String {
    match &device.result {
        Ok(outcome) => format!(
            "{} provisioned in {} ms ({}, {} packets, {} bytes)",
            device.serial,
            outcome.latency.as_millis(),
            super::report::name(device.mode),
            outcome.traffic.packets,
            outcome.traffic.bytes
        ),
        Err(error) => format!("{} FAILED: {error}", device.serial),
    }
}

fn progress_bar(devices: usize) -> ProgressBar {
    let bar = ProgressBar::new(devices as u64);
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} devices  {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
