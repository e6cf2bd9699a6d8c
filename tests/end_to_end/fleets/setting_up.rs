//! Fleets are set up, changed and taken down.

use super::account::account;
use super::{claim_of, remove, set_up};
use crate::support::{Stack, invoke};
use muster_documents::{Serial, bundle};
use muster_onboarding::ports::FileStore;
use muster_pki::DeviceKey;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_the_seed_makes_a_fleet_and_gets_the_seeds_answer() {
    let stack = Stack::start(&[]).await;
    let asked = json!({ "body": { "templateName": "myTemplateName" } });
    let answer = invoke(&stack, "FleetGeneratorFunction", &asked)
        .await
        .unwrap();
    assert_eq!(answer["templateName"], "myTemplateName");
    let claim = &answer["provisionCliamCertificate"];
    assert_eq!(claim, &answer["provisionClaimCertificate"]);
    let id = claim["provisionClaimCertificateId"].as_str().unwrap();
    assert!(
        claim["provisionClaimCertificateArn"]
            .as_str()
            .unwrap()
            .ends_with(id)
    );
    let files = stack.target.files().unwrap();
    let read = async |name: &str| {
        let key = format!("ca/{id}/{name}");
        let contents = files.read_object(&key).await.unwrap();
        String::from_utf8(contents.unwrap_or_else(|| panic!("{key} is missing"))).unwrap()
    };
    assert!(
        read("provision_claim.cert.pem")
            .await
            .contains("BEGIN CERTIFICATE")
    );
    assert!(
        read("provision_claim.public_key.pem")
            .await
            .contains("BEGIN PUBLIC KEY")
    );
    assert!(
        read("provision_claim.private_key.pem")
            .await
            .contains("BEGIN PRIVATE KEY")
    );
    let record: Value =
        serde_json::from_str(&read("provision-claim-certificate.json").await).unwrap();
    assert_eq!(&record, claim);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_fleet_set_up_again_changes_nothing_and_taken_down_leaves_the_account_as_it_was() {
    let stack = Stack::start(&[]).await;
    let before = account(&stack).await;
    let fleet = json!({
        "templateName": "gateways", "models": ["gateway-a", { "name": "gateway-b" }], "greengrassV2": true,
        "serialPrefix": "core-",
    });
    let made = set_up(&stack, &fleet).await.unwrap();
    assert!(made.role_alias.is_some());
    assert_eq!(made.role_alias, made.role_alias_misspelt);
    let with_fleet = account(&stack).await;
    for resource in [
        "template gateways",
        "template gateways-rotation",
        "file bundles/gateways/gateway-a.zip",
        "file bundles/gateways/gateway-b.zip",
        "item fleets gateways",
    ] {
        assert!(
            with_fleet.contains_key(resource),
            "{resource} is not there: {with_fleet:#?}"
        );
    }
    assert!(with_fleet[&format!("certificate {}", claim_of(&made))].contains("Active"));

    let again = set_up(&stack, &fleet).await.unwrap();
    assert_eq!(again, made);
    assert_eq!(account(&stack).await, with_fleet);

    let vouchers = stack.target.vouchers().unwrap();
    // More than one call deletes.
    for number in 0..30 {
        let serial = Serial::new(format!("core-{number}")).unwrap();
        let issued = vouchers.issue(&made.template_name, Some(&serial), 0, i64::MAX);
        issued.await.unwrap();
    }
    remove(&stack, "gateways", false).await.unwrap();
    assert_eq!(account(&stack).await, before);
    remove(&stack, "gateways", false).await.unwrap();
    assert_eq!(account(&stack).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_fleet_gets_and_loses_what_the_change_says_and_keeps_its_claim_certificate() {
    let stack = Stack::start(&[]).await;
    let first = json!({
        "templateName": "gateways", "models": ["a", "b"], "greengrassV2": true, "serialPrefix": "core-",
    });
    let made = set_up(&stack, &first).await.unwrap();
    let second =
        json!({ "templateName": "gateways", "models": ["b", "c"], "admission": "voucher" });
    let changed = set_up(&stack, &second).await.unwrap();
    assert_eq!(claim_of(&changed), claim_of(&made));
    assert_eq!(changed.role_alias, None);
    let files = stack.target.files().unwrap();
    let folder = bundle::folder(&made.template_name);
    assert_eq!(
        files.list_objects(&folder).await.unwrap(),
        ["bundles/gateways/b.zip", "bundles/gateways/c.zip"]
    );
    let now = account(&stack).await;
    let greengrass = |name: &&String| name.contains("greengrass") || name.starts_with("role alias");
    assert_eq!(now.keys().find(greengrass), None);
    assert!(now["template gateways"].contains("2 versions"), "{now:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_with_devices_goes_only_if_they_keep_what_they_have() {
    let stack = Stack::start(&[]).await;
    let fleet = json!({ "templateName": "f", "greengrassV2": true, "serialPrefix": "core-" });
    set_up(&stack, &fleet).await.unwrap();
    let name = |what: &str| format!("{}_f_{what}", stack.output("StackName"));
    let csr = DeviceKey::generate().unwrap().csr("core-1").unwrap();
    let iot = stack.iot();
    let device = iot.create_certificate_from_csr();
    let device = device.certificate_signing_request(csr.pem()).send().await;
    let device = device.unwrap();
    for policy in ["device", "greengrass"] {
        let attached = iot.attach_policy().policy_name(name(policy));
        let attached = attached.target(device.certificate_arn().unwrap());
        attached.send().await.unwrap();
    }
    let before = stack.target.fleets().unwrap().list().await.unwrap();
    let in_use = remove(&stack, "f", false).await.unwrap_err();
    assert_eq!(in_use.name, "FleetInUse", "{in_use:?}");
    let after = stack.target.fleets().unwrap().list().await.unwrap();
    assert_eq!(after[0].state, "active");
    assert_eq!(
        after[0].claim_certificate_id,
        before[0].claim_certificate_id
    );

    let removed = remove(&stack, "f", true).await.unwrap();
    let kept = json!([name("greengrass"), name("device")]);
    assert_eq!(removed["keptPolicies"], kept, "{removed}");
    assert_eq!(
        removed["keptRoleAlias"],
        name("token-exchange"),
        "{removed}"
    );
    let left = account(&stack).await;
    assert!(!left.contains_key("template f") && !left.contains_key("item fleets f"));
    assert!(
        left[&format!("certificate {}", device.certificate_id().unwrap())].contains("_f_device")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_core_devices_serials_are_no_other_fleets() {
    let stack = Stack::start(&[]).await;
    let cores = json!({ "templateName": "cores", "greengrassV2": true, "serialPrefix": "core-" });
    set_up(&stack, &cores).await.unwrap();
    let before = account(&stack).await;
    let others = json!({ "templateName": "others", "serialPrefix": "core-x-" });
    let error = set_up(&stack, &others).await.unwrap_err();
    assert_eq!(error.name, "FleetInvalid", "{error:?}");
    assert!(error.cause.contains("fleet cores"), "{error:?}");
    assert_eq!(account(&stack).await, before);
    set_up(&stack, &cores).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_fleet_is_refused_with_a_name_and_changes_nothing() {
    let stack = Stack::start(&[]).await;
    let foreign = json!({ "Resources": { "certificate": {
        "Type": "AWS::IoT::Certificate",
        "Properties": { "CertificateId": { "Ref": "AWS::IoT::Certificate::Id" }, "Status": "Active" },
    } } });
    let made = stack.iot().create_provisioning_template();
    made.template_name("theirs")
        .description("somebody else's")
        .template_body(foreign.to_string())
        .provisioning_role_arn("arn:aws:iam::000000000000:role/theirs")
        .send()
        .await
        .unwrap();
    let before = account(&stack).await;
    for (fleet, name) in [
        (json!({}), "InputInvalid"),
        (json!({ "templateName": "a b" }), "InputInvalid"),
        (json!({ "templateName": "x".repeat(28) }), "InputInvalid"),
        (
            json!({ "templateName": "f", "models": ["a", "a"] }),
            "FleetInvalid",
        ),
        (
            json!({ "templateName": "f", "greengrassV2": true }),
            "FleetInvalid",
        ),
        (
            json!({ "templateName": "f", "templateBody": "{" }),
            "TemplateInvalid",
        ),
        (
            json!({ "templateName": "f", "templateBody": foreign }),
            "TemplateInvalid",
        ),
        (
            json!({ "templateName": "f", "claimLifetimeDays": 0 }),
            "LifetimeInvalid",
        ),
        (
            json!({ "templateName": "f", "admission": "verifier", "verifierName": "x" }),
            "VerifierUnknown",
        ),
        (json!({ "templateName": "theirs" }), "FleetRefused"),
    ] {
        let error = set_up(&stack, &fleet).await.unwrap_err();
        assert_eq!(error.name, name, "{fleet}: {error:?}");
        assert_eq!(account(&stack).await, before, "{fleet}");
    }
}
