//! The table at the end.

use super::devices::Played;
use super::percentile::percentile;
use crate::table;
use edge_client::{Mode, Outcome};
use muster_documents::Serial;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::time::Duration;

/// How the demo went.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The claim certificate's id.
    pub claim: String,
    /// One line a mode.
    pub routes: Vec<Route>,
    /// Who failed, and why.
    pub failures: Vec<Failure>,
    /// Calls to AWS for each device, by action.
    pub calls_per_device: BTreeMap<String, f64>,
}

/// The devices of one mode.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Route {
    /// How the certificate travelled.
    pub mode: Mode,
    /// How many devices took part.
    pub devices: usize,
    /// How many have a certificate that works.
    pub provisioned: usize,
    /// From request to first message with the new certificate, in milliseconds: half of them, 95 % and 99 % took no
    /// longer.
    pub p50_milliseconds: u128,
    /// See above.
    pub p95_milliseconds: u128,
    /// See above.
    pub p99_milliseconds: u128,
    /// PUBLISH packets down to a device, on average.
    pub packets_per_device: f64,
    /// Their bytes, on average.
    pub bytes_per_device: f64,
    /// The largest of all.
    pub largest_packet: usize,
}

/// A device that failed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// Which.
    pub serial: Serial,
    /// Why.
    pub reason: String,
}

/// A mode's name.
pub fn name(mode: Mode) -> &'static str {
    match mode {
        Mode::Chunked => "chunked",
        Mode::Legacy => "legacy",
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a demo are far below 2^52"
)]
fn per(total: u64, count: usize) -> f64 {
    if count == 0 {
        0.0
    } else {
        total as f64 / count as f64
    }
}

impl Report {
    /// Counts what was played.
    pub fn new(claim: String, played: Vec<Played>, calls: &BTreeMap<String, u64>) -> Self {
        let routes = [Mode::Chunked, Mode::Legacy]
            .iter()
            .filter_map(|mode| Route::of(*mode, &played))
            .collect();
        let devices = played.len();
        let calls_per_device = calls
            .iter()
            .map(|(action, count)| (action.clone(), per(*count, devices)))
            .collect();
        let failed = |device: Played| {
            let reason = device.result.err()?;
            Some(Failure {
                serial: device.serial,
                reason,
            })
        };
        let failures = played.into_iter().filter_map(failed).collect();
        Self {
            claim,
            routes,
            failures,
            calls_per_device,
        }
    }
}

impl Route {
    fn of(mode: Mode, played: &[Played]) -> Option<Self> {
        let devices: Vec<_> = played.iter().filter(|device| device.mode == mode).collect();
        if devices.is_empty() {
            return None;
        }
        let done: Vec<&Outcome> = devices
            .iter()
            .filter_map(|device| device.result.as_ref().ok())
            .collect();
        let mut latencies: Vec<Duration> = done.iter().map(|outcome| outcome.latency).collect();
        latencies.sort_unstable();
        Some(Self {
            mode,
            devices: devices.len(),
            provisioned: done.len(),
            p50_milliseconds: percentile(&latencies, 50).as_millis(),
            p95_milliseconds: percentile(&latencies, 95).as_millis(),
            p99_milliseconds: percentile(&latencies, 99).as_millis(),
            packets_per_device: per(
                done.iter().map(|outcome| outcome.traffic.packets).sum(),
                done.len(),
            ),
            bytes_per_device: per(
                done.iter().map(|outcome| outcome.traffic.bytes).sum(),
                done.len(),
            ),
            largest_packet: done
                .iter()
                .map(|outcome| outcome.traffic.largest_packet)
                .max()
                .unwrap_or_default(),
        })
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut shown = table::new(&[
            "mode",
            "devices",
            "provisioned",
            "p50",
            "p95",
            "p99",
            "packets a device",
            "bytes a device",
            "largest packet",
        ]);
        for route in &self.routes {
            shown.add_row([
                name(route.mode).to_owned(),
                route.devices.to_string(),
                route.provisioned.to_string(),
                format!("{} ms", route.p50_milliseconds),
                format!("{} ms", route.p95_milliseconds),
                format!("{} ms", route.p99_milliseconds),
                format!("{:.1}", route.packets_per_device),
                format!("{:.0}", route.bytes_per_device),
                format!("{} B", route.largest_packet),
            ]);
        }
        writeln!(f, "{shown}\n")?;
        let total: f64 = self.calls_per_device.values().sum();
        write!(f, "AWS calls a device: {total:.1}")?;
        for (action, count) in &self.calls_per_device {
            write!(f, "\n  {count:5.1}  {action}")?;
        }
        for failure in &self.failures {
            write!(f, "\nFAILED {}: {}", failure.serial, failure.reason)?;
        }
        if self.failures.is_empty() {
            write!(f, "\n\nevery device works with a certificate of its own")?;
        }
        Ok(())
    }
}
