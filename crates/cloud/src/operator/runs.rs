//! Daily workflows: started by hand, and looked after until their end.

use crate::{Cloud, failure};
use aws_sdk_sfn::Client;
use aws_sdk_sfn::types::{ExecutionStatus, MapRunItemCounts};
use muster_onboarding::CloudFailure;
use serde_json::Value;

/// One stack's `certificate-rotation` or `reconciliation`.
#[derive(Debug, Clone)]
pub struct DailyRuns {
    client: Client,
    state_machine_arn: String,
}

/// An execution of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DailyRun {
    /// Its name.
    pub name: String,
    arn: String,
}

/// How an execution ended.
#[derive(Debug, Clone, PartialEq)]
pub enum RunEnd {
    /// All was seen to. What it counted.
    Done(Value),
    /// It failed.
    Failed {
        /// The error's name.
        error: String,
        /// What it says.
        cause: String,
    },
}

/// How far an execution is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunProgress {
    /// Parts that are seen to.
    pub done: i64,
    /// All of them.
    pub of: i64,
}

impl DailyRuns {
    /// The runs of this state machine.
    pub fn new(cloud: &Cloud, state_machine_arn: &str) -> Self {
        Self {
            client: Client::new(&cloud.config),
            state_machine_arn: state_machine_arn.to_owned(),
        }
    }

    /// The execution that runs at this moment, if one does.
    pub async fn running(&self) -> Result<Option<DailyRun>, CloudFailure> {
        let listed = self
            .client
            .list_executions()
            .state_machine_arn(&self.state_machine_arn)
            .status_filter(ExecutionStatus::Running)
            .send()
            .await
            .map_err(|error| failure("states:ListExecutions", error))?;
        Ok(listed.executions().first().map(|execution| DailyRun {
            name: execution.name().to_owned(),
            arn: execution.execution_arn().to_owned(),
        }))
    }

    /// Starts an execution.
    pub async fn start(&self, name: &str, input: &Value) -> Result<DailyRun, CloudFailure> {
        let started = self
            .client
            .start_execution()
            .state_machine_arn(&self.state_machine_arn)
            .name(name)
            .input(input.to_string())
            .send()
            .await
            .map_err(|error| failure("states:StartExecution", error))?;
        Ok(DailyRun {
            name: name.to_owned(),
            arn: started.execution_arn,
        })
    }

    /// How an execution ended; `None` while it runs.
    pub async fn end(&self, run: &DailyRun) -> Result<Option<RunEnd>, CloudFailure> {
        let seen = self
            .client
            .describe_execution()
            .execution_arn(&run.arn)
            .send()
            .await
            .map_err(|error| failure("states:DescribeExecution", error))?;
        let read = |text: &str| serde_json::from_str(text).unwrap_or_default();
        Ok(match seen.status() {
            ExecutionStatus::Running => None,
            ExecutionStatus::Succeeded => {
                Some(RunEnd::Done(seen.output().map(read).unwrap_or_default()))
            }
            other => Some(RunEnd::Failed {
                error: seen.error().unwrap_or(other.as_str()).to_owned(),
                cause: seen.cause().unwrap_or_default().to_owned(),
            }),
        })
    }

    /// How far an execution is; `None` while it is planned.
    pub async fn progress(&self, run: &DailyRun) -> Result<Option<RunProgress>, CloudFailure> {
        let listed = self
            .client
            .list_map_runs()
            .execution_arn(&run.arn)
            .send()
            .await
            .map_err(|error| failure("states:ListMapRuns", error))?;
        let Some(map) = listed.map_runs().first() else {
            return Ok(None);
        };
        let seen = self
            .client
            .describe_map_run()
            .map_run_arn(map.map_run_arn())
            .send()
            .await
            .map_err(|error| failure("states:DescribeMapRun", error))?;
        Ok(seen.item_counts().map(|counts| RunProgress {
            done: ended(counts),
            of: counts.total(),
        }))
    }
}

fn ended(counts: &MapRunItemCounts) -> i64 {
    counts.succeeded() + counts.failed() + counts.timed_out() + counts.aborted()
}
