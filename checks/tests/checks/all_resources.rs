//! What a role may do with all resources of the account is on a list, with its reason; nothing else names `*`.

use crate::template::{list, resources, template};
use serde_json::Value;
use std::collections::BTreeSet;

const NO_ARN_YET: &str = "what it makes has no ARN before it is made";
const NO_RESOURCE: &str =
    "it takes no resource (service authorization reference, AWS IoT): the account's, or a list";
const LOG_DELIVERY: &str =
    "it takes no resource (Step Functions developer guide, \"Logging using CloudWatch Logs\")";

/// The actions that roles of the template allow on all resources, and why they cannot name any.
const ALLOWED: &[(&str, &str)] = &[
    ("iot:CreateCertificateFromCsr", NO_ARN_YET),
    ("iot:RegisterCACertificate", NO_ARN_YET),
    ("iot:RegisterCertificateWithoutCA", NO_ARN_YET),
    ("iot:DescribeEndpoint", NO_RESOURCE),
    ("iot:GetRegistrationCode", NO_RESOURCE),
    ("iot:ListAttachedPolicies", NO_RESOURCE),
    ("iot:ListCertificates", NO_RESOURCE),
    ("iot:ListThings", NO_RESOURCE),
    ("iot:RegisterThing", NO_RESOURCE),
    ("logs:CreateLogDelivery", LOG_DELIVERY),
    ("logs:DeleteLogDelivery", LOG_DELIVERY),
    ("logs:DescribeLogGroups", LOG_DELIVERY),
    ("logs:DescribeResourcePolicies", LOG_DELIVERY),
    ("logs:GetLogDelivery", LOG_DELIVERY),
    ("logs:ListLogDeliveries", LOG_DELIVERY),
    ("logs:PutResourcePolicy", LOG_DELIVERY),
    ("logs:UpdateLogDelivery", LOG_DELIVERY),
];

/// The events for which SAM gives a function's role nothing on all resources: it is the caller that is allowed. For a
/// queue or a stream SAM adds a managed policy that reads all of the account's.
const CALLING_EVENTS: &[&str] = &["Api", "EventBridgeRule"];

/// The statements that allow something, wherever in the template they are.
fn allowing<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(fields) => {
            if value["Effect"] == "Allow" {
                found.push(value);
            }
            // In a key's own policy `*` is the key (KMS developer guide, "Key policies").
            let roles = fields.iter().filter(|(name, _)| *name != "KeyPolicy");
            roles.for_each(|(_, field)| allowing(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| allowing(item, found)),
        _ => {}
    }
}

/// Whether a resource is all that there is of a service, in one spelling or another.
fn is_all(resource: &Value) -> bool {
    let text = resource.as_str().or(resource["Fn::Sub"].as_str());
    // After the account an ARN names the resource.
    text.is_some_and(|text| {
        let name = text.rsplit_once("${AWS::AccountId}:");
        text.starts_with('*')
            || text.starts_with("arn:*")
            || name.is_some_and(|(_, name)| name == "*")
    })
}

#[test]
fn what_is_allowed_on_all_resources_is_on_the_list_and_all_of_the_list_is_used() {
    let template = template();
    let mut statements = Vec::new();
    allowing(&template, &mut statements);
    let found: BTreeSet<_> = statements
        .into_iter()
        .filter(|statement| {
            assert!(statement["NotResource"].is_null(), "{statement}");
            list(&statement["Resource"]).into_iter().any(is_all)
        })
        .flat_map(|statement| list(&statement["Action"]))
        .map(|action| action.as_str().unwrap())
        .collect();
    let listed: BTreeSet<_> = ALLOWED.iter().map(|(action, _)| *action).collect();
    assert_eq!(found, listed);
}

/// What SAM adds by itself is the managed policies for logs and traces, which AWS has written for all log groups and for
/// X-Ray, which has no resources; docs/security.md speaks of them.
#[test]
fn sam_adds_no_policy_for_all_queues() {
    for (name, function) in resources(&template(), "AWS::Serverless::Function") {
        for (event, properties) in function["Events"].as_object().into_iter().flatten() {
            let kind = properties["Type"].as_str().unwrap();
            assert!(CALLING_EVENTS.contains(&kind), "{name}'s {event}: {kind}");
        }
        for policy in list(&function["Policies"]) {
            // Not AWS's by their names, and not SAM's templates.
            assert!(!policy["Statement"].is_null(), "{name} has {policy}");
        }
    }
}
