//! What there is in an account, resource by resource.

use crate::support::Stack;
use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::BTreeMap;

/// Each resource with all that can change about it.
pub type Account = BTreeMap<String, String>;

/// What a request changes about a fleet's item though nothing about the fleet has changed.
const OF_REQUESTS: [&str; 2] = ["execution", "updatedAt"];

/// Everything that setting a fleet up can touch. Timelines are left out: they tell of every request.
pub async fn account(stack: &Stack) -> Account {
    let mut found = Account::new();
    templates(stack, &mut found).await;
    policies(stack, &mut found).await;
    certificates(stack, &mut found).await;
    files(stack, &mut found).await;
    let aliases = stack.iot().list_role_aliases().send().await.unwrap();
    found.extend(
        aliases
            .role_aliases()
            .iter()
            .map(|name| (format!("role alias {name}"), String::new())),
    );
    for thing in stack.things().await {
        found.insert(format!("thing {thing}"), String::new());
    }
    for item in stack.ledger().await {
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
        let (pk, sk) = (text("pk").unwrap(), text("sk").unwrap());
        if !sk.starts_with("event#") {
            let rest: BTreeMap<_, &AttributeValue> = item
                .iter()
                .filter(|(name, _)| !OF_REQUESTS.contains(&name.as_str()))
                .collect();
            found.insert(format!("item {pk} {sk}"), format!("{rest:?}"));
        }
    }
    found
}

async fn templates(stack: &Stack, found: &mut Account) {
    let listed = stack.iot().list_provisioning_templates().send().await;
    for template in listed.unwrap().templates() {
        let name = template.template_name().unwrap();
        let described = stack
            .iot()
            .describe_provisioning_template()
            .template_name(name)
            .send()
            .await
            .unwrap();
        let versions = stack
            .iot()
            .list_provisioning_template_versions()
            .template_name(name)
            .send()
            .await
            .unwrap();
        let what = format!(
            "{:?} {:?} {:?} {:?} {} versions",
            described.template_body(),
            described.enabled(),
            described.pre_provisioning_hook(),
            described.default_version_id(),
            versions.versions().len()
        );
        found.insert(format!("template {name}"), what);
    }
}

async fn policies(stack: &Stack, found: &mut Account) {
    let listed = stack.iot().list_policies().page_size(250).send().await;
    for policy in listed.unwrap().policies() {
        let name = policy.policy_name().unwrap();
        let got = stack.iot().get_policy().policy_name(name).send().await;
        let got = got.unwrap();
        let what = format!("{:?} {:?}", got.default_version_id(), got.policy_document());
        found.insert(format!("policy {name}"), what);
    }
}

async fn certificates(stack: &Stack, found: &mut Account) {
    for id in stack.certificates().await {
        let described = stack.iot().describe_certificate().certificate_id(&id);
        let described = described.send().await.unwrap();
        let described = described.certificate_description().unwrap();
        let attached = stack
            .iot()
            .list_attached_policies()
            .target(described.certificate_arn().unwrap())
            .send()
            .await
            .unwrap();
        let attached: Vec<_> = attached
            .policies()
            .iter()
            .filter_map(|policy| policy.policy_name())
            .collect();
        let what = format!("{:?} {attached:?}", described.status());
        found.insert(format!("certificate {id}"), what);
    }
}

async fn files(stack: &Stack, found: &mut Account) {
    let bucket = stack.output("VaultBucketName");
    let listed = stack.s3().list_objects_v2().bucket(bucket).send().await;
    for object in listed.unwrap().contents() {
        let key = object.key().unwrap();
        let head = stack.s3().head_object().bucket(bucket).key(key);
        let head = head.send().await.unwrap();
        let what = format!("{:?} {:?}", object.e_tag(), head.version_id());
        found.insert(format!("file {key}"), what);
    }
}
