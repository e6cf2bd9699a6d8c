//! Functions of the template, called directly.

use super::{Stack, wait_until};
use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::{Value, json};

/// How a function failed: the error's name and its sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    pub name: String,
    pub cause: String,
}

/// Invokes a function of the template, by a workflow of one task.
pub async fn invoke(stack: &Stack, function: &str, payload: &Value) -> Result<Value, Failed> {
    let name = stack.physical_id(function).await;
    let definition = json!({ "StartAt": "Invoke", "States": { "Invoke": {
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true,
        "Parameters": { "FunctionName": name, "Payload.$": "$" },
    } } });
    let (sfn, machine) = (
        stack.sfn(),
        stack.output("ClaimProvisioningStateMachineArn"),
    );
    let role = sfn
        .describe_state_machine()
        .state_machine_arn(machine)
        .send()
        .await
        .unwrap();
    let created = sfn
        .create_state_machine()
        .name(format!("invoke-{function}"))
        .role_arn(role.role_arn());
    let machine = created.definition(definition.to_string()).send().await;
    // Made again, it is the same one.
    let machine = machine.unwrap().state_machine_arn().to_owned();
    let started = sfn
        .start_execution()
        .state_machine_arn(machine)
        .input(payload.to_string())
        .send()
        .await
        .unwrap();
    let ended = wait_until("the function's answer", || async {
        let found = sfn
            .describe_execution()
            .execution_arn(started.execution_arn())
            .send()
            .await
            .unwrap();
        (*found.status() != ExecutionStatus::Running).then_some(found)
    })
    .await;
    if *ended.status() == ExecutionStatus::Succeeded {
        let output = ended.output().unwrap();
        return Ok(serde_json::from_str::<Value>(output).unwrap()["Payload"].take());
    }
    Err(Failed {
        name: ended.error().unwrap_or_default().to_owned(),
        cause: ended.cause().unwrap_or_default().to_owned(),
    })
}
