//! Deploys a packaged template by a CloudFormation change set, as the pipeline does on AWS.

use super::package::BUCKET;
use super::reason;
use super::state::STACK_NAME;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types::{
    Capability, ChangeSetStatus, ChangeSetType, Parameter, ResourceStatus, Stack, StackEvent,
    StackStatus,
};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The change set's name.
const CHANGE_SET: &str = "deploy";

/// How long each of the two waits may take. Each takes a second or two.
const LIMIT: Duration = Duration::from_mins(2);

/// How often progress is asked for.
const PAUSE: Duration = Duration::from_millis(100);

/// Why the template is not deployed.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// A call failed, and its answer says why.
    #[error("CloudFormation refused to {action}: {reason}")]
    Refused {
        /// What was asked.
        action: &'static str,
        /// What it answered.
        reason: String,
    },
    /// The change set could not be made from the template.
    #[error("the template is not accepted: {0}")]
    ChangeSet(String),
    /// Resources could not be made.
    #[error("the deployment failed ({status}):\n{}", reasons.join("\n"))]
    Resources {
        /// The stack's status.
        status: String,
        /// Each failed resource with its reason.
        reasons: Vec<String>,
    },
    /// It neither succeeds nor fails.
    #[error("CloudFormation did not {action} within {} s", LIMIT.as_secs())]
    TooSlow {
        /// What was asked.
        action: &'static str,
    },
}

/// Deploys the template under `key` of the bucket, and answers the stack's outputs.
pub async fn deploy(
    cloudformation: &Client,
    gateway: &str,
    key: &str,
    parameters: &[(String, String)],
) -> Result<BTreeMap<String, String>, DeployError> {
    cloudformation
        .create_change_set()
        .stack_name(STACK_NAME)
        .change_set_name(CHANGE_SET)
        .change_set_type(ChangeSetType::Create)
        .template_url(format!("{gateway}/{BUCKET}/{key}"))
        .set_parameters(Some(parameters.iter().map(parameter).collect()))
        .capabilities(Capability::CapabilityIam)
        .capabilities(Capability::CapabilityNamedIam)
        .capabilities(Capability::CapabilityAutoExpand)
        .send()
        .await
        .map_err(|error| refused("take the template", &error))?;
    change_set_is_made(cloudformation).await?;
    cloudformation
        .execute_change_set()
        .stack_name(STACK_NAME)
        .change_set_name(CHANGE_SET)
        .send()
        .await
        .map_err(|error| refused("execute the change set", &error))?;
    let stack = change_set_is_executed(cloudformation).await?;
    Ok(stack
        .outputs()
        .iter()
        .filter_map(|output| {
            Some((
                output.output_key()?.to_owned(),
                output.output_value()?.to_owned(),
            ))
        })
        .collect())
}

fn parameter((key, value): &(String, String)) -> Parameter {
    Parameter::builder()
        .parameter_key(key)
        .parameter_value(value)
        .build()
}

async fn change_set_is_made(cloudformation: &Client) -> Result<(), DeployError> {
    let started = Instant::now();
    while started.elapsed() < LIMIT {
        let change_set = cloudformation
            .describe_change_set()
            .stack_name(STACK_NAME)
            .change_set_name(CHANGE_SET)
            .send()
            .await
            .map_err(|error| refused("describe the change set", &error))?;
        match change_set.status() {
            Some(ChangeSetStatus::CreateComplete) => return Ok(()),
            Some(ChangeSetStatus::Failed) => {
                let reason = change_set.status_reason().unwrap_or("no reason was given");
                return Err(DeployError::ChangeSet(reason.to_owned()));
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
    Err(DeployError::TooSlow {
        action: "make the change set",
    })
}

async fn change_set_is_executed(cloudformation: &Client) -> Result<Stack, DeployError> {
    let started = Instant::now();
    while started.elapsed() < LIMIT {
        let answer = cloudformation
            .describe_stacks()
            .stack_name(STACK_NAME)
            .send()
            .await
            .map_err(|error| refused("describe the stack", &error))?;
        let stack = answer.stacks.unwrap_or_default().into_iter().next();
        match stack.as_ref().and_then(Stack::stack_status) {
            Some(StackStatus::CreateComplete) => {
                return stack.ok_or(DeployError::TooSlow {
                    action: "make the resources",
                });
            }
            Some(
                status @ (StackStatus::CreateFailed
                | StackStatus::RollbackComplete
                | StackStatus::RollbackFailed
                | StackStatus::DeleteComplete),
            ) => {
                return Err(DeployError::Resources {
                    status: status.as_str().to_owned(),
                    reasons: failures(cloudformation).await?,
                });
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
    Err(DeployError::TooSlow {
        action: "make the resources",
    })
}

/// What went wrong, in the order in which it did. Resources that were given up because another failed say so, and are
/// left out unless there is nothing else.
async fn failures(cloudformation: &Client) -> Result<Vec<String>, DeployError> {
    let answer = cloudformation
        .describe_stack_events()
        .stack_name(STACK_NAME)
        .send()
        .await
        .map_err(|error| refused("tell what failed", &error))?;
    let failed =
        |event: &&StackEvent| event.resource_status() == Some(&ResourceStatus::CreateFailed);
    let given_up = |event: &&StackEvent| {
        event
            .resource_status_reason()
            .is_some_and(|r| r.contains("cancelled"))
    };
    let events: Vec<_> = answer.stack_events().iter().rev().filter(failed).collect();
    let causes: Vec<_> = events
        .iter()
        .filter(|event| !given_up(event))
        .map(|event| line(event))
        .collect();
    Ok(if causes.is_empty() {
        events.into_iter().map(line).collect()
    } else {
        causes
    })
}

fn line(event: &StackEvent) -> String {
    format!(
        "  {} ({}): {}",
        event.logical_resource_id().unwrap_or("?"),
        event.resource_type().unwrap_or("?"),
        event
            .resource_status_reason()
            .unwrap_or("no reason was given")
    )
}

fn refused<E: std::error::Error + ProvideErrorMetadata>(
    action: &'static str,
    error: &E,
) -> DeployError {
    DeployError::Refused {
        action,
        reason: reason::of(error),
    }
}
