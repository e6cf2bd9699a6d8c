//! Step Functions: starting executions and reporting to those that wait.

use crate::connect::client;
use crate::{Cloud, failure};
use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionOutput;
use aws_sdk_sfn::primitives::DateTime;
use aws_sdk_sfn::types::ExecutionStatus;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use muster_onboarding::ports::{Executions, Run, RunOutcome, Waiting, Workflow};
use muster_onboarding::{CloudFailure, FailureKind};
use serde_json::Value;
use std::time::{Duration, Instant, SystemTime};

/// The adapter to Step Functions.
#[derive(Debug, Clone)]
pub struct Workflows {
    client: Client,
}

/// The adapter to one state machine.
#[derive(Debug, Clone)]
pub struct StateMachine {
    client: Client,
    arn: String,
}

impl Workflows {
    /// Reports to whichever execution's token it is given.
    pub fn new(cloud: &Cloud) -> Self {
        Self {
            client: client!(aws_sdk_sfn, cloud),
        }
    }

    /// Starts executions of one state machine.
    pub fn state_machine(&self, arn: impl Into<String>) -> StateMachine {
        StateMachine {
            client: self.client.clone(),
            arn: arn.into(),
        }
    }
}

impl Workflow for StateMachine {
    async fn start(&self, name: &str, input: String) -> Result<(), CloudFailure> {
        let started = self
            .client
            .start_execution()
            .state_machine_arn(&self.arn)
            .name(name)
            .input(input)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("states:StartExecution", error));
        match started {
            Err(error) if error.kind == FailureKind::AlreadyExists => Ok(()),
            other => other,
        }
    }
}

/// How long a look at an execution waits for the next one, at first and at last.
const FIRST_LOOK: Duration = Duration::from_millis(200);
const LATER_LOOKS: Duration = Duration::from_secs(2);
/// How long an execution is looked for before it counts as none: `DescribeExecution` is eventually consistent.
const LOOKED_FOR: Duration = Duration::from_secs(2);
/// How long a function that was called outlives an execution that was stopped: longer than any of a task's time-outs.
const OUTLIVED_SECONDS: i64 = 60;

impl StateMachine {
    /// The ARN of an execution of this name (Step Functions, `StartExecution`).
    fn execution_arn(&self, name: &str) -> String {
        format!(
            "{}:{name}",
            self.arn.replace(":stateMachine:", ":execution:")
        )
    }

    async fn describe(&self, name: &str) -> Result<DescribeExecutionOutput, CloudFailure> {
        self.client
            .describe_execution()
            .execution_arn(self.execution_arn(name))
            .send()
            .await
            .map_err(|error| failure("states:DescribeExecution", error))
    }

    async fn look(&self, name: &str) -> Result<RunOutcome, CloudFailure> {
        let seen = self.describe(name).await?;
        let read = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
        Ok(match seen.status() {
            ExecutionStatus::Running => RunOutcome::Running,
            ExecutionStatus::Succeeded => RunOutcome::Done(seen.output().map_or(Value::Null, read)),
            other => RunOutcome::Failed {
                error: seen.error().unwrap_or(other.as_str()).to_owned(),
                cause: seen.cause().unwrap_or_default().to_owned(),
            },
        })
    }
}

/// Whether an execution, or a function that it has called, may be at work.
fn at_work(seen: &DescribeExecutionOutput) -> bool {
    match seen.status() {
        ExecutionStatus::Running => true,
        ExecutionStatus::Aborted | ExecutionStatus::TimedOut => {
            let ended = seen.stop_date().map_or(0, DateTime::secs);
            let now = DateTime::from(SystemTime::now()).secs();
            now < ended.saturating_add(OUTLIVED_SECONDS)
        }
        _ => false,
    }
}

impl Run for StateMachine {
    async fn run(
        &self,
        name: &str,
        input: &Value,
        patience_seconds: u64,
    ) -> Result<RunOutcome, CloudFailure> {
        self.start(name, input.to_string()).await?;
        let end = Instant::now() + Duration::from_secs(patience_seconds);
        let mut pause = FIRST_LOOK;
        loop {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LATER_LOOKS);
            match self.look(name).await {
                // A moment after the start it may not be found yet; a throttled look is no end.
                Err(error)
                    if matches!(
                        error.kind,
                        FailureKind::NotFound | FailureKind::Throttled | FailureKind::Unavailable
                    ) && Instant::now() < end => {}
                Ok(RunOutcome::Running) if Instant::now() < end => {}
                other => return other,
            }
        }
    }
}

impl Executions for StateMachine {
    async fn still_runs(&self, name: &str) -> Result<bool, CloudFailure> {
        match self.describe(name).await {
            Err(error) if error.kind == FailureKind::NotFound => Ok(false),
            seen => Ok(at_work(&seen?)),
        }
    }

    async fn runs(&self, name: &str) -> Result<bool, CloudFailure> {
        let end = Instant::now() + LOOKED_FOR;
        loop {
            match self.describe(name).await {
                Ok(seen) => return Ok(at_work(&seen)),
                Err(error) if error.kind == FailureKind::NotFound && Instant::now() < end => {
                    tokio::time::sleep(FIRST_LOOK).await;
                }
                Err(error) if error.kind == FailureKind::NotFound => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }
}

impl Waiting for Workflows {
    async fn succeed(&self, task_token: &str, output: String) -> Result<bool, CloudFailure> {
        let reported = self
            .client
            .send_task_success()
            .task_token(task_token)
            .output(output)
            .send()
            .await;
        match reported {
            Ok(_) => Ok(true),
            // The task has ended: answered by an earlier acknowledgement, timed out, or its execution stopped.
            Err(error)
                if matches!(
                    error.code(),
                    Some("TaskTimedOut" | "TaskDoesNotExist" | "InvalidToken")
                ) =>
            {
                Ok(false)
            }
            Err(error) => Err(failure("states:SendTaskSuccess", error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_execution_has_called_outlives_its_being_stopped_by_a_minute() {
        let now = DateTime::from(SystemTime::now()).secs();
        let seen = |status, seconds_ago| {
            DescribeExecutionOutput::builder()
                .execution_arn("e")
                .state_machine_arn("m")
                .start_date(DateTime::from_secs(0))
                .status(status)
                .stop_date(DateTime::from_secs(now - seconds_ago))
                .build()
                .unwrap()
        };
        assert!(at_work(&seen(ExecutionStatus::Running, 3600)));
        for stopped in [ExecutionStatus::Aborted, ExecutionStatus::TimedOut] {
            assert!(at_work(&seen(stopped.clone(), 30)));
            assert!(!at_work(&seen(stopped, 61)));
        }
        for ended in [ExecutionStatus::Succeeded, ExecutionStatus::Failed] {
            assert!(!at_work(&seen(ended, 0)));
        }
    }
}
