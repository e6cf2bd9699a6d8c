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

/// The account's endpoint for devices, with the certificate that Amazon's own authorities signed
/// (`iot:Data-ATS`, AWS IoT developer guide, "Device data and service endpoints").
pub async fn data_endpoint(config: &SdkConfig) -> Result<String, CloudFailure> {
    const ACTION: &str = "iot:DescribeEndpoint";
    let answer = aws_sdk_iot::Client::new(config)
        .describe_endpoint()
        .endpoint_type("iot:Data-ATS")
        .send()
        .await
        .map_err(|error| failure(ACTION, error))?;
    answer
        .endpoint_address()
        .map(str::to_owned)
        .ok_or_else(|| CloudFailure {
            kind: FailureKind::Unavailable,
            action: ACTION,
            message: "the answer has no endpoint".to_owned(),
            source: None,
        })
}
