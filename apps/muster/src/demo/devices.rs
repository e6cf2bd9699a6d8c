//! The demo's devices, so many at a time.

use super::device::{self, CameIn, Means, Scene};
use super::way::Way;
use crate::output::Output;
use futures_util::FutureExt;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use muster_documents::Serial;
use std::io::IsTerminal;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// A device that is to be played.
#[derive(Debug, Clone)]
pub struct Player {
    /// Which.
    pub serial: Serial,
    /// Which way it takes.
    pub way: Way,
    /// What it gets its certificate with.
    pub means: Means,
}

/// How one device ended.
#[derive(Debug)]
pub struct Played {
    /// Which.
    pub serial: Serial,
    /// Which way it took.
    pub way: Way,
    /// How it ended.
    pub result: Result<CameIn, String>,
}

/// Plays the devices, at most `at_once` at a time, and shows how far they are.
pub async fn play(
    scene: &Scene,
    players: Vec<Player>,
    at_once: u16,
    output: &Output,
) -> Vec<Played> {
    let bar = progress_bar(players.len());
    let places = Arc::new(Semaphore::new(usize::from(at_once)));
    let mut devices = JoinSet::new();
    for Player { serial, way, means } in players {
        let (places, scene, bar) = (Arc::clone(&places), scene.clone(), bar.clone());
        devices.spawn(async move {
            let _place = places.acquire_owned().await;
            let name = serial.clone();
            let watch = move |progress: &edge_client::Progress| {
                if let Some(sentence) = edge_client::sentence(progress) {
                    bar.set_message(format!("{name} {sentence}"));
                }
            };
            // A defect of the edge client is that device's failure, not the demo's.
            let result = AssertUnwindSafe(device::come_in(scene, serial.clone(), means, watch))
                .catch_unwind()
                .await;
            let result = result.unwrap_or_else(|_| {
                Err("the edge client panicked; its own words stand above".to_owned())
            });
            Played {
                serial,
                way,
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

fn line(device: &Played) -> String {
    let came_in = match &device.result {
        Ok(came_in) => came_in,
        Err(error) => return format!("{} FAILED: {error}", device.serial),
    };
    let traffic = came_in.traffic.map_or_else(String::new, |traffic| {
        format!(", {} packets, {} bytes", traffic.packets, traffic.bytes)
    });
    format!(
        "{} provisioned in {} ms ({}, {} connections{traffic})",
        device.serial,
        came_in.latency.as_millis(),
        device.way.name(),
        came_in.connections,
    )
}

/// Shows how many of the devices are done; hidden where nobody looks.
pub fn progress_bar(devices: usize) -> ProgressBar {
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
