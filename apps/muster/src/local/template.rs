//! Reads a CloudFormation template, YAML or JSON, as the JSON that it stands for.
//!
//! The short forms (`!Ref x`, `!GetAtt a.b`) become the long ones (`{"Ref": "x"}`, `{"Fn::GetAtt": ["a", "b"]}`),
//! which is how AWS documents them. Plain scalars are read as CloudFormation does, by YAML 1.1: `on` and `yes` are
//! booleans unless they are quoted. A number is kept as one only where it would be written the same way again, so
//! that an account id keeps its zeros and a version `1.10` its last digit.

use saphyr::{ScalarStyle, Tag, Yaml, YamlLoader};
use saphyr_parser::Parser;
use serde_json::{Map, Number, Value, json};
use std::path::{Path, PathBuf};

/// Why a template cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// There is no such file, or it is not text.
    #[error("cannot read the template {}", path.display())]
    Unreadable {
        /// The template.
        path: PathBuf,
        #[source]
        /// What the system said.
        source: std::io::Error,
    },
    /// Not YAML.
    #[error("{} is not valid YAML: {reason}", path.display())]
    Syntax {
        /// The template.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// YAML that no template may have.
    #[error("{} is not a template: {reason}", path.display())]
    Shape {
        /// The template.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// Reads the file.
pub fn read(path: &Path) -> Result<Value, TemplateError> {
    let text = std::fs::read_to_string(path).map_err(|source| TemplateError::Unreadable {
        path: path.to_path_buf(),
        source,
    })?;
    let mut loader = YamlLoader::<Yaml>::default();
    // Scalars as they are written: what they mean depends on whether they are quoted.
    loader.early_parse(false);
    Parser::new_from_str(&text)
        .load(&mut loader, true)
        .map_err(|error| TemplateError::Syntax {
            path: path.to_path_buf(),
            reason: error.to_string(),
        })?;
    let shape = |reason: &str| TemplateError::Shape {
        path: path.to_path_buf(),
        reason: reason.to_owned(),
    };
    let document = loader
        .into_documents()
        .into_iter()
        .next()
        .ok_or_else(|| shape("it is empty"))?;
    let document = to_json(&document).map_err(|reason| shape(&reason))?;
    if document.get("Resources").is_some_and(Value::is_object) {
        Ok(document)
    } else {
        Err(shape("it has no Resources"))
    }
}

fn to_json(node: &Yaml) -> Result<Value, String> {
    Ok(match node {
        Yaml::Representation(text, style, None) => scalar(text, *style),
        Yaml::Representation(text, style, Some(tag)) if tag.is_yaml_core_schema() => {
            match tag.suffix.as_str() {
                "str" => Value::from(text.as_ref()),
                _ => scalar(text, *style),
            }
        }
        Yaml::Representation(text, _, Some(tag)) => long_form(tag, Value::from(text.as_ref())),
        Yaml::Tagged(tag, inner) if tag.is_yaml_core_schema() => to_json(inner)?,
        Yaml::Tagged(tag, inner) => long_form(tag, to_json(inner)?),
        Yaml::Sequence(items) => Value::Array(items.iter().map(to_json).collect::<Result<_, _>>()?),
        Yaml::Mapping(entries) => {
            let mut object = Map::new();
            for (key, value) in entries {
                let Yaml::Representation(key, ..) = key else {
                    return Err("a key is not text".to_owned());
                };
                object.insert(key.to_string(), to_json(value)?);
            }
            Value::Object(object)
        }
        Yaml::Value(_) | Yaml::Alias(_) | Yaml::BadValue => {
            return Err("a value cannot be read".to_owned());
        }
    })
}

fn long_form(tag: &Tag, value: Value) -> Value {
    match (tag.suffix.as_str(), value) {
        (name @ ("Ref" | "Condition"), value) => json!({ name: value }),
        ("GetAtt", Value::String(path)) => {
            let (resource, attribute) = path.split_once('.').unwrap_or((&path, ""));
            json!({ "Fn::GetAtt": [resource, attribute] })
        }
        (name, value) => json!({ format!("Fn::{name}"): value }),
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::from(text);
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            Value::Bool(false)
        }
        _ => match text.parse::<Number>() {
            Ok(number) if number.to_string() == text => Value::Number(number),
            _ => Value::from(text),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(properties: &str) -> Value {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("Resources:\n  It: {properties}\n")).unwrap();
        read(file.path()).unwrap()["Resources"]["It"].take()
    }

    #[test]
    fn short_forms_become_long_forms() {
        assert_eq!(
            resource(
                "{a: !Ref Table, b: !GetAtt Queue.Arn, c: !Sub '${Prefix}/+', d: !If [Off, !Ref A, x], e: !Condition C}"
            ),
            json!({
                "a": {"Ref": "Table"},
                "b": {"Fn::GetAtt": ["Queue", "Arn"]},
                "c": {"Fn::Sub": "${Prefix}/+"},
                "d": {"Fn::If": [false, {"Ref": "A"}, "x"]},
                "e": {"Condition": "C"}
            })
        );
    }

    #[test]
    fn versions_dates_and_account_ids_stay_as_they_are_written() {
        assert_eq!(
            resource("{a: 2012-10-17, b: 1.10, c: 000123456789, d: '30', e: 30}"),
            json!({"a": "2012-10-17", "b": "1.10", "c": "000123456789", "d": "30", "e": 30})
        );
    }

    #[test]
    fn an_unquoted_off_is_a_boolean_as_it_is_to_cloudformation() {
        assert_eq!(
            resource("{a: off, b: 'off'}"),
            json!({"a": false, "b": "off"})
        );
    }

    #[test]
    fn aliases_stand_for_what_they_name() {
        assert_eq!(
            resource("{a: &tags {k: v}, b: *tags}"),
            json!({"a": {"k": "v"}, "b": {"k": "v"}})
        );
    }

    #[test]
    fn a_file_without_resources_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "Outputs: {}\n").unwrap();
        assert!(
            read(file.path())
                .unwrap_err()
                .to_string()
                .contains("no Resources")
        );
    }
}
