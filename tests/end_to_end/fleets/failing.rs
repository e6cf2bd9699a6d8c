//! A step that fails in between: what was done before it is undone.

use super::account::account;
use super::{claim_of, set_up};
use crate::support::{Stack, invoke};
use serde_json::json;
use std::os::unix::fs::symlink;
use std::path::Path;

/// The template with a statement more in a function's role, which denies what the role allows.
fn template(directory: &Path, before: &str, denied: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let root = root.canonicalize().unwrap();
    for room in ["functions", "policies", "statemachines"] {
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
