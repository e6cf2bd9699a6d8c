//! Functions of the operator's own, in Python.

use super::{Stack, wait_until};
use serde_json::json;

/// The ARN of the function of this name.
pub fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:us-east-1:000000000000:function:{name}")
}

/// Deploys a function, as an operator has his own: `code` is a module with a `handler`. AWS IoT may call it too.
pub async fn deploy_function(stack: &Stack, name: &str, code: &str) {
    let template = json!({ "Resources": {
        "Role": { "Type": "AWS::IAM::Role", "Properties": { "AssumeRolePolicyDocument": {
            "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "lambda.amazonaws.com" },
            }],
        } } },
        "Function": { "Type": "AWS::Lambda::Function", "Properties": {
            "FunctionName": name, "Runtime": "python3.12", "Handler": "index.handler", "Timeout": 30,
            "Role": { "Fn::GetAtt": ["Role", "Arn"] }, "Code": { "ZipFile": code },
        } },
        "Permission": { "Type": "AWS::Lambda::Permission", "Properties": {
            "FunctionName": { "Fn::GetAtt": ["Function", "Arn"] }, "Action": "lambda:InvokeFunction",
            "Principal": "iot.amazonaws.com",
        } },
    } });
    let cloudformation = aws_sdk_cloudformation::Client::new(&stack.target.cloud.config);
    let created = cloudformation
        .create_stack()
        .stack_name(name)
        .template_body(template.to_string())
        .capabilities(aws_sdk_cloudformation::types::Capability::CapabilityIam);
    created.send().await.unwrap();
    wait_until("the function's stack", async || {
        let described = cloudformation.describe_stacks().stack_name(name);
        let described = described.send().await.ok()?;
        let status = described.stacks().first()?.stack_status()?.as_str();
        (status == "CREATE_COMPLETE").then_some(())
    })
    .await;
}
