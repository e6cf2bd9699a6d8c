//! The policies that an operator's template writes out.

use super::TemplateError;
use serde_json::Value;

/// A policy's document says what it allows, and where: AWS IoT takes it as text (developer guide, "Provisioning templates").
pub(super) fn narrow(document: &Value) -> Result<(), TemplateError> {
    let unreadable = TemplateError::PolicyTooWide("is not the text of a policy");
    let Some(policy) = document
        .as_str()
        .and_then(|text| serde_json::from_str::<Value>(text).ok())
    else {
        return Err(unreadable);
    };
    let statements = one_or_many(&policy["Statement"]);
    if statements.is_empty() {
        return Err(unreadable);
    }
    for statement in statements {
        if statement["Effect"] == "Deny" {
            continue;
        }
        let any = |field: &str, wide: fn(&str) -> bool| {
            let names = one_or_many(&statement[field]);
            names.is_empty() || names.iter().any(|name| name.as_str().is_none_or(wide))
        };
        if any("Action", |name| name.contains(['*', '?'])) {
            return Err(TemplateError::PolicyTooWide(
                "allows more than one action by one name",
            ));
        }
        if any("Resource", everything) {
            return Err(TemplateError::PolicyTooWide("allows something everywhere"));
        }
    }
    Ok(())
}

/// Whether a resource is everything, or everything of its kind, such as `topic/*`.
fn everything(resource: &str) -> bool {
    let wild = |c: char| "*?".contains(c);
    // The sixth part of an ARN is the resource; policy variables have colons too.
    let Some(named) = resource.splitn(6, ':').nth(5) else {
        return true;
    };
    let kind = named.split(['/', ':']).next().unwrap_or(named);
    let within = named[kind.len()..].strip_prefix('/');
    kind.contains(wild) || within.is_some_and(|within| within.chars().all(|c| wild(c) || c == '/'))
}

fn one_or_many(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(many) => many,
        one => std::slice::from_ref(one),
    }
}

#[cfg(test)]
mod tests {
    use crate::template::{
        CERTIFICATE, CERTIFICATE_ID, POLICY, SERIAL_NUMBER, THING, TemplateError,
        check_fleet_template,
    };
    use serde_json::{Value, json};

    #[test]
    fn a_fleets_template_grants_what_it_names() {
        let with = |document: Value| {
            let certificate =
                json!({ "CertificateId": { "Ref": CERTIFICATE_ID }, "Status": "Active" });
            let template = json!({ "Resources": {
                "certificate": { "Type": CERTIFICATE, "Properties": certificate },
                "thing": { "Type": THING, "Properties": { "ThingName": { "Ref": SERIAL_NUMBER } } },
                "policy": { "Type": POLICY, "Properties": { "PolicyDocument": document } },
            } });
            check_fleet_template(&template.to_string())
        };
        let grants = |action: Value, resource: Value| {
            let statement = json!({ "Effect": "Allow", "Action": action, "Resource": resource });
            json!(json!({ "Version": "2012-10-17", "Statement": statement }).to_string())
        };
        let topic = json!(
            "arn:aws:iot:eu-central-1:123456789012:topic/devices/${iot:Connection.Thing.ThingName}/*"
        );
        assert_eq!(with(grants(json!("iot:Publish"), topic.clone())), Ok(()));
        let components = json!("arn:aws:greengrass:eu-central-1:123456789012:components:*");
        let resolve = grants(json!("greengrass:ResolveComponentCandidates"), components);
        assert_eq!(with(resolve), Ok(()));
        let all = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Deny", "Action": "iot:*", "Resource": "*" },
            { "Effect": "Allow", "Action": ["iot:Publish"], "Resource": [topic] },
        ] });
        assert_eq!(with(json!(all.to_string())), Ok(()));
        for wide in [
            grants(json!("*"), topic.clone()),
            grants(json!(["iot:Publish", "iot:*"]), topic.clone()),
            grants(json!("iot:Pub*"), topic.clone()),
            grants(json!("iot:?*"), topic.clone()),
            grants(json!("iot:Publish"), json!("*")),
            grants(json!("iot:Publish"), json!("arn*")),
            grants(
                json!("iot:Publish"),
                json!("arn:aws:iot:eu-central-1:123456789012:t*"),
            ),
            grants(
                json!("iot:Publish"),
                json!("arn:aws:iot:eu-central-1:123456789012:topic/*/*"),
            ),
            grants(
                json!("iot:Publish"),
                json!("arn:aws:iot:eu-central-1:123456789012:*"),
            ),
            grants(
                json!("iot:Publish"),
                json!("arn:aws:iot:eu-central-1:123456789012:topic/*"),
            ),
            grants(json!("iot:Publish"), json!([topic, "*"])),
            grants(json!("iot:Publish"), Value::Null),
            grants(Value::Null, topic.clone()),
            json!("no policy"),
            json!("{}"),
            json!({ "Fn::Join": ["", ["{", "}"]] }),
            all,
        ] {
            let error = with(wide.clone()).unwrap_err();
            assert!(matches!(error, TemplateError::PolicyTooWide(_)), "{wide}");
        }
    }
}
