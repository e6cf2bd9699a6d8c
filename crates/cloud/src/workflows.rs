//! Step Functions: starting executions and reporting to those that wait.

use crate::connect::client;
use crate::{Cloud, failure};
use aws_sdk_sfn::Client;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use muster_onboarding::ports::{Waiting, Workflow};
use muster_onboarding::{CloudFailure, FailureKind};

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
