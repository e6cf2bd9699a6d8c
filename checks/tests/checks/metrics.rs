//! Muster's own metrics: what alarms and the dashboard look at is what code records, in name, dimensions and unit.

use crate::alarms::{alarms, dashboard};
use crate::repository::{files, read, root};
use crate::template::{functions_by_directory, list, target, template};
use crate::text::{between, blocks, without_tests};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How many devices stand so: two runs of a day have no sum.
const STANDING: [&str; 2] = ["CertificatesDue", "CertificatesOverdue"];

/// A metric as CloudWatch tells it from others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Metric {
    name: String,
    /// Their names; of a function's own metrics with the directory of its code.
    dimensions: Vec<String>,
    unit: String,
}

impl Metric {
    fn new(name: &str, dimensions: &[String], unit: &str) -> Self {
        Self {
            name: name.to_owned(),
            dimensions: dimensions.to_vec(),
            unit: unit.to_owned(),
        }
    }
}

type Metrics = BTreeSet<Metric>;

/// A measurement of a stack: a metric for the stack, one for the stack and the first dimension, and so on.
fn of_the_stack(name: &str, dimensions: &[&str], unit: &str) -> Metrics {
    let stack = ["Stack"].iter().chain(dimensions);
    let all: Vec<_> = stack.map(|name| (*name).to_owned()).collect();
    (1..=all.len())
        .map(|length| Metric::new(name, &all[..length], unit))
        .collect()
}

/// What event-meter measures of the events that its rule hands it.
fn metered(template: &Value) -> Metrics {
    let functions = functions_by_directory(template);
    let told = &functions["functions/event-meter"]["Events"]["Told"];
    let kinds = list(&told["Properties"]["Pattern"]["detail-type"]);
    assert!(kinds.len() > 4, "only {kinds:?} found");
    let totals = json!({ "due": 1, "overdue": 1, "notified": 1 });
    // What failed is told as a refusal is, with a code of its own.
    let codes = ["SerialUnknown", "ProvisioningFailed"];
    let told = kinds
        .into_iter()
        .flat_map(|kind| codes.map(|code| (kind, code)));
    let measured = told.map(|(kind, code)| {
        let detail =
            json!({ "mode": "jitr", "code": code, "tookMilliseconds": 1, "totals": totals });
        let told = json!({ "detail-type": kind, "detail": detail });
        let measured = event_meter::measure(&serde_json::from_value(told).unwrap());
        measured.unwrap_or_else(|| panic!("nothing is measured of {kind}"))
    });
    let metrics = measured.flat_map(|measured| {
        let names: Vec<_> = measured.dimensions.iter().map(|(name, _)| *name).collect();
        let of_each = measured.metrics.into_iter();
        of_each.flat_map(move |(name, unit, _)| of_the_stack(name, &names, &format!("{unit:?}")))
    });
    metrics.collect()
}

/// What every function measures of its calls.
fn of_calls() -> Metrics {
    let source = read("crates/lambda/src/run.rs");
    let measurement = blocks(&source, "measurement = ")[0];
    let (metrics, dimensions) = measurement.split_once("dimensions:").unwrap();
    let (name, dimensions) = (
        between(metrics, "(\"", "\"")[0],
        between(dimensions, "(\"", "\""),
    );
    of_the_stack(name, &dimensions, between(metrics, "Unit::", ",")[0])
}

/// What is measured of claim certificates.
fn of_claims() -> Metrics {
    let source = read("crates/lambda/src/claim_watch.rs");
    let name = between(&source, "const METRIC: &str = \"", "\"")[0];
    assert!(source.contains(
        "metrics: vec![(METRIC, Unit::Count, 1)],\n                dimensions: Vec::new(),"
    ));
    of_the_stack(name, &[], "Count")
}

/// What functions count one by one.
fn counted() -> Metrics {
    let mut counted = Metrics::new();
    for path in files("functions", "rs") {
        let source = read(&path);
        let source = without_tests(&source);
        if !source.contains("count_one(METRIC,") {
            continue;
        }
        let inside = path.strip_prefix(root()).unwrap().to_str().unwrap();
        let directory = inside.split("/src/").next().unwrap();
        let name = between(source, "const METRIC: &str = \"", "\"")[0];
        counted.insert(Metric::new(name, &[own(directory)], "Count"));
    }
    counted
}

/// The dimension of the metrics that a function tells by its own name.
fn own(directory: &str) -> String {
    format!("FunctionName of {directory}")
}

/// What alarms look at.
fn watched(template: &Value) -> Metrics {
    let alarms = alarms(template).into_iter();
    let of_muster = alarms.filter(|(_, alarm)| alarm["Namespace"] == "Muster");
    let metrics = of_muster.map(|(name, alarm)| {
        let dimensions = list(&alarm["Dimensions"]).into_iter().map(|dimension| {
            let resource = target(&dimension["Value"]).expect(&name);
            match dimension["Name"].as_str().unwrap() {
                "FunctionName" => {
                    let function = &template["Resources"][resource]["Properties"];
                    own(function["CodeUri"].as_str().expect(&name))
                }
                "Stack" if resource == "AWS::StackName" => "Stack".to_owned(),
                other => panic!("{name} has the dimension {other} with {resource}"),
            }
        });
        let dimensions: Vec<_> = dimensions.collect();
        // Of times nobody takes the sum.
        assert_eq!(alarm["Statistic"], "Sum", "{name}");
        Metric::new(alarm["MetricName"].as_str().unwrap(), &dimensions, "Count")
    });
    metrics.collect()
}

/// What the dashboard shows.
fn shown() -> Metrics {
    let dashboard = dashboard();
    let mut shown = Metrics::new();
    for widget in list(&dashboard["widgets"]) {
        let widget = &widget["properties"];
        let in_time = widget["yAxis"]["left"]["label"] == "milliseconds";
        let unit = if in_time { "Milliseconds" } else { "Count" };
        for metric in list(&widget["metrics"]) {
            if metric[0] == "Muster" {
                assert_eq!(metric[3], "${AWS::StackName}", "{metric}");
                let name = metric[1].as_str().unwrap();
                let own = &metric[4]["stat"];
                let statistic = if own.is_null() { &widget["stat"] } else { own };
                let stands = STANDING.contains(&name);
                assert_eq!(
                    statistic,
                    if stands { "Maximum" } else { "Sum" },
                    "{metric}"
                );
                shown.insert(Metric::new(name, &["Stack".to_owned()], unit));
                assert_eq!(metric[2], "Stack", "{metric}");
            } else if let Some(search) = metric[0]["expression"].as_str() {
                shown.insert(searched(search, unit));
            }
        }
    }
    shown
}

fn searched(search: &str, unit: &str) -> Metric {
    assert!(search.contains(r#"Stack="${AWS::StackName}""#), "{search}");
    let summed = search.contains("'Sum'");
    assert_eq!(summed, unit == "Count", "{search}");
    let dimensions = between(search, "SEARCH('{Muster,", "}")[0].split(',');
    let dimensions: Vec<_> = dimensions.map(str::to_owned).collect();
    Metric::new(between(search, "MetricName=\"", "\"")[0], &dimensions, unit)
}

#[test]
fn what_alarms_and_the_dashboard_look_at_is_what_code_records() {
    let template = template();
    let recorded: Metrics = [metered(&template), of_calls(), of_claims(), counted()]
        .into_iter()
        .flatten()
        .collect();
    let (watched, shown) = (watched(&template), shown());
    assert!(watched.len() > 4, "only {watched:?} found");
    assert!(shown.len() > 8, "only {shown:?} found");
    for metric in watched.union(&shown) {
        assert!(recorded.contains(metric), "nothing records {metric:?}");
    }
}
