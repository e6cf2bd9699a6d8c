//! Which alarms are raised.

use super::Checkup;
use crate::failure;
use aws_sdk_cloudwatch::types::StateValue;
use muster_onboarding::CloudFailure;

/// As many names as one question may have, and as many alarms as an answer (`CloudWatch`, `DescribeAlarms`).
const PAGE: usize = 100;

/// An alarm whose condition is met now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RaisedAlarm {
    /// Its name.
    pub name: String,
    /// What its template says of it; empty if it says nothing.
    pub description: String,
}

impl Checkup {
    /// Those of these metric alarms that are in state `ALARM`. One that has no data yet is not, and one that is gone is left
    /// out.
    pub async fn raised(&self, names: &[&str]) -> Result<Vec<RaisedAlarm>, CloudFailure> {
        let mut raised = Vec::new();
        for names in names.chunks(PAGE) {
            let mut listed = self
                .cloudwatch
                .describe_alarms()
                .set_alarm_names(Some(names.iter().map(ToString::to_string).collect()))
                .state_value(StateValue::Alarm)
                .max_records(100)
                .into_paginator()
                .send();
            while let Some(page) = listed.next().await {
                let page = page.map_err(|error| failure("cloudwatch:DescribeAlarms", error))?;
                raised.extend(
                    page.metric_alarms
                        .unwrap_or_default()
                        .into_iter()
                        .map(|alarm| RaisedAlarm {
                            name: alarm.alarm_name.unwrap_or_default(),
                            description: alarm.alarm_description.unwrap_or_default(),
                        }),
                );
            }
        }
        Ok(raised)
    }
}
