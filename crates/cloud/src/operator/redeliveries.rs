//! Why functions did not take messages, read from their logs.

use crate::failure;
use aws_config::SdkConfig;
use muster_onboarding::CloudFailure;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::Range;

/// Why a message was delivered again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Redelivery {
    /// The error's name, which has a page in docs/errors.
    pub error: String,
    /// What it says.
    pub cause: String,
}

/// Why messages were delivered again between these times (in milliseconds since 1970), by their ids: of each the last.
pub async fn redeliveries(
    config: &SdkConfig,
    log_group: &str,
    between: Range<i64>,
) -> Result<BTreeMap<String, Redelivery>, CloudFailure> {
    let client = aws_sdk_cloudwatchlogs::Client::new(config);
    let mut pages = client
        .filter_log_events()
        .log_group_name(log_group)
        .start_time(between.start)
        .end_time(between.end)
        .filter_pattern("\"is delivered again\"")
        .into_paginator()
        .send();
    let mut found = BTreeMap::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| failure("logs:FilterLogEvents", error))?;
        found.extend(
            page.events()
                .iter()
                .filter_map(|event| logged(event.message()?)),
        );
    }
    Ok(found)
}

fn logged(line: &str) -> Option<(String, Redelivery)> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    let said = |name: &str| Some(line[name].as_str()?.to_owned());
    let redelivery = Redelivery {
        error: said("error")?,
        cause: said("cause").unwrap_or_default(),
    };
    Some((said("message_id")?, redelivery))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_function_tells_of_one_message_and_others_of_none() {
        let line = r#"{"message":"a connection is delivered again","message_id":"m-1","error":"MessageInvalid","cause":"no"}"#;
        let (id, why) = logged(line).unwrap();
        assert_eq!(
            (id.as_str(), why.error.as_str(), why.cause.as_str()),
            ("m-1", "MessageInvalid", "no")
        );
        assert_eq!(logged(r#"{"message":"done"}"#), None);
        assert_eq!(logged("is delivered again"), None);
    }
}
