//! A custom resource's properties as the API's fields: `CloudFormation` begins names with a capital, and hands every
//! number and truth over as text.

use serde_json::{Map, Value};

/// What is a number in the API.
const NUMBERS: &[&str] = &["claimLifetimeDays"];
/// What is true or false there.
const TRUTHS: &[&str] = &["greengrassV2", "keepDevices"];
/// What stands for itself, whatever is in it.
const OPAQUE: &[&str] = &["templateBody"];

/// The properties' fields, `CloudFormation`'s own left out.
pub(crate) fn fields(properties: &Map<String, Value>) -> Map<String, Value> {
    let own = |name: &str| name == "ServiceToken" || name == "ServiceTimeout";
    properties
        .iter()
        .filter(|(name, _)| !own(name))
        .map(|(name, value)| {
            let name = lower_first(name);
            let value = value_of(&name, value);
            (name, value)
        })
        .collect()
}

fn value_of(name: &str, value: &Value) -> Value {
    match value {
        _ if OPAQUE.contains(&name) => value.clone(),
        Value::String(text) if NUMBERS.contains(&name) => text
            .parse::<i64>()
            .map_or_else(|_| value.clone(), Value::from),
        Value::String(text) if TRUTHS.contains(&name) => text
            .parse::<bool>()
            .map_or_else(|_| value.clone(), Value::from),
        Value::Array(items) => items.iter().map(|item| value_of("", item)).collect(),
        Value::Object(inner) => Value::Object(fields(inner)),
        other => other.clone(),
    }
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    match letters.next() {
        Some(first) => first.to_ascii_lowercase().to_string() + letters.as_str(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_documents::FleetSettings;
    use serde_json::json;

    #[test]
    fn what_cloudformation_hands_over_is_a_fleet() {
        let properties = json!({
            "ServiceToken": "arn", "TemplateName": "gateways", "GreengrassV2": "true", "SerialPrefix": "core-",
            "ClaimLifetimeDays": "365", "Models": ["a", { "Name": "b", "Platform": "x86_64" }],
            "TemplateBody": { "Resources": { "Thing": {} } },
        });
        let fields = fields(properties.as_object().unwrap());
        let settings: FleetSettings = serde_json::from_value(fields.into()).unwrap();
        assert!(settings.greengrass_v2);
        assert_eq!(settings.claim_lifetime_days, Some(365));
        assert_eq!(settings.models.len(), 2);
        let body = settings.template_body.unwrap();
        assert!(body.contains("\"Thing\""), "{body}");
    }
}
