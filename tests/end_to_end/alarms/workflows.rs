//! Workflows that nobody repeats.

use crate::support::{Stack, wait_until};
use crate::workflow::{Definition, INJECTED};
use aws_sdk_iot::types::CertificateStatus;
use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::{Value, json};

/// How an execution of a workflow fails.
async fn fails(stack: &Stack, workflow: &'static str, input: &Value) -> String {
    let started = stack.sfn().start_execution().input(input.to_string());
    let started = started.state_machine_arn(stack.output(workflow));
    let started = started.send().await.unwrap();
    wait_until("the execution to fail", || async {
        let failed = stack.sfn().list_executions();
        let failed = failed.state_machine_arn(stack.output(workflow));
        let failed = failed.status_filter(ExecutionStatus::Failed).send().await;
        let failed = failed.unwrap();
        let mut failed = failed.executions().iter();
        failed
            .any(|one| one.execution_arn() == started.execution_arn())
            .then_some(())
    })
    .await;
    let ended = stack.sfn().describe_execution();
    let ended = ended.execution_arn(started.execution_arn()).send().await;
    ended.unwrap().error().unwrap().to_owned()
}

/// `ClaimRetirementFailure`.
pub async fn a_claim_that_nobody_can_take_away(stack: &Stack) {
    let broken = ("LEDGER_TABLE", "");
    stack.set_variable("FleetRemoverFunction", broken).await;
    let input = json!({ "templateName": "plant-7", "certificateId": stack.claim_id, "seconds": 0 });
    let error = fails(stack, "ClaimRetirementStateMachineArn", &input).await;
    assert_eq!(error, "OldClaimStays");
    let claim = stack.iot().describe_certificate();
    let claim = claim.certificate_id(&stack.claim_id).send().await.unwrap();
    let status = claim.certificate_description().unwrap().status().cloned();
    assert_eq!(status, Some(CertificateStatus::Active));
}

/// `ReplacementDeadlineFailure`. A queue that fails is asked again for hours, so that the state is altered instead.
pub async fn a_deadline_that_nobody_hears_of(stack: &Stack) {
    let workflow = "ReplacementDeadlineStateMachineArn";
    let arn = stack.output(workflow);
    let deployed = stack.sfn().describe_state_machine().state_machine_arn(arn);
    let deployed = deployed.send().await.unwrap();
    let failing = Definition::parse(deployed.definition()).failing_before("ReportDeadline");
    let altered = stack.sfn().update_state_machine().state_machine_arn(arn);
    let altered = altered.definition(failing.text());
    altered.send().await.unwrap();
    let input = json!({
        "serial": "sensor-1", "certificateId": "a".repeat(64), "at": "2026-01-01T00:00:00Z"
    });
    assert_eq!(fails(stack, workflow, &input).await, INJECTED);
}
