//! What the functions called, read from their logs.

use crate::failure;
use aws_config::SdkConfig;
use muster_onboarding::CloudFailure;
use std::collections::BTreeMap;

/// The calls to AWS that the functions have logged since `since_milliseconds` (since 1970), by action.
pub async fn calls_since(
    config: &SdkConfig,
    log_group: &str,
    since_milliseconds: i64,
) -> Result<BTreeMap<String, u64>, CloudFailure> {
    let client = aws_sdk_cloudwatchlogs::Client::new(config);
    let mut pages = client
        .filter_log_events()
        .log_group_name(log_group)
        .start_time(since_milliseconds)
        .filter_pattern("calls")
        .into_paginator()
        .send();
    let mut calls = BTreeMap::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| failure("logs:FilterLogEvents", error))?;
        for event in page.events() {
            for (action, count) in event.message().and_then(logged).unwrap_or_default() {
                *calls.entry(action).or_default() += count;
            }
        }
    }
    Ok(calls)
}

fn logged(line: &str) -> Option<BTreeMap<String, u64>> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    serde_json::from_str(line["calls"].as_str()?).ok()
}

#[cfg(test)]
mod tests {
    use super::logged;

    #[test]
    fn the_calls_of_an_invocation_are_read_from_its_line() {
        let line = r#"{"message":"done","calls":"{\"IoT:CreateThing\":2}"}"#;
        assert_eq!(logged(line).unwrap()["IoT:CreateThing"], 2);
        assert_eq!(logged("START RequestId: calls"), None);
    }
}
