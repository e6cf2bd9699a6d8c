//! The table at the end.

use super::device::CameIn;
use super::devices::Played;
use super::percentile::percentile;
use super::rotation::Rotated;
use super::rotations::{self, Rotations};
use super::way::{Beginning, Way};
use crate::table;
use muster_documents::Serial;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::time::Duration;

/// How the demo went.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The claim certificate's id, if a way in began with one.
    pub claim: Option<String>,
    /// One line for each way in.
    pub routes: Vec<Route>,
    /// One line for each way in whose devices were told to renew their certificates; none unless that was asked for.
    pub rotations: Vec<Rotations>,
    /// Who failed, and why.
    pub failures: Vec<Failure>,
    /// Calls to AWS for each device until it was in, by action.
    pub calls_per_device: BTreeMap<String, f64>,
}

/// The devices of one way in.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Route {
    /// The way.
    pub mode: Way,
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
    /// How often a device connected, on average.
    pub connections_per_device: f64,
    /// PUBLISH packets down to a device until it had its certificate, on average. `None`, as the next two, where
    /// certificates do not come over MQTT.
    pub packets_per_device: Option<f64>,
    /// Their bytes, on average.
    pub bytes_per_device: Option<f64>,
    /// The largest of all, in bytes.
    pub largest_packet: Option<usize>,
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
    pub fn new(
        claim: Option<String>,
        played: Vec<Played>,
        rotated: Vec<Rotated>,
        calls: &BTreeMap<String, u64>,
    ) -> Self {
        let routes = Way::ALL
            .into_iter()
            .filter_map(|way| Route::of(way, &played))
            .collect();
        let rotations = Rotations::of_each_way(&rotated);
        let devices = played.len();
        let calls_per_device = calls
            .iter()
            .map(|(action, count)| (action.clone(), per(*count, devices)))
            .collect();
        let came_in = played.into_iter();
        let came_in = came_in.map(|device| (device.serial, device.result.err()));
        let renewed = rotated.into_iter();
        let renewed = renewed.map(|device| (device.serial, device.result.err()));
        let failed = |(serial, reason): (_, Option<String>)| {
            let reason = reason?;
            Some(Failure { serial, reason })
        };
        Self {
            claim,
            routes,
            rotations,
            failures: came_in.chain(renewed).filter_map(failed).collect(),
            calls_per_device,
        }
    }
}

impl Route {
    /// `None` if no device took this way.
    fn of(way: Way, played: &[Played]) -> Option<Self> {
        let devices: Vec<_> = played.iter().filter(|device| device.way == way).collect();
        if devices.is_empty() {
            return None;
        }
        let done: Vec<&CameIn> = devices
            .iter()
            .filter_map(|device| device.result.as_ref().ok())
            .collect();
        let mut latencies: Vec<Duration> = done.iter().map(|came_in| came_in.latency).collect();
        latencies.sort_unstable();
        let traffic: Vec<_> = done.iter().filter_map(|came_in| came_in.traffic).collect();
        let over_mqtt = matches!(way.beginning(), Beginning::Claim(_) | Beginning::Fleet);
        let average = |total: u64| over_mqtt.then(|| per(total, traffic.len()));
        let largest = traffic.iter().map(|traffic| traffic.largest_packet).max();
        Some(Self {
            mode: way,
            devices: devices.len(),
            provisioned: done.len(),
            p50_milliseconds: percentile(&latencies, 50).as_millis(),
            p95_milliseconds: percentile(&latencies, 95).as_millis(),
            p99_milliseconds: percentile(&latencies, 99).as_millis(),
            connections_per_device: per(
                done.iter()
                    .map(|came_in| u64::from(came_in.connections))
                    .sum(),
                done.len(),
            ),
            packets_per_device: average(traffic.iter().map(|traffic| traffic.packets).sum()),
            bytes_per_device: average(traffic.iter().map(|traffic| traffic.bytes).sum()),
            largest_packet: over_mqtt.then(|| largest.unwrap_or_default()),
        })
    }
}

/// A cell of the table, or a dash where there is nothing to tell.
fn or_dash<T>(value: Option<T>, shown: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| "-".to_owned(), shown)
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
            "connections a device",
            "packets a device",
            "bytes a device",
            "largest packet",
        ]);
        for route in &self.routes {
            shown.add_row([
                route.mode.name().to_owned(),
                route.devices.to_string(),
                route.provisioned.to_string(),
                format!("{} ms", route.p50_milliseconds),
                format!("{} ms", route.p95_milliseconds),
                format!("{} ms", route.p99_milliseconds),
                format!("{:.1}", route.connections_per_device),
                or_dash(route.packets_per_device, |packets| format!("{packets:.1}")),
                or_dash(route.bytes_per_device, |bytes| format!("{bytes:.0}")),
                or_dash(route.largest_packet, |bytes| format!("{bytes} B")),
            ]);
        }
        writeln!(f, "{shown}\n")?;
        if !self.rotations.is_empty() {
            let rotated = rotations::shown(&self.rotations);
            writeln!(f, "from the alert to the next certificate:\n{rotated}\n")?;
        }
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
            if !self.rotations.is_empty() {
                write!(f, ", and where it was renewed the new one alone is active")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edge_client::Traffic;
    use serde_json::{Value, json};

    /// Way in, latency in milliseconds, connections, and packets of 100 bytes each.
    fn came_in(way: Way, milliseconds: u64, connections: u32, packets: Option<u64>) -> Played {
        let traffic = packets.map(|packets| Traffic {
            packets,
            bytes: packets * 100,
            largest_packet: 100,
        });
        Played {
            serial: Serial::new(format!("{}-{milliseconds}", way.name())).unwrap(),
            way,
            result: Ok(CameIn {
                latency: Duration::from_millis(milliseconds),
                connections,
                traffic,
            }),
        }
    }

    fn failed(way: Way) -> Played {
        Played {
            serial: Serial::new("late-1").unwrap(),
            way,
            result: Err("gave up".to_owned()),
        }
    }

    fn report(played: Vec<Played>) -> Report {
        with_rotations(played, Vec::new())
    }

    fn with_rotations(played: Vec<Played>, rotated: Vec<Rotated>) -> Report {
        let calls = BTreeMap::from([("iot:CreateThing".to_owned(), 6)]);
        Report::new(Some("abc".to_owned()), played, rotated, &calls)
    }

    fn rotated(way: Way, result: Result<u64, &str>) -> Rotated {
        Rotated {
            serial: Serial::new(format!("{}-10", way.name())).unwrap(),
            way,
            result: result.map(Duration::from_millis).map_err(str::to_owned),
        }
    }

    fn one_of_each() -> Report {
        report(vec![
            came_in(Way::Jitp, 40, 2, None),
            came_in(Way::Chunked, 10, 2, Some(6)),
            came_in(Way::Chunked, 20, 3, Some(7)),
            came_in(Way::Legacy, 30, 2, Some(2)),
            came_in(Way::Jitr, 50, 3, None),
        ])
    }

    #[test]
    fn json_has_a_route_for_each_way_in_and_null_for_what_does_not_apply() {
        let json = json!(one_of_each());
        assert_eq!(json["claim"], "abc");
        let modes: Vec<&Value> = json["routes"].as_array().unwrap().iter().collect();
        let modes: Vec<_> = modes.iter().map(|route| &route["mode"]).collect();
        assert_eq!(modes, ["chunked", "legacy", "jitr", "jitp"]);
        let chunked = json!({
            "mode": "chunked", "devices": 2, "provisioned": 2, "p50Milliseconds": 10, "p95Milliseconds": 20,
            "p99Milliseconds": 20, "connectionsPerDevice": 2.5, "packetsPerDevice": 6.5, "bytesPerDevice": 650.0,
            "largestPacket": 100,
        });
        assert_eq!(json["routes"][0], chunked);
        let jitr = json!({
            "mode": "jitr", "devices": 1, "provisioned": 1, "p50Milliseconds": 50, "p95Milliseconds": 50,
            "p99Milliseconds": 50, "connectionsPerDevice": 3.0, "packetsPerDevice": null, "bytesPerDevice": null,
            "largestPacket": null,
        });
        assert_eq!(json["routes"][2], jitr);
        assert_eq!(json["callsPerDevice"]["iot:CreateThing"], 1.2);
        assert_eq!(json["rotations"], json!([]));
        assert_eq!(json["failures"], json!([]));
    }

    #[test]
    fn the_table_has_a_line_for_each_way_in_and_dashes_for_what_does_not_apply() {
        let text = one_of_each().to_string();
        let line = |way: &str| -> Vec<String> {
            let found = text.lines().find(|line| line.trim_start().starts_with(way));
            found
                .unwrap()
                .split_whitespace()
                .map(str::to_owned)
                .collect()
        };
        let cells = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(
            line("chunked"),
            cells("chunked 2 2 10 ms 20 ms 20 ms 2.5 6.5 650 100 B")
        );
        assert_eq!(line("jitp"), cells("jitp 1 1 40 ms 40 ms 40 ms 2.0 - - -"));
        assert!(text.contains("every device works"), "{text}");
    }

    #[test]
    fn a_way_on_which_all_failed_has_its_line_and_its_reasons() {
        let report = report(vec![failed(Way::Chunked), failed(Way::Jitr)]);
        assert_eq!(report.routes.len(), 2);
        assert_eq!(report.routes[0].packets_per_device, Some(0.0));
        assert_eq!(report.routes[1].packets_per_device, None);
        let text = report.to_string();
        assert!(
            text.contains("FAILED late-1: gave up") && !text.contains("every device works"),
            "{text}"
        );
    }

    #[test]
    fn renewed_certificates_have_lines_of_their_own() {
        let played = vec![came_in(Way::Fleet, 10, 2, Some(2))];
        let renewed = [Ok(30), Ok(20), Err("put off")].map(|result| rotated(Way::Fleet, result));
        let report = with_rotations(played, renewed.into());
        let fleet = json!({
            "mode": "fleet", "devices": 3, "rotated": 2, "p50Milliseconds": 20, "p95Milliseconds": 30,
            "p99Milliseconds": 30,
        });
        assert_eq!(json!(report)["rotations"], json!([fleet]));
        let text = report.to_string();
        assert!(text.contains("FAILED fleet-10: put off"), "{text}");
        assert!(!text.contains("every device works"), "{text}");
    }

    #[test]
    fn that_the_new_certificate_alone_is_active_is_said_of_who_has_renewed_one() {
        let played = || vec![came_in(Way::Chunked, 10, 2, Some(6))];
        let renewed = vec![rotated(Way::Chunked, Ok(20))];
        let text = with_rotations(played(), renewed).to_string();
        assert!(text.ends_with("the new one alone is active"), "{text}");
        let text = report(played()).to_string();
        assert!(text.ends_with("with a certificate of its own"), "{text}");
    }
}
