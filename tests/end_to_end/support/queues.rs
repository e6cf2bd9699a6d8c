//! Queues, and functions that are called without one.

use super::{Stack, wait_until};
use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::{Value, json};

/// Puts a message into a queue.
pub async fn send(stack: &Stack, queue: &'static str, body: &str) {
    let sent = stack.sqs().send_message().queue_url(stack.output(queue));
    sent.message_body(body).send().await.unwrap();
}

/// Waits for the next message of a queue, and takes it.
pub async fn next(stack: &Stack, queue: &'static str) -> String {
    wait_until(&format!("a message in {queue}"), || async {
        let url = stack.output(queue);
        let received = stack.sqs().receive_message().queue_url(url).send().await;
        let received = received.unwrap();
        let message = received.messages().first()?;
        let handle = message.receipt_handle().unwrap();
        let deletion = stack.sqs().delete_message().queue_url(url);
        deletion.receipt_handle(handle).send().await.unwrap();
        Some(message.body().unwrap().to_owned())
    })
    .await
}

/// Invokes a function of the template directly, by a workflow of one task.
pub async fn invoke(stack: &Stack, function: &str, payload: &Value) -> Value {
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
    let output = wait_until("the function's answer", || async {
        let found = sfn
            .describe_execution()
            .execution_arn(started.execution_arn())
            .send()
            .await
            .unwrap();
        assert_ne!(
            *found.status(),
            ExecutionStatus::Failed,
            "{:?}",
            found.cause()
        );
        found.output().map(str::to_owned)
    })
    .await;
    serde_json::from_str::<Value>(&output).unwrap()["Payload"].take()
}
