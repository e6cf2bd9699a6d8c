//! The rotation act's lines of the report.

use super::percentile::percentile;
use super::rotation::Rotated;
use super::way::Way;
use crate::table;
use comfy_table::Table;
use serde::Serialize;
use std::time::Duration;

/// The devices of one way in that were told to renew their certificates.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rotations {
    /// The way.
    pub mode: Way,
    /// How many devices stayed connected.
    pub devices: usize,
    /// How many have another certificate that works, and none beside it that is active.
    pub rotated: usize,
    /// From the alert until the new certificate was in force and the one before retired, in milliseconds, to a tenth of a
    /// second: half of them, 95 % and 99 % took no longer.
    pub p50_milliseconds: u128,
    /// See above.
    pub p95_milliseconds: u128,
    /// See above.
    pub p99_milliseconds: u128,
}

impl Rotations {
    /// One for each way of which devices took part.
    pub fn of_each_way(rotated: &[Rotated]) -> Vec<Self> {
        let ways = Way::ALL.into_iter();
        ways.filter_map(|way| Self::of(way, rotated)).collect()
    }

    fn of(way: Way, rotated: &[Rotated]) -> Option<Self> {
        let devices: Vec<_> = rotated.iter().filter(|device| device.way == way).collect();
        if devices.is_empty() {
            return None;
        }
        let done = devices
            .iter()
            .filter_map(|device| device.result.as_ref().ok());
        let mut times: Vec<Duration> = done.copied().collect();
        times.sort_unstable();
        Some(Self {
            mode: way,
            devices: devices.len(),
            rotated: times.len(),
            p50_milliseconds: percentile(&times, 50).as_millis(),
            p95_milliseconds: percentile(&times, 95).as_millis(),
            p99_milliseconds: percentile(&times, 99).as_millis(),
        })
    }
}

/// A table of them.
pub fn shown(rotations: &[Rotations]) -> Table {
    let mut shown = table::new(&["mode", "devices", "rotated", "p50", "p95", "p99"]);
    for rotation in rotations {
        shown.add_row([
            rotation.mode.name().to_owned(),
            rotation.devices.to_string(),
            rotation.rotated.to_string(),
            format!("{} ms", rotation.p50_milliseconds),
            format!("{} ms", rotation.p95_milliseconds),
            format!("{} ms", rotation.p99_milliseconds),
        ]);
    }
    shown
}
