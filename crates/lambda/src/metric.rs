//! Metrics, as lines of the log from which CloudWatch makes them (Amazon CloudWatch user guide, "Embedded metric format
//! specification").

use crate::clock::now_milliseconds;
use crate::variables::STACK_NAME;
use serde_json::{Value, json};
use std::io::{Write, stdout};

/// What all metrics of Muster's stand under.
const NAMESPACE: &str = "Muster";

/// The dimension that tells stacks apart, where no function does.
const STACK: &str = "Stack";

/// Lambda's own variable with the function's name.
const FUNCTION_NAME: &str = "AWS_LAMBDA_FUNCTION_NAME";

/// Routes, as metrics and events name them.
pub mod routes {
    /// A certificate of the device's own, with which Muster's workflow lets it in.
    pub const JITR: &str = "jitr";
    /// The same, where AWS IoT does so by itself.
    pub const JITP: &str = "jitp";
    /// A token over HTTPS.
    pub const VENDING: &str = "vending";
}

/// What a metric's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// How many.
    Count,
    /// How long.
    Milliseconds,
}

/// Values that were seen together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measurement {
    /// Each metric's name, unit and value.
    pub metrics: Vec<(&'static str, Unit, u64)>,
    /// What tells them apart. There is a metric for the stack, one for the stack and the first of these, and so on.
    pub dimensions: Vec<(&'static str, String)>,
}

impl Measurement {
    /// One device that came in: on which route, and how many milliseconds that took, where somebody has measured it.
    pub fn provisioned(route: String, took: Option<u64>) -> Self {
        let took = took.map(|took| ("TimeToProvision", Unit::Milliseconds, took));
        let one = ("Provisioned", Unit::Count, 1);
        Self {
            metrics: [one].into_iter().chain(took).collect(),
            dimensions: vec![("Route", route)],
        }
    }

    /// One request that was refused: on which route, and why. Each value of the two is a metric that is paid for.
    pub fn refused(route: String, reason: String) -> Self {
        Self {
            metrics: vec![("Refused", Unit::Count, 1)],
            dimensions: vec![("Route", route), ("Reason", reason)],
        }
    }

    /// Writes the metrics of this stack's, as of now.
    pub fn record(&self) {
        write(&self.line(1));
    }

    /// Writes them without the metric for the stack as a whole, which has an alarm.
    pub fn record_apart(&self) {
        write(&self.line(2));
    }

    /// The metrics of this many dimensions and more, that of the stack among them.
    fn line(&self, fewest: usize) -> Value {
        let stack = std::env::var(STACK_NAME).unwrap_or_default();
        let mut dimensions = vec![(STACK, stack)];
        dimensions.extend(self.dimensions.iter().cloned());
        let sets = (fewest..=dimensions.len()).map(|length| &dimensions[..length]);
        let sets: Vec<Vec<_>> = sets.map(names).collect();
        line(now_milliseconds(), &self.metrics, &dimensions, &sets)
    }
}

/// Counts one of `name`, whose dimension `FunctionName` tells stacks apart. The time is in milliseconds since 1970.
pub fn count_one(name: &'static str, now_milliseconds: i64) {
    let function = std::env::var(FUNCTION_NAME).unwrap_or_default();
    let dimensions = [("FunctionName", function)];
    let metrics = [(name, Unit::Count, 1)];
    let sets = [names(&dimensions)];
    write(&line(now_milliseconds, &metrics, &dimensions, &sets));
}

fn names(dimensions: &[(&'static str, String)]) -> Vec<&'static str> {
    dimensions.iter().map(|(name, _)| *name).collect()
}

fn line(
    now_milliseconds: i64,
    metrics: &[(&'static str, Unit, u64)],
    dimensions: &[(&'static str, String)],
    sets: &[Vec<&'static str>],
) -> Value {
    let declared: Vec<_> = metrics
        .iter()
        .map(|(name, unit, _)| json!({ "Name": name, "Unit": format!("{unit:?}") }))
        .collect();
    let directive = json!({ "Namespace": NAMESPACE, "Dimensions": sets, "Metrics": declared });
    let mut line =
        json!({ "_aws": { "Timestamp": now_milliseconds, "CloudWatchMetrics": [directive] } });
    for (name, value) in dimensions {
        line[name] = json!(value);
    }
    for (name, _, value) in metrics {
        line[name] = json!(value);
    }
    line
}

fn write(line: &Value) {
    // A log that takes nothing fails nobody.
    let _ = writeln!(stdout(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::{Measurement, Unit, line};
    use serde_json::json;

    #[test]
    fn what_everybody_can_cause_is_no_part_of_the_stacks_own_metric() {
        let refused = Measurement::refused("vending".to_owned(), "TokenRefused".to_owned());
        let sets =
            |line: serde_json::Value| line["_aws"]["CloudWatchMetrics"][0]["Dimensions"].clone();
        let by_route = json!(["Stack", "Route"]);
        let by_reason = json!(["Stack", "Route", "Reason"]);
        assert_eq!(
            sets(refused.line(1)),
            json!([["Stack"], by_route, by_reason])
        );
        assert_eq!(sets(refused.line(2)), json!([by_route, by_reason]));
    }

    #[test]
    fn the_line_has_the_values_that_its_metrics_name() {
        let dimensions = [("Stack", "here".to_owned()), ("Route", "jitr".to_owned())];
        let metrics = [
            ("Provisioned", Unit::Count, 1),
            ("TimeToProvision", Unit::Milliseconds, 700),
        ];
        let sets = [vec!["Stack"], vec!["Stack", "Route"]];

        let line = line(1, &metrics, &dimensions, &sets);

        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(line["_aws"]["Timestamp"], 1);
        assert_eq!(directive["Namespace"], "Muster");
        let values = directive["Metrics"].as_array().unwrap().iter();
        let values = values.map(|metric| {
            let name = metric["Name"].as_str().unwrap();
            (
                line[name].as_u64().unwrap(),
                metric["Unit"].as_str().unwrap(),
            )
        });
        assert_eq!(
            values.collect::<Vec<_>>(),
            [(1, "Count"), (700, "Milliseconds")]
        );
        for dimension in directive["Dimensions"][1].as_array().unwrap() {
            assert!(line[dimension.as_str().unwrap()].is_string());
        }
    }
}
