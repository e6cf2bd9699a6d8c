//! What was changed by hand in a stack, as far as CloudFormation has looked.

use super::Checkup;
use crate::failure;
use aws_sdk_cloudformation::primitives::DateTime;
use aws_sdk_cloudformation::types::{
    StackDriftDetectionStatus, StackResourceDrift, StackResourceDriftStatus,
};
use muster_onboarding::{CloudFailure, FailureKind};
use std::time::Duration;

/// How long CloudFormation may look. It takes a minute or several, by the number of resources (AWS CloudFormation user guide,
/// "Detect unmanaged configuration changes to stacks and resources with drift detection").
const LIMIT: Duration = Duration::from_mins(15);

/// How often it is asked whether it is done.
const PAUSE: Duration = Duration::from_secs(5);

/// A resource that is not as the template says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drifted {
    /// Its name in the template.
    pub logical_id: String,
    /// `AWS::Lambda::Function` for example.
    pub kind: String,
    /// When CloudFormation looked at it, in seconds since 1970.
    pub at: i64,
    /// What is otherwise.
    pub difference: Difference,
}

/// How a resource is not as the template says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// It is not there any more.
    Gone,
    /// These differ, as paths: `/MemorySize`.
    Properties(Vec<String>),
    /// CloudFormation could not look, for this reason.
    Unknown(String),
}

impl Checkup {
    /// Has CloudFormation look what was changed by hand, and waits until it has. Answers why it could not look at everything, if
    /// so: what it could look at is known all the same.
    pub async fn look_for_drift(&self, stack: &str) -> Result<Option<String>, CloudFailure> {
        let started = self.cloudformation.detect_stack_drift().stack_name(stack);
        let started = started
            .send()
            .await
            .map_err(|error| failure("cloudformation:DetectStackDrift", error))?;
        let id = started.stack_drift_detection_id().unwrap_or_default();
        let ended = tokio::time::timeout(LIMIT, self.drift_is_looked_for(id)).await;
        ended.unwrap_or_else(|_| Err(unfinished()))
    }

    async fn drift_is_looked_for(&self, id: &str) -> Result<Option<String>, CloudFailure> {
        loop {
            let looking = self
                .cloudformation
                .describe_stack_drift_detection_status()
                .stack_drift_detection_id(id)
                .send()
                .await
                .map_err(|error| {
                    failure("cloudformation:DescribeStackDriftDetectionStatus", error)
                })?;
            match looking.detection_status() {
                Some(StackDriftDetectionStatus::DetectionComplete) => return Ok(None),
                Some(StackDriftDetectionStatus::DetectionFailed) => {
                    let why = looking.detection_status_reason();
                    return Ok(Some(
                        why.unwrap_or("CloudFormation says no reason").to_owned(),
                    ));
                }
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// What was not as the template says when CloudFormation last looked, or could not be looked at.
    pub async fn drifted(&self, stack: &str) -> Result<Vec<Drifted>, CloudFailure> {
        let mut drifted = Vec::new();
        let mut next = None;
        loop {
            let page = self
                .cloudformation
                .describe_stack_resource_drifts()
                .stack_name(stack)
                .stack_resource_drift_status_filters(StackResourceDriftStatus::Modified)
                .stack_resource_drift_status_filters(StackResourceDriftStatus::Deleted)
                .stack_resource_drift_status_filters(StackResourceDriftStatus::UnknownValue)
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| failure("cloudformation:DescribeStackResourceDrifts", error))?;
            drifted.extend(page.stack_resource_drifts().iter().map(read));
            next = page.next_token().map(str::to_owned);
            if next.is_none() {
                return Ok(drifted);
            }
        }
    }
}

fn read(drift: &StackResourceDrift) -> Drifted {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let differences = drift.property_differences().iter();
    let paths = differences.map(|difference| text(difference.property_path()));
    Drifted {
        logical_id: text(drift.logical_resource_id()),
        kind: text(drift.resource_type()),
        at: drift.timestamp().map_or(0, DateTime::secs),
        difference: match drift.stack_resource_drift_status() {
            Some(StackResourceDriftStatus::Deleted) => Difference::Gone,
            Some(StackResourceDriftStatus::Modified) => Difference::Properties(paths.collect()),
            _ => Difference::Unknown(text(drift.drift_status_reason())),
        },
    }
}

fn unfinished() -> CloudFailure {
    CloudFailure {
        kind: FailureKind::Unavailable,
        action: "cloudformation:DetectStackDrift",
        message: "it has not ended in 15 minutes".to_owned(),
        source: None,
    }
}
