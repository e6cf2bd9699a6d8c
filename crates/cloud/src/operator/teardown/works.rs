//! What keeps a stack going: topic rules, functions, executions.

use crate::{Cloud, failure};
use aws_sdk_sfn::error::ProvideErrorMetadata;
use aws_sdk_sfn::types::ExecutionStatus;
use muster_onboarding::{CloudFailure, FailureKind};

/// What Step Functions answers of an express workflow, of which it keeps no list (API reference, `ListExecutions`).
const NOT_KEPT: &str = "StateMachineTypeNotSupported";

/// The works of stacks, to be brought to a stop.
#[derive(Debug, Clone)]
pub struct Works {
    iot: aws_sdk_iot::Client,
    lambda: aws_sdk_lambda::Client,
    sfn: aws_sdk_sfn::Client,
}

impl Works {
    /// Those of this account and region.
    pub fn new(cloud: &Cloud) -> Self {
        Self {
            iot: aws_sdk_iot::Client::new(&cloud.config),
            lambda: aws_sdk_lambda::Client::new(&cloud.config),
            sfn: aws_sdk_sfn::Client::new(&cloud.config),
        }
    }

    /// Has a topic rule pass nothing on any more. Done already is done.
    pub async fn disable_rule(&self, rule: &str) -> Result<(), CloudFailure> {
        let disabled = self.iot.disable_topic_rule().rule_name(rule).send().await;
        let disabled = disabled.map_err(|error| failure("iot:DisableTopicRule", error));
        CloudFailure::unless_not_found(disabled.map(drop))
    }

    /// Has a function take no more invocations, from whatever source: an API, a queue, a schedule, AWS IoT. Those that run
    /// go on until they end. Done already is done.
    pub async fn shut_function(&self, function: &str) -> Result<(), CloudFailure> {
        let shut = self
            .lambda
            .put_function_concurrency()
            .function_name(function)
            .reserved_concurrent_executions(0)
            .send()
            .await
            .map_err(|error| failure("lambda:PutFunctionConcurrency", error));
        CloudFailure::unless_not_found(shut.map(drop))
    }

    /// The ARNs of the executions of a workflow that run.
    pub async fn running(&self, state_machine: &str) -> Result<Vec<String>, CloudFailure> {
        let mut pages = self
            .sfn
            .list_executions()
            .state_machine_arn(state_machine)
            .status_filter(ExecutionStatus::Running)
            .into_paginator()
            .send();
        let mut running = Vec::new();
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => {
                    let arns = page.executions().iter();
                    running.extend(arns.map(|one| one.execution_arn().to_owned()));
                }
                Err(error) if error.code() == Some(NOT_KEPT) => break,
                Err(error) => return Err(failure("states:ListExecutions", error)),
            }
        }
        Ok(running)
    }

    /// Stops an execution. Nothing of it is undone. Done already is done.
    pub async fn stop(&self, execution: &str, why: &str) -> Result<(), CloudFailure> {
        let stopped = self
            .sfn
            .stop_execution()
            .execution_arn(execution)
            .cause(why)
            .send()
            .await
            .map_err(|error| failure("states:StopExecution", error));
        match stopped {
            // It has ended by itself meanwhile.
            Err(error) if error.kind == FailureKind::Refused && !self.runs(execution).await? => {
                Ok(())
            }
            stopped => CloudFailure::unless_not_found(stopped.map(drop)),
        }
    }

    async fn runs(&self, execution: &str) -> Result<bool, CloudFailure> {
        let described = self
            .sfn
            .describe_execution()
            .execution_arn(execution)
            .send();
        let described = described.await;
        let described = described.map_err(|error| failure("states:DescribeExecution", error))?;
        Ok(described.status == ExecutionStatus::Running)
    }
}
