//! What there is in an account, resource by resource.

use crate::support::Stack;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_iot::operation::list_targets_for_policy::ListTargetsForPolicyOutput;
use std::collections::{BTreeMap, HashMap};

/// Each resource with all that can change about it.
pub type Account = BTreeMap<String, String>;

/// What a request changes about a fleet's item though nothing about the fleet has changed.
const OF_REQUESTS: [&str; 2] = ["execution", "updatedAt"];

/// Everything that setting a fleet up can touch, but what goes while it is looked at. Timelines are left out: they tell of
/// every request.
pub async fn account(stack: &Stack) -> Account {
    let mut found = Account::new();
    let templates = stack.iot().list_provisioning_templates().send().await;
    for template in templates.unwrap().templates() {
        look_at_template(stack, template.template_name().unwrap(), &mut found).await;
    }
    let policies = stack.iot().list_policies().page_size(250).send().await;
    for policy in policies.unwrap().policies() {
        look_at_policy(stack, policy.policy_name().unwrap(), &mut found).await;
    }
    for id in stack.certificates().await {
        look_at_certificate(stack, &id, &mut found).await;
    }
    look_at_files(stack, "", &mut found).await;
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
        look_at_item(&item, &mut found);
    }
    found
}

/// What there is of one fleet without Greengrass and vouchers.
pub async fn fleet(stack: &Stack, name: &str) -> Account {
    let mut found = Account::new();
    for template in [name.to_owned(), format!("{name}-rotation")] {
        look_at_template(stack, &template, &mut found).await;
    }
    for policy in ["claim", "device"] {
        let policy = format!("{}_{name}_{policy}", stack.output("StackName"));
        look_at_policy(stack, &policy, &mut found).await;
        let targets = stack.iot().list_targets_for_policy();
        let targets = targets.policy_name(policy).send().await;
        for arn in targets.iter().flat_map(ListTargetsForPolicyOutput::targets) {
            let id = arn.rsplit('/').next().unwrap();
            look_at_certificate(stack, id, &mut found).await;
            look_at_files(stack, &format!("ca/{id}/"), &mut found).await;
            look_at_item_of(stack, &format!("claim#{id}"), "state", &mut found).await;
        }
    }
    look_at_files(stack, &format!("bundles/{name}/"), &mut found).await;
    look_at_item_of(stack, "fleets", name, &mut found).await;
    found
}

async fn look_at_template(stack: &Stack, name: &str, found: &mut Account) {
    let described = stack.iot().describe_provisioning_template();
    let described = described.template_name(name).send().await;
    let versions = stack.iot().list_provisioning_template_versions();
    let versions = versions.template_name(name).send().await;
    if let (Ok(described), Ok(versions)) = (described, versions) {
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

async fn look_at_policy(stack: &Stack, name: &str, found: &mut Account) {
    if let Ok(got) = stack.iot().get_policy().policy_name(name).send().await {
        let what = format!("{:?} {:?}", got.default_version_id(), got.policy_document());
        found.insert(format!("policy {name}"), what);
    }
}

async fn look_at_certificate(stack: &Stack, id: &str, found: &mut Account) {
    let described = stack.iot().describe_certificate().certificate_id(id);
    let Ok(described) = described.send().await else {
        return;
    };
    let described = described.certificate_description().unwrap();
    let attached = stack.iot().list_attached_policies();
    let attached = attached.target(described.certificate_arn().unwrap());
    let attached = attached.send().await.unwrap();
    let attached: Vec<_> = attached
        .policies()
        .iter()
        .filter_map(|policy| policy.policy_name())
        .collect();
    let what = format!("{:?} {attached:?}", described.status());
    found.insert(format!("certificate {id}"), what);
}

async fn look_at_files(stack: &Stack, prefix: &str, found: &mut Account) {
    let bucket = stack.output("VaultBucketName");
    let listed = stack.s3().list_objects_v2().bucket(bucket).prefix(prefix);
    let listed = listed.send().await.unwrap();
    for object in listed.contents() {
        let key = object.key().unwrap();
        let head = stack.s3().head_object().bucket(bucket).key(key);
        if let Ok(head) = head.send().await {
            let what = format!("{:?} {:?}", object.e_tag(), head.version_id());
            found.insert(format!("file {key}"), what);
        }
    }
}

async fn look_at_item_of(stack: &Stack, pk: &str, sk: &str, found: &mut Account) {
    let got = aws_sdk_dynamodb::Client::new(&stack.target.cloud.config)
        .get_item()
        .table_name(stack.output("LedgerTableName"))
        .key("pk", AttributeValue::S(pk.to_owned()))
        .key("sk", AttributeValue::S(sk.to_owned()))
        .send()
        .await
        .unwrap();
    if let Some(item) = got.item() {
        look_at_item(item, found);
    }
}

fn look_at_item(item: &HashMap<String, AttributeValue>, found: &mut Account) {
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
