//! A step that fails in between: what was done before it is undone.

use super::account::account;
use super::{claim_of, set_up, slow_down};
use crate::support::{Stack, invoke, wait_until};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::json;
use std::os::unix::fs::symlink;
use std::path::Path;

/// The template with a statement more in a function's role, which denies what the role allows.
fn template(directory: &Path, before: &str, denied: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let root = root.canonicalize().unwrap();
    for room in ["dashboard.yaml", "functions", "policies", "statemachines"] {
        symlink(root.join(room), directory.join(room)).unwrap();
    }
    let template = std::fs::read_to_string(root.join("template.yaml")).unwrap();
    let mark = format!("            - Sid: {before}\n");
    assert!(template.contains(&mark));
    let statement =
        format!("            - {{ Effect: Deny, Action: [{denied}], Resource: \"*\" }}\n");
    let template = template.replace(&mark, &format!("{statement}{mark}"));
    std::fs::write(directory.join("template.yaml"), template).unwrap();
}

/// A fleet that cannot be made whole is not there at all.
async fn nothing_is_left(before: &str, denied: &str) {
    let directory = tempfile::tempdir().unwrap();
    template(directory.path(), before, denied);
    let template = directory.path().join("template.yaml");
    let stack = Stack::start_template(Some(&template), &[]).await;
    let untouched = account(&stack).await;
    let fleet = json!({
        "templateName": "f", "models": ["a"], "greengrassV2": true, "serialPrefix": "core-",
    });
    let error = set_up(&stack, &fleet).await.unwrap_err();
    assert_eq!(error.name, "FleetFailed", "{error:?}");
    assert!(error.cause.contains("AccessDenied"), "{error:?}");
    assert_eq!(account(&stack).await, untouched, "{denied}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_whose_last_policy_fails_is_not_there() {
    nothing_is_left("MakeTheFleetsPolicies", "iot:CreateRoleAlias").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_whose_claim_certificate_cannot_be_activated_is_not_there() {
    nothing_is_left("MakeTheFleetsPolicies", "iot:UpdateCertificate").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_whose_bundle_cannot_be_stored_is_not_there() {
    nothing_is_left("ReadWhatGoesIntoBundles", "s3:PutObject").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_that_has_lost_its_fleet_changes_nothing_any_more() {
    let stack = Stack::start(&[]).await;
    let fleet = json!({ "templateName": "f", "models": ["a"] });
    let made = set_up(&stack, &fleet).await.unwrap();
    let before = account(&stack).await;
    let old = "f-of-long-ago";
    let (registrar, remover) = ("FleetRegistrarFunction", "FleetRemoverFunction");
    for (function, task) in [
        (registrar, json!({ "make": "policies", "settings": fleet })),
        (registrar, json!({ "make": "templates", "settings": fleet })),
        (registrar, json!({ "make": "claim", "settings": fleet })),
        (remover, json!({ "remove": "dryRun", "templateName": "f" })),
        (remover, json!({ "remove": "fleet", "templateName": "f" })),
        (
            remover,
            json!({ "remove": "newClaim", "templateName": "f" }),
        ),
        (
            "BundlePackerFunction",
            json!({ "pack": "bundle", "settings": fleet, "certificateId": claim_of(&made) }),
        ),
        (
            "BundlePackerFunction",
            json!({ "pack": "leftovers", "settings": fleet }),
        ),
    ] {
        let mut task = task;
        task["execution"] = json!(old);
        let error = invoke(&stack, function, &task).await.unwrap_err();
        assert_eq!(error.name, "FleetBusy", "{task}: {error:?}");
    }
    assert_eq!(account(&stack).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_that_loses_its_fleet_ends_and_undoes_nothing() {
    let stack = Stack::start(&[]).await;
    let fleet = json!({ "templateName": "f", "models": ["a"] });
    set_up(&stack, &fleet).await.unwrap();
    slow_down(&stack, 4).await;
    let ledger = aws_sdk_dynamodb::Client::new(&stack.target.cloud.config);
    let s = |text: &str| AttributeValue::S(text.to_owned());
    let changed = async { set_up(&stack, &json!({ "templateName": "f", "models": ["b"] })).await };
    let taken_over = async {
        wait_until("the change to be under way", || async {
            let fleet = account(&stack).await;
            fleet["item fleets f"].contains("changing").then_some(())
        })
        .await;
        let update = ledger
            .update_item()
            .table_name(stack.output("LedgerTableName"));
        let update = update.key("pk", s("fleets")).key("sk", s("f"));
        let update = update.update_expression("SET execution = :other");
        let update = update.expression_attribute_values(":other", s("another"));
        update.send().await.unwrap();
        account(&stack).await
    };
    let (changed, before) = tokio::join!(changed, taken_over);
    assert_eq!(changed.unwrap_err().name, "FleetBusy");
    assert_eq!(account(&stack).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_gets_hold_of_no_fleet_that_is_not_its_own() {
    let stack = Stack::start(&[]).await;
    set_up(&stack, &json!({ "templateName": "f" }))
        .await
        .unwrap();
    let before = account(&stack).await;
    for request in [
        json!({ "action": "setUp", "what": { "templateName": "f", "models": [{ "name": "a" }] } }),
        json!({ "action": "remove", "what": { "templateName": "f", "keepDevices": true } }),
    ] {
        let input = json!({
            "request": request, "templateName": "f", "caller": "a test", "owner": "a stack#Fleet", "takeOver": null,
        });
        let started = stack.sfn().start_execution();
        let started = started.state_machine_arn(stack.output("FleetSetupStateMachineArn"));
        let started = started.input(input.to_string()).send().await.unwrap();
        let ended = wait_until("the execution to end", || async {
            let found = stack.sfn().describe_execution();
            let found = found.execution_arn(started.execution_arn()).send().await;
            found
                .ok()
                .filter(|found| *found.status() != ExecutionStatus::Running)
        })
        .await;
        assert_eq!(ended.error(), Some("FleetTaken"), "{request}");
        assert_eq!(account(&stack).await, before, "{request}");
    }
}
