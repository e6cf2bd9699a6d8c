//! Fleets: set up, changed, taken down, and their devices.

mod account;
mod attacks;
mod bundle;
pub mod claimant;
mod claims;
mod custom_resource;
mod failing;
pub mod field;
mod hook_failing;
mod sdk;
mod secrets;
mod setting_up;
mod surge;
pub mod unpacked;
mod workflow;

use crate::support::{Failed, Stack, invoke};
use muster_documents::FleetAnswer;
use serde_json::{Value, json};

/// A fleet's claim certificate, as AWS IoT knows it.
pub fn claim_of(fleet: &FleetAnswer) -> &str {
    &fleet
        .provision_claim_certificate
        .provision_claim_certificate_id
}

/// Asks the function itself, as callers of the seed do.
pub async fn set_up(stack: &Stack, fleet: &Value) -> Result<FleetAnswer, Failed> {
    let answer = invoke(stack, "FleetGeneratorFunction", &json!({ "body": fleet })).await?;
    Ok(serde_json::from_value(answer).unwrap())
}

/// Gives a fleet another claim certificate.
pub async fn rotate(stack: &Stack, what: Value) -> Result<FleetAnswer, Failed> {
    let asked = json!({ "operation": "POST /fleets/claims", "body": what });
    let answer = invoke(stack, "FleetGeneratorFunction", &asked).await?;
    Ok(serde_json::from_value(answer).unwrap())
}

/// Takes a fleet down.
pub async fn remove(stack: &Stack, name: &str, keep_devices: bool) -> Result<Value, Failed> {
    let asked = json!({
        "operation": "DELETE /fleets/{templateName}", "body": {},
        "parameters": { "templateName": name, "keepDevices": keep_devices.to_string() },
    });
    invoke(stack, "FleetGeneratorFunction", &asked).await
}

/// Has every execution that sets a fleet up wait for so many seconds.
pub async fn slow_down(stack: &Stack, seconds: u64) {
    let machine = stack.output("FleetSetupStateMachineArn");
    let described = stack.sfn().describe_state_machine();
    let described = described.state_machine_arn(machine).send().await.unwrap();
    let mut definition: Value = serde_json::from_str(described.definition()).unwrap();
    definition["States"]["Wait"] =
        json!({ "Type": "Wait", "Seconds": seconds, "Next": "MakePolicies" });
    definition["States"]["JudgeAction"]["Default"] = json!("Wait");
    let updated = stack
        .sfn()
        .update_state_machine()
        .state_machine_arn(machine);
    let updated = updated.definition(definition.to_string());
    updated.send().await.unwrap();
}
