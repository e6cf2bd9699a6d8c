//! Metrics, as lines of the log from which CloudWatch makes them (Amazon CloudWatch user guide, "Embedded metric format
//! specification").

use serde_json::{Value, json};
use std::io::{Write, stdout};

/// What all metrics of Muster's stand under.
const NAMESPACE: &str = "Muster";

/// Lambda's own variable with the function's name.
const FUNCTION_NAME: &str = "AWS_LAMBDA_FUNCTION_NAME";

/// Counts one of `name`, whose dimension `FunctionName` tells stacks apart. The time is in milliseconds since 1970.
pub fn count_one(name: &str, now_milliseconds: i64) {
    let function = std::env::var(FUNCTION_NAME).unwrap_or_default();
    // A log that takes nothing fails nobody.
    let _ = writeln!(stdout(), "{}", line(name, &function, now_milliseconds));
}

fn line(name: &str, function: &str, now_milliseconds: i64) -> Value {
    let metric = json!({
        "Namespace": NAMESPACE, "Dimensions": [["FunctionName"]], "Metrics": [{ "Name": name, "Unit": "Count" }],
    });
    let mut line = json!({
        "_aws": { "Timestamp": now_milliseconds, "CloudWatchMetrics": [metric] }, "FunctionName": function,
    });
    line[name] = 1.into();
    line
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn the_line_has_the_values_that_its_metric_names() {
        let line = line("ClaimSurge", "hook", 1);
        let metric = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(line["_aws"]["Timestamp"], 1);
        assert_eq!(metric["Namespace"], "Muster");
        let name = metric["Metrics"][0]["Name"].as_str().unwrap();
        assert_eq!(line[name], 1);
        let dimension = metric["Dimensions"][0][0].as_str().unwrap();
        assert_eq!(line[dimension], "hook");
    }
}
