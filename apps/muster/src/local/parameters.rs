//! Checks the names of a template's parameters, which the emulator, unlike AWS, does not.

use serde_json::{Map, Value};

/// A parameter that the template does not have.
#[derive(Debug, thiserror::Error)]
#[error("the template has no parameter {name}. It has: {known}")]
pub struct UnknownParameter {
    name: String,
    known: String,
}

/// Whether the template has each of the parameters.
pub fn check(template: &Value, parameters: &[(String, String)]) -> Result<(), UnknownParameter> {
    let none = Map::new();
    let known = template["Parameters"].as_object().unwrap_or(&none);
    match parameters
        .iter()
        .find(|(name, _)| !known.contains_key(name))
    {
        None => Ok(()),
        Some((name, _)) => Err(UnknownParameter {
            name: name.clone(),
            known: known
                .keys()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", "),
        }),
    }
}
