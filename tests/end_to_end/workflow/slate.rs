//! Nothing is left over that should not be.

use crate::support::Stack;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_iot::types::CertificateStatus;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What a device's item has when it is merely known.
const KNOWN: [&str; 7] = [
    "enrolledBy",
    "importedAt",
    "pk",
    "serial",
    "sk",
    "state",
    "updatedAt",
];

/// What is wrong in AWS IoT and in the ledger once all executions have ended, in sentences; nothing if all is well.
///
/// Every device is known, and has nothing, or provisioned, and has its thing with its one certificate and the device
/// policy on it. There are no other things, certificates or attachments. The devices in `left` are excepted: the
/// ledger has to name the certificate that could not be taken away.
pub async fn verify_clean_slate(stack: &Stack, left: &[String]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut owned = BTreeMap::new();
    let ledger = stack.ledger().await;
    for item in &ledger {
        let text = |name: &str| text(item, name);
        if !text("pk").starts_with("device#") || text("sk") != "state" {
            continue;
        }
        let (serial, state) = (text("serial"), text("state"));
        let certificate = match state.as_str() {
            "provisioned" => text("certificateId"),
            "provisioning" if left.contains(&serial) => text("pendingCertificateId"),
            "known" => {
                wrong.extend(
                    unknown_attributes(item).map(|name| format!("{serial} is known, with {name}")),
                );
                continue;
            }
            _ => {
                wrong.push(format!("{serial} is {state}"));
                continue;
            }
        };
        if state == "provisioned" && !text("pendingCertificateId").is_empty() {
            wrong.push(format!(
                "{serial} is provisioned, with a pending certificate"
            ));
        }
        owned.insert(serial, certificate);
    }
    wrong.extend(deliveries(&ledger, &owned, left));
    wrong.extend(certificates(stack, &owned).await);
    wrong.extend(things(stack, &owned).await);
    wrong.extend(attachments(stack, &owned).await);
    wrong
}

fn text(item: &HashMap<String, AttributeValue>, name: &str) -> String {
    item.get(name)
        .and_then(|value| value.as_s().ok())
        .cloned()
        .unwrap_or_default()
}

/// A delivery is over with its device's, and nothing waits for it any more.
fn deliveries(
    ledger: &[HashMap<String, AttributeValue>],
    owned: &BTreeMap<String, String>,
    left: &[String],
) -> Vec<String> {
    let deliveries = ledger.iter().filter(|item| {
        let pk = text(item, "pk");
        pk.starts_with("delivery#") || pk.starts_with("connection#")
    });
    let stray = |item: &&HashMap<String, AttributeValue>| {
        let serial = text(item, "serial");
        !left.contains(&serial) && (!owned.contains_key(&serial) || item.contains_key("taskToken"))
    };
    deliveries
        .filter(stray)
        .map(|item| format!("{} is left over: {item:?}", text(item, "pk")))
        .collect()
}

fn unknown_attributes(item: &HashMap<String, AttributeValue>) -> impl Iterator<Item = &String> {
    item.keys().filter(|name| !KNOWN.contains(&name.as_str()))
}

async fn certificates(stack: &Stack, owned: &BTreeMap<String, String>) -> Vec<String> {
    let there: BTreeSet<String> = stack.certificates().await.into_iter().collect();
    let mut wrong = Vec::new();
    for id in &there {
        if !owned.values().any(|owned| owned == id) {
            let found = stack
                .iot()
                .describe_certificate()
                .certificate_id(id)
                .send()
                .await
                .unwrap();
            let found = found.certificate_description().unwrap();
            // One that a device brought and that was refused stays, so that AWS IoT does not register it anew.
            if found.status() == Some(&CertificateStatus::Revoked) {
                continue;
            }
            let pem = found.certificate_pem().unwrap();
            let read = muster_pki::read_certificate(&muster_pki::pem_to_der(pem).unwrap()).unwrap();
            wrong.push(format!(
                "the certificate {id} of {:?} is nobody's",
                read.common_name
            ));
        }
    }
    let missing = owned.iter().filter(|(_, id)| !there.contains(*id));
    wrong.extend(
        missing
            .map(|(serial, id)| format!("{serial} has the certificate {id}, which is not there")),
    );
    wrong
}

async fn things(stack: &Stack, owned: &BTreeMap<String, String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for thing in stack.things().await {
        let Some(id) = owned.get(&thing) else {
            wrong.push(format!("the thing {thing} has no provisioned device"));
            continue;
        };
        let listed = stack
            .iot()
            .list_thing_principals()
            .thing_name(&thing)
            .send()
            .await
            .unwrap();
        let principals = listed.principals();
        if principals.len() != 1 || !principals[0].ends_with(id.as_str()) {
            wrong.push(format!(
                "the thing {thing} has {principals:?}, not the one certificate {id}"
            ));
        }
    }
    wrong
}

async fn attachments(stack: &Stack, owned: &BTreeMap<String, String>) -> Vec<String> {
    let listed = stack
        .iot()
        .list_targets_for_policy()
        .policy_name(stack.output("DevicePolicyName"))
        .page_size(250)
        .send()
        .await
        .unwrap();
    let targets = listed.targets();
    let nobodys = targets
        .iter()
        .filter(|arn| !owned.values().any(|id| arn.ends_with(id.as_str())));
    let mut wrong: Vec<_> = nobodys
        .map(|arn| format!("the device policy is attached to {arn}, which is nobody's"))
        .collect();
    let without = owned
        .iter()
        .filter(|(_, id)| !targets.iter().any(|arn| arn.ends_with(id.as_str())));
    wrong.extend(
        without.map(|(serial, id)| {
            format!("{serial}'s certificate {id} is without the device policy")
        }),
    );
    wrong
}
