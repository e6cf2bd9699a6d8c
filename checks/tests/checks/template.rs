//! `template.yaml` and others as JSON, with the long forms of CloudFormation's functions.

use crate::repository;
use saphyr::{ScalarStyle, Yaml, YamlLoader};
use saphyr_parser::Parser;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The template.
pub fn template() -> Value {
    yaml("template.yaml")
}

/// A YAML file, named from the root.
pub fn yaml(path: &str) -> Value {
    let text = repository::read(path);
    let mut loader = YamlLoader::<Yaml>::default();
    loader.early_parse(false);
    Parser::new_from_str(&text)
        .load(&mut loader, true)
        .unwrap_or_else(|error| panic!("{path}: {error}"));
    to_json(&loader.into_documents()[0])
}

/// The resources of a type, by logical id.
pub fn resources(template: &Value, kind: &str) -> Vec<(String, Value)> {
    let all = template["Resources"].as_object().unwrap().iter();
    all.filter(|(_, resource)| resource["Type"] == kind)
        .map(|(name, resource)| (name.clone(), resource["Properties"].clone()))
        .collect()
}

/// The functions' properties, by the directory that their code is in.
pub fn functions_by_directory(template: &Value) -> BTreeMap<String, Value> {
    resources(template, "AWS::Serverless::Function")
        .into_iter()
        .map(|(_, function)| (function["CodeUri"].as_str().unwrap().to_owned(), function))
        .collect()
}

/// The logical id that `{"Fn::GetAtt": [id, attribute]}` or `{"Ref": id}` names.
pub fn target(value: &Value) -> Option<&str> {
    value["Fn::GetAtt"][0].as_str().or(value["Ref"].as_str())
}

/// The logical ids of a queue and of the function that Lambda hands its messages to.
pub struct EventSource {
    pub queue: String,
    pub function: String,
}

/// All of them.
pub fn event_sources(template: &Value) -> Vec<EventSource> {
    let id = |value: &Value| {
        target(value)
            .expect("a resource of the template")
            .to_owned()
    };
    resources(template, "AWS::Lambda::EventSourceMapping")
        .into_iter()
        .map(|(_, mapping)| EventSource {
            queue: id(&mapping["EventSourceArn"]),
            function: id(&mapping["FunctionName"]),
        })
        .collect()
}

/// What may be one or many.
pub fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

/// The statements of a resource's role: `Policies` of the SAM resource, those that depend on a condition among them.
pub fn statements(properties: &Value) -> Vec<&Value> {
    let policies = list(&properties["Policies"]);
    policies
        .into_iter()
        .flat_map(|policy| list(&policy["Statement"]))
        .map(|statement| match &statement["Fn::If"] {
            Value::Array(parts) => &parts[1],
            _ => statement,
        })
        .collect()
}

fn to_json(node: &Yaml) -> Value {
    match node {
        Yaml::Representation(text, style, None) => match style {
            ScalarStyle::Plain => {
                serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_ref()))
            }
            _ => Value::from(text.as_ref()),
        },
        Yaml::Representation(text, _, Some(tag)) => {
            long_form(&tag.suffix, &Value::from(text.as_ref()))
        }
        Yaml::Tagged(tag, inner) => long_form(&tag.suffix, &to_json(inner)),
        Yaml::Sequence(items) => items.iter().map(to_json).collect(),
        Yaml::Mapping(entries) => {
            let mut object = Map::new();
            for (key, value) in entries {
                let Value::String(key) = to_json(key) else {
                    panic!("a key is not text: {key:?}")
                };
                object.insert(key, to_json(value));
            }
            Value::Object(object)
        }
        Yaml::Value(_) | Yaml::Alias(_) | Yaml::BadValue => {
            panic!("a value cannot be read: {node:?}")
        }
    }
}

fn long_form(name: &str, value: &Value) -> Value {
    match (name, value) {
        ("Ref" | "Condition", _) => json!({ name: value }),
        ("GetAtt", Value::String(path)) => {
            let (resource, attribute) = path.split_once('.').unwrap_or((path, ""));
            json!({ "Fn::GetAtt": [resource, attribute] })
        }
        _ => json!({ format!("Fn::{name}"): value }),
    }
}
