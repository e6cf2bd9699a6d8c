//! Where a deployed stack is.

use crate::failure;
use aws_config::SdkConfig;
use muster_onboarding::{CloudFailure, FailureKind};
use std::collections::BTreeMap;

/// The outputs of the CloudFormation stack `name`.
pub async fn stack_outputs(
    config: &SdkConfig,
    name: &str,
) -> Result<BTreeMap<String, String>, CloudFailure> {
    const ACTION: &str = "cloudformation:DescribeStacks";
    let answer = aws_sdk_cloudformation::Client::new(config)
        .describe_stacks()
        .stack_name(name)
        .send()
        .await
        .map_err(|error| failure(ACTION, error))?;
    let stack = answer.stacks().first().ok_or_else(|| CloudFailure {
        kind: FailureKind::NotFound,
        action: ACTION,
        message: format!("there is no stack {name} in this account and region"),
        source: None,
    })?;
    let pair = |output: &aws_sdk_cloudformation::types::Output| {
        Some((
            output.output_key()?.to_owned(),
            output.output_value()?.to_owned(),
        ))
    };
    Ok(stack.outputs().iter().filter_map(pair).collect())
}
