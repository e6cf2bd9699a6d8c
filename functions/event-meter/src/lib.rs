//! Makes metrics of what the bus tells: who came in by which route and how long that took, who was refused and why, what
//! failed, and what a day's run has found.

use muster_documents::{RefusalCode, Serial};
use muster_lambda::{Measurement, Unit, about_device, about_execution, routes};
use serde::Deserialize;

/// The routes, as events name them. Each value of a dimension is a metric that is paid for, so that what is none of these
/// has one together.
const ROUTES: [&str; 5] = ["chunked", "legacy", routes::JITR, "fleet", routes::VENDING];

/// What is none of the routes, or no code of a refusal.
const OTHER: &str = "other";

/// The code of what failed on the cloud's side: nobody was refused, and the device asks again.
const FAILED: RefusalCode = RefusalCode::ProvisioningFailed;

/// An event, as EventBridge hands it over (Amazon EventBridge user guide, "Events").
#[derive(Debug, Clone, Deserialize)]
pub struct Told {
    /// What has happened.
    #[serde(rename = "detail-type")]
    pub what: String,
    /// To whom.
    pub detail: Detail,
}

/// What is measured of an event.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Detail {
    /// Whom it is about, for the log.
    pub serial: Option<String>,
    /// Which execution tells it, for the log.
    pub execution: Option<String>,
    /// The route.
    pub mode: Option<String>,
    /// Why the device was refused, or that its request failed.
    pub code: Option<String>,
    /// From the beginning of the execution to its event, in milliseconds.
    pub took_milliseconds: Option<u64>,
    /// What a run of certificate-rotation has done.
    pub totals: Option<Totals>,
}

/// What a run of certificate-rotation counts. One that ended early has counted nothing.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Totals {
    /// The devices that stood due: their deadlines had not passed.
    pub due: Option<u64>,
    /// Those that were told.
    pub notified: Option<u64>,
    /// Those that stood overdue, whatever was done about it.
    pub overdue: Option<u64>,
}

/// Writes the metrics of an event.
pub fn meter(told: &Told) {
    let Detail {
        serial, execution, ..
    } = &told.detail;
    if let Some(Ok(serial)) = serial.as_deref().map(Serial::new) {
        about_device(&serial);
    }
    if let Some(execution) = execution {
        about_execution(execution);
    }
    if let Some(measurement) = measure(told) {
        measurement.record();
    }
}

/// What there is to measure of an event, if there is anything.
pub fn measure(told: &Told) -> Option<Measurement> {
    let detail = &told.detail;
    let one = |name| vec![(name, Unit::Count, 1)];
    let route = known(detail.mode.as_deref(), ROUTES);
    let by_route = |route| vec![("Route", route)];
    let (metrics, dimensions) = match told.what.as_str() {
        "DeviceProvisioned" | "DeviceAdmitted" => {
            return Some(Measurement::provisioned(route, detail.took_milliseconds));
        }
        "DeviceRejected" if detail.code.as_deref() == Some(FAILED.name()) => {
            (one("Failed"), by_route(route))
        }
        "DeviceRejected" => {
            let codes = RefusalCode::ALL.iter().map(|code| code.name());
            let reason = known(detail.code.as_deref(), codes);
            return Some(Measurement::refused(route, reason));
        }
        "DeliveryAbandoned" => (one("Abandoned"), by_route(route)),
        "CertificateRotated" => (one("Renewed"), Vec::new()),
        "RotationRun" => (run(detail.totals.as_ref()?), Vec::new()),
        _ => return None,
    };
    (!metrics.is_empty()).then_some(Measurement {
        metrics,
        dimensions,
    })
}

/// A metric that a run has not counted is not measured: nobody takes it for none.
fn run(totals: &Totals) -> Vec<(&'static str, Unit, u64)> {
    let counted = [
        ("CertificatesDue", totals.due),
        ("CertificatesNotified", totals.notified),
        ("CertificatesOverdue", totals.overdue),
    ];
    let counted = counted.into_iter();
    let of_each = counted.filter_map(|(name, count)| Some((name, Unit::Count, count?)));
    of_each.collect()
}

/// The name, if it is one of these.
fn known(name: Option<&str>, these: impl IntoIterator<Item = &'static str>) -> String {
    let mut these = these.into_iter();
    let known = name.filter(|name| these.any(|one| one == *name));
    known.unwrap_or(OTHER).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Told, measure};
    use muster_lambda::{Measurement, Unit};
    use serde_json::{Value, json};

    fn measured(what: &str, detail: &Value) -> Option<Measurement> {
        let told = json!({ "detail-type": what, "source": "muster", "detail": detail });
        let told: Told = serde_json::from_value(told).unwrap();
        measure(&told)
    }

    #[test]
    fn a_device_that_came_in_counts_for_its_route_with_the_time_that_it_took() {
        let detail = json!({ "serial": "s", "mode": "jitr", "tookMilliseconds": 800 });
        let measured = measured("DeviceProvisioned", &detail).unwrap();
        let counted = ("Provisioned", Unit::Count, 1);
        let took = ("TimeToProvision", Unit::Milliseconds, 800);
        assert_eq!(measured.metrics, [counted, took]);
        assert_eq!(measured.dimensions, [("Route", "jitr".to_owned())]);
    }

    #[test]
    fn a_fleets_device_counts_when_the_hook_lets_it_in() {
        let measured = measured("DeviceAdmitted", &json!({ "mode": "fleet" })).unwrap();
        assert_eq!(measured.metrics, [("Provisioned", Unit::Count, 1)]);
    }

    #[test]
    fn a_refusal_counts_for_its_route_and_reason() {
        let detail = json!({ "mode": "chunked", "code": "SerialUnknown" });
        let measured = measured("DeviceRejected", &detail).unwrap();
        assert_eq!(measured.metrics, [("Refused", Unit::Count, 1)]);
        let reason = ("Reason", "SerialUnknown".to_owned());
        let route = ("Route", "chunked".to_owned());
        assert_eq!(measured.dimensions, [route, reason]);
    }

    #[test]
    fn what_failed_on_the_clouds_side_counts_for_its_route_and_is_no_refusal() {
        let detail = json!({ "mode": "chunked", "code": "ProvisioningFailed" });
        let measured = measured("DeviceRejected", &detail).unwrap();
        assert_eq!(measured.metrics, [("Failed", Unit::Count, 1)]);
        assert_eq!(measured.dimensions, [("Route", "chunked".to_owned())]);
    }

    #[test]
    fn nobody_makes_metrics_by_new_names_for_routes_and_reasons() {
        let detail = json!({ "mode": "x".repeat(500), "code": "y".repeat(500) });
        let measured = measured("DeviceRejected", &detail).unwrap();
        let values: Vec<_> = measured.dimensions.iter().map(|(_, value)| value).collect();
        assert_eq!(values, ["other", "other"]);
    }

    #[test]
    fn a_days_run_says_how_many_stand_due_and_overdue() {
        let totals = json!({ "read": 9, "due": 5, "overdue": 2, "notified": 3, "enforced": 1 });
        let measured = measured("RotationRun", &json!({ "totals": totals })).unwrap();
        let said: Vec<_> = measured
            .metrics
            .iter()
            .map(|(name, _, value)| (*name, *value))
            .collect();
        let due = ("CertificatesDue", 5);
        let notified = ("CertificatesNotified", 3);
        assert_eq!(said, [due, notified, ("CertificatesOverdue", 2)]);
        assert!(measured.dimensions.is_empty());
    }

    #[test]
    fn a_run_that_has_counted_nobody_does_not_say_that_nobody_is_due() {
        assert_eq!(measured("RotationRun", &json!({ "totals": {} })), None);
        assert_eq!(measured("RotationRun", &json!({ "totals": null })), None);
    }

    #[test]
    fn of_what_else_is_told_nothing_is_measured() {
        assert_eq!(measured("FleetSetUp", &json!({ "fleet": "f" })), None);
        assert_eq!(measured("DeviceOverdue", &json!({ "serial": "s" })), None);
    }
}
