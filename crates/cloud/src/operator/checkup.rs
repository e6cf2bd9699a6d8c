//! What `muster doctor` looks at in AWS, and nothing else does.

mod alarms;
mod drift;
mod indexing;
mod inputs;
mod quotas;
#[cfg(test)]
mod tests;

pub use alarms::RaisedAlarm;
pub use drift::{Difference, Drifted};
pub use indexing::FleetIndex;
pub use inputs::EventSource;
pub use quotas::Quota;

use crate::{Cloud, failure};
use aws_sdk_cloudformation::types::{StackDriftStatus, StackStatus};
use aws_sdk_iot::primitives::DateTime;
use aws_sdk_sfn::types::ExecutionStatus;
use muster_onboarding::{CloudFailure, FailureKind};
use std::collections::BTreeMap;

/// The template's parameter for whom alarms tell.
const ALARM_TOPIC: &str = "AlarmTopicArn";

/// How many executions are looked through, the newest.
const EXECUTIONS: i32 = 100;

/// Reads how an account's services stand. Changes nothing.
#[derive(Debug, Clone)]
pub struct Checkup {
    cloudformation: aws_sdk_cloudformation::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
    iot: aws_sdk_iot::Client,
    kms: aws_sdk_kms::Client,
    lambda: aws_sdk_lambda::Client,
    service_quotas: aws_sdk_servicequotas::Client,
    sfn: aws_sdk_sfn::Client,
}

/// How a stack stands, as CloudFormation names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackHealth {
    /// `UPDATE_COMPLETE` for example.
    pub status: String,
    /// What it saw when it last looked for changes by hand: `IN_SYNC`, `DRIFTED`; `UNKNOWN` where it could not look at all of it,
    /// `NOT_CHECKED` where it has not.
    pub drift: String,
    /// When it last began to look, at the stack or at a part, in seconds since 1970.
    pub drift_looked_for_at: Option<i64>,
    /// What its template's parameters were given, by name.
    pub parameters: BTreeMap<String, String>,
}

impl StackHealth {
    /// Whether its alarms tell somebody.
    pub fn tells(&self) -> bool {
        let topic = self.parameters.get(ALARM_TOPIC);
        topic.is_some_and(|arn| !arn.is_empty())
    }
}

impl Checkup {
    /// Of this account and region.
    pub fn new(cloud: &Cloud) -> Self {
        Self {
            cloudformation: aws_sdk_cloudformation::Client::new(&cloud.config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&cloud.config),
            iot: aws_sdk_iot::Client::new(&cloud.config),
            kms: aws_sdk_kms::Client::new(&cloud.config),
            lambda: aws_sdk_lambda::Client::new(&cloud.config),
            service_quotas: aws_sdk_servicequotas::Client::new(&cloud.config),
            sfn: aws_sdk_sfn::Client::new(&cloud.config),
        }
    }

    /// How a stack stands.
    pub async fn stack(&self, name: &str) -> Result<StackHealth, CloudFailure> {
        let described = self
            .cloudformation
            .describe_stacks()
            .stack_name(name)
            .send();
        let described = described
            .await
            .map_err(|error| failure("cloudformation:DescribeStacks", error))?;
        let stack = described.stacks().first();
        let status = stack.and_then(|stack| stack.stack_status());
        let parameters = stack.map_or(&[][..], |stack| stack.parameters());
        let parameters = parameters.iter().filter_map(|parameter| {
            let name = parameter.parameter_key()?.to_owned();
            Some((name, parameter.parameter_value()?.to_owned()))
        });
        let drift = stack.and_then(|stack| stack.drift_information());
        let looked_at = drift.and_then(|drift| drift.last_check_timestamp());
        let drift = drift.and_then(|drift| drift.stack_drift_status());
        Ok(StackHealth {
            status: status.map_or("", StackStatus::as_str).to_owned(),
            drift: drift
                .map_or("NOT_CHECKED", StackDriftStatus::as_str)
                .to_owned(),
            drift_looked_for_at: looked_at.map(DateTime::secs),
            parameters: parameters.collect(),
        })
    }

    /// The names of the executions of a workflow that failed or ran out of time since `since`, in seconds since 1970: of the
    /// newest hundred each.
    pub async fn failed_since(
        &self,
        state_machine: &str,
        since: i64,
    ) -> Result<Vec<String>, CloudFailure> {
        let mut failed = Vec::new();
        for status in [ExecutionStatus::Failed, ExecutionStatus::TimedOut] {
            let listed = self
                .sfn
                .list_executions()
                .state_machine_arn(state_machine)
                .status_filter(status)
                .max_results(EXECUTIONS)
                .send()
                .await
                .map_err(|error| failure("states:ListExecutions", error))?;
            let recent = listed.executions().iter().filter(|one| {
                let ended = one.stop_date().map(aws_sdk_sfn::primitives::DateTime::secs);
                ended.is_none_or(|ended| ended >= since)
            });
            failed.extend(recent.map(|one| one.name().to_owned()));
        }
        Ok(failed)
    }

    /// How a key stands, as KMS names it: `Enabled`, `PendingDeletion`. One that is not there is `Missing`.
    pub async fn key_state(&self, key: &str) -> Result<String, CloudFailure> {
        let described = self.kms.describe_key().key_id(key).send().await;
        match described.map_err(|error| failure("kms:DescribeKey", error)) {
            Err(error) if error.kind == FailureKind::NotFound => Ok("Missing".to_owned()),
            described => {
                let state = described?.key_metadata.and_then(|key| key.key_state);
                Ok(state.map_or_else(String::new, |state| state.as_str().to_owned()))
            }
        }
    }

    /// When a certificate ends, in seconds since 1970; `None` if it is not there.
    pub async fn ends_at(&self, certificate_id: &str) -> Result<Option<i64>, CloudFailure> {
        let described = self.iot.describe_certificate();
        let described = described.certificate_id(certificate_id).send().await;
        match described.map_err(|error| failure("iot:DescribeCertificate", error)) {
            Err(error) if error.kind == FailureKind::NotFound => Ok(None),
            described => {
                let found = described?.certificate_description;
                let validity = found.and_then(|found| found.validity);
                Ok(
                    validity
                        .and_then(|validity| validity.not_after.map(|end| DateTime::secs(&end))),
                )
            }
        }
    }
}
