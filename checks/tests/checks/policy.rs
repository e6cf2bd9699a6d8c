//! The IoT policies, rendered as CloudFormation renders them, and what they allow.

use crate::glob::{Reading, matches};
use crate::repository;
use crate::template::list;
use serde_json::Value;

/// Where a policy is deployed.
pub struct Place {
    /// `aws`, `aws-cn`, …
    pub partition: &'static str,
    /// The region.
    pub region: &'static str,
    /// The template's parameter `TopicPrefix`.
    pub prefix: String,
    /// Its parameter `RotationTopicPrefix`.
    pub rotation_prefix: String,
}

impl Place {
    /// An ordinary deployment.
    pub fn ordinary() -> Self {
        Self {
            partition: "aws",
            region: "eu-central-1",
            prefix: "provision".to_owned(),
            rotation_prefix: "rotate".to_owned(),
        }
    }

    fn value(&self, name: &str) -> &str {
        match name {
            "AWS::Partition" => self.partition,
            "AWS::Region" => self.region,
            "AWS::AccountId" => "123456789012",
            "ClaimClientIdPrefix" => "",
            "TopicPrefix" => &self.prefix,
            "RotationTopicPrefix" => &self.rotation_prefix,
            other => panic!("a policy refers to {other}"),
        }
    }

    fn substitute(&self, text: &str) -> String {
        let mut rendered = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').expect("a closed ${");
            rendered += before;
            match name.strip_prefix('!') {
                Some(literal) => rendered.extend(["${", literal, "}"]),
                None => rendered += self.value(name),
            }
            rest = after;
        }
        rendered + rest
    }

    /// The ARN of something of AWS IoT's.
    pub fn arn(&self, resource: &str) -> String {
        let Self {
            partition, region, ..
        } = self;
        format!("arn:{partition}:iot:{region}:123456789012:{resource}")
    }
}

/// The policy `policies/<name>.json` in a place.
pub fn policy(name: &str, place: &Place) -> Value {
    render(&repository::json(format!("policies/{name}.json")), place)
}

fn render(value: &Value, place: &Place) -> Value {
    match value {
        Value::Object(object) => {
            if let Some(text) = object.get("Fn::Sub") {
                return place.substitute(text.as_str().unwrap()).into();
            }
            if let Some(name) = object.get("Ref") {
                return place.value(name.as_str().unwrap()).into();
            }
            if let Some(join) = object.get("Fn::Join") {
                let pieces = list(&join[1]).into_iter().map(|piece| render(piece, place));
                let pieces: Vec<_> = pieces
                    .map(|piece| piece.as_str().unwrap().to_owned())
                    .collect();
                return pieces.join(join[0].as_str().unwrap()).into();
            }
            let entries = object.iter();
            entries
                .map(|(key, value)| (key.clone(), render(value, place)))
                .collect()
        }
        Value::Array(items) => items.iter().map(|item| render(item, place)).collect(),
        other => other.clone(),
    }
}

/// The statements of several policies.
pub fn statements(policies: &[Value]) -> Vec<&Value> {
    policies
        .iter()
        .flat_map(|policy| list(&policy["Statement"]))
        .collect()
}

/// Whether policies together let a connection with that client id do something: an Allow, and no Deny.
pub fn allows(
    policies: &[Value],
    client_id: &str,
    action: &str,
    resource: &str,
    reading: Reading,
) -> bool {
    let any = |patterns: &Value| {
        let mut patterns = list(patterns)
            .into_iter()
            .map(|pattern| pattern.as_str().unwrap());
        patterns.any(|pattern| matches(pattern, client_id, resource, reading))
    };
    let applies = |statement: &&Value| {
        list(&statement["Action"]).contains(&&Value::from(action))
            && match (&statement["Resource"], &statement["NotResource"]) {
                (Value::Null, others) => !any(others),
                (patterns, _) => any(patterns),
            }
    };
    let applying: Vec<_> = statements(policies).into_iter().filter(applies).collect();
    applying
        .iter()
        .any(|statement| statement["Effect"] == "Allow")
        && applying
            .iter()
            .all(|statement| statement["Effect"] != "Deny")
}
