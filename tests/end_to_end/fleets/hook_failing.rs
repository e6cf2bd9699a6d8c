//! The hook fails in whatever way: nobody gets in, and the same device gets in once it is mended.

use super::field::Field;
use crate::alarms::functions::sum;
use crate::support::{Stack, deploy_function, function_arn, invoke};
use aws_sdk_iot::types::ProvisioningHook;
use aws_sdk_lambda::types::Environment;
use edge_client::{FleetConfig, Progress, fleet};
use serde_json::json;
use std::collections::HashMap;
use tokio::sync::mpsc;

/// Answers by the device's serial.
const RUBBISH: &str = r#"
import time
ANSWERS = {
    "list": [{"allowProvisioning": True}],
    "text": "yes",
    "object": {"allowProvisioning": {}},
    "nothing": None,
    "other-field": {"allow": True},
    "overrides": {"allowProvisioning": True, "parameterOverrides": [1]},
    "yes-alone": {"allowProvisioning": True},
}
def handler(event, context):
    serial = event["parameters"]["SerialNumber"]
    if serial == "late":
        time.sleep(10)
        return {"allowProvisioning": True}
    return ANSWERS[serial]
"#;

/// Says yes, after a time that its environment can change.
const VERIFIER: &str = r#"
import os, time
def handler(event, context):
    time.sleep(int(os.environ.get("SECONDS", "10")))
    return {"verified": True}
"#;

/// A refusal's code, and whether the device tries again.
type Told = (String, bool);

/// Runs a device that is not let in until it has been told so twice, or gives up.
async fn told(device: FleetConfig) -> Vec<Told> {
    let (say, mut heard) = mpsc::unbounded_channel();
    let run = fleet(device, move |progress| {
        if let Progress::Refused {
            code, retryable, ..
        } = progress
        {
            let _ = say.send((code.clone(), *retryable));
        }
    });
    tokio::pin!(run);
    let mut told = Vec::new();
    while told.len() < 2 {
        tokio::select! {
            Some(refusal) = heard.recv() => told.push(refusal),
            ended = &mut run => {
                ended.expect_err("nobody gets in");
                heard.close();
                while let Some(refusal) = heard.recv().await {
                    told.push(refusal);
                }
                break;
            }
        }
    }
    told
}

/// Told twice that it may pass, as the device asks again.
fn passing(code: &str) -> Vec<Told> {
    vec![(code.to_owned(), true); 2]
}

/// Told once and for all.
fn for_good(code: &str) -> Vec<Told> {
    vec![(code.to_owned(), false)]
}

impl Field {
    async fn nobody_is_in(&self) {
        assert_eq!(self.in_force().await, [""; 0]);
        assert!(self.stack.things().await.is_empty());
    }

    async fn lets_in(&self, serial: &str) {
        let outcome = fleet(self.device(serial), |_| {}).await;
        let id = outcome.unwrap().certificate_id;
        assert!(self.in_force().await.contains(&id), "{serial}");
    }

    /// Has AWS IoT ask another function; answers who was asked before.
    async fn asks(&self, function: &str) -> String {
        let template = self.stack.iot().describe_provisioning_template();
        let template = template.template_name("plant-7").send().await.unwrap();
        let hook = ProvisioningHook::builder().target_arn(function).build();
        let updated = self.stack.iot().update_provisioning_template();
        let updated = updated.template_name("plant-7");
        let updated = updated.pre_provisioning_hook(hook.unwrap());
        updated.send().await.unwrap();
        let before = template.pre_provisioning_hook.unwrap();
        before.target_arn().to_owned()
    }
}

/// Changes a function's environment; answers what it was.
async fn environment(
    stack: &Stack,
    function: &str,
    change: impl FnOnce(&mut HashMap<String, String>),
) -> HashMap<String, String> {
    let lambda = aws_sdk_lambda::Client::new(&stack.target.cloud.config);
    let now = lambda.get_function_configuration().function_name(function);
    let now = now.send().await.unwrap().environment;
    let before = now.and_then(|now| now.variables).unwrap_or_default();
    let mut variables = before.clone();
    change(&mut variables);
    let environment = Environment::builder().set_variables(Some(variables));
    let updated = lambda.update_function_configuration();
    let updated = updated.function_name(function);
    let updated = updated.environment(environment.build());
    updated.send().await.unwrap();
    before
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_hook_cannot_start_nobody_gets_in_and_afterwards_the_same_device_does() {
    let field = Field::with(json!({ "templateName": "plant-7" })).await;
    let serial = "sensor-00001";
    field.stack.import(serial).await;
    let hook = field.stack.physical_id("PreProvisioningHookFunction").await;
    let whole = environment(&field.stack, &hook, |variables| {
        variables.remove("LEDGER_TABLE");
    })
    .await;
    assert_eq!(told(field.device(serial)).await, passing("InvocationError"));
    // The emulator counts no failures of what AWS IoT calls, so that the function is called directly for the alarm's metric.
    let called = invoke(&field.stack, "PreProvisioningHookFunction", &json!({})).await;
    assert!(called.is_err());
    assert_eq!(sum(&field.stack, "Errors", Some(&hook)).await, 1);
    field.nobody_is_in().await;

    environment(&field.stack, &hook, |variables| *variables = whole).await;
    field.lets_in(serial).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_else_a_hook_answers_than_a_yes_nobody_gets_in() {
    let field = Field::with(json!({ "templateName": "plant-7" })).await;
    deploy_function(&field.stack, "rubbish", RUBBISH).await;
    let musters = field.asks(&function_arn("rubbish")).await;
    let cases = [
        ("list", passing("InvalidResult")),
        ("text", passing("InvalidResult")),
        ("object", passing("InvalidResult")),
        ("nothing", passing("InvalidResult")),
        ("other-field", passing("InvalidResult")),
        ("overrides", passing("InvalidResult")),
        ("crash", passing("InvocationError")),
        ("late", passing("InvocationError")),
        // A yes without what the hook alone can tell leaves the template unfilled.
        ("yes-alone", for_good("InvalidParameters")),
    ];
    for (serial, expected) in &cases {
        field.stack.import(serial).await;
        assert_eq!(&told(field.device(serial)).await, expected, "{serial}");
    }
    field.nobody_is_in().await;

    field.asks(&musters).await;
    for (serial, _) in &cases {
        field.lets_in(serial).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verifier_that_takes_too_long_lets_nobody_in_and_one_that_is_quick_again_does() {
    let arn = function_arn("verifier");
    let parameters = [("VerifierNames", "slow"), ("VerifierArns", arn.as_str())];
    let stack = Stack::start(&parameters).await;
    deploy_function(&stack, "verifier", VERIFIER).await;
    let settings =
        json!({ "templateName": "plant-7", "admission": "verifier", "verifierName": "slow" });
    let field = Field::on(stack, settings).await;
    let serial = "sensor-00001";
    assert_eq!(told(field.device(serial)).await, passing("InvocationError"));
    let codes = field.codes(serial).await;
    assert!(codes.len() >= 2, "{codes:?}");
    assert!(
        codes.iter().all(|code| code == "ProvisioningFailed"),
        "{codes:?}"
    );
    field.nobody_is_in().await;

    environment(&field.stack, "verifier", |variables| {
        variables.insert("SECONDS".into(), "0".into());
    })
    .await;
    field.lets_in(serial).await;
}
