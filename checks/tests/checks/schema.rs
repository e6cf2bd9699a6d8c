//! Whether a value is what a schema of `OpenAPI` 3.0 describes, as far as ours use the language.

use regex_lite::Regex;
use serde_json::Value;

/// Finds what a reference leads to.
pub fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let Some(reference) = value["$ref"].as_str() else {
        return value;
    };
    let pointer = reference
        .strip_prefix('#')
        .expect("a place in the document");
    let found = document.pointer(pointer);
    found.unwrap_or_else(|| panic!("{reference} leads nowhere"))
}

/// Whether `value` fits `schema` of `document`.
///
/// # Panics
/// If the schema has a keyword that is not known here.
pub fn fits(document: &Value, schema: &Value, value: &Value) -> bool {
    let schema = resolved(document, schema).as_object().expect("a schema");
    schema.iter().all(|(keyword, said)| match keyword.as_str() {
        "description" => true,
        "type" => match said.as_str().expect("one type") {
            "object" => value.is_object(),
            "string" => value.is_string(),
            "integer" => value.is_i64() || value.is_u64(),
            "boolean" => value.is_boolean(),
            other => panic!("type {other}"),
        },
        "enum" => said.as_array().unwrap().contains(value),
        "minimum" => value
            .as_i64()
            .is_none_or(|number| number >= said.as_i64().unwrap()),
        "maximum" => value
            .as_i64()
            .is_none_or(|number| number <= said.as_i64().unwrap()),
        "minLength" => length(value).is_none_or(|length| length >= said.as_u64().unwrap()),
        "maxLength" => length(value).is_none_or(|length| length <= said.as_u64().unwrap()),
        "pattern" => {
            let pattern = Regex::new(said.as_str().unwrap()).expect("a pattern");
            value.as_str().is_none_or(|text| pattern.is_match(text))
        }
        "minProperties" => value
            .as_object()
            .is_none_or(|fields| fields.len() as u64 >= said.as_u64().unwrap()),
        "required" => {
            let mut names = said.as_array().unwrap().iter();
            !value.is_object() || names.all(|name| value.get(name.as_str().unwrap()).is_some())
        }
        "properties" => said.as_object().unwrap().iter().all(|(name, of_it)| {
            let found = value.get(name);
            found.is_none_or(|found| fits(document, of_it, found))
        }),
        "additionalProperties" => {
            assert_eq!(said, false);
            let known = &schema["properties"];
            let mut names = value
                .as_object()
                .into_iter()
                .flat_map(|fields| fields.keys());
            names.all(|name| known.get(name).is_some())
        }
        "allOf" => said
            .as_array()
            .unwrap()
            .iter()
            .all(|each| fits(document, each, value)),
        "oneOf" => {
            said.as_array()
                .unwrap()
                .iter()
                .filter(|each| fits(document, each, value))
                .count()
                == 1
        }
        "not" => !fits(document, said, value),
        other => panic!("{other} is no keyword that is known here"),
    })
}

fn length(value: &Value) -> Option<u64> {
    value.as_str().map(|text| text.chars().count() as u64)
}
