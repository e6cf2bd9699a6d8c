//! What the emulator needs otherwise than `template.yaml` has it, because it is not AWS in everything.

use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// `local/overlay.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overlay {
    /// What it is for; not used.
    #[serde(rename = "comment")]
    _comment: String,
    /// IAM statements for the roles of the functions of these names.
    statements: BTreeMap<String, Vec<Value>>,
    /// Resources that are not deployed. Nothing in the template may refer to them.
    absent: Vec<String>,
}

/// The overlay cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the emulator's overlay {}: {reason}", path.display())]
pub struct OverlayError {
    path: PathBuf,
    reason: String,
}

impl Overlay {
    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self, OverlayError> {
        let unreadable = |reason: String| OverlayError {
            path: path.to_path_buf(),
            reason,
        };
        let text = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
        serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))
    }

    /// Takes its absent resources out of the template and adds its statements to the functions. What the template does
    /// not have is passed over: the overlay is for all templates of the checkout.
    pub fn apply(&self, template: &mut Value) {
        if let Some(resources) = template["Resources"].as_object_mut() {
            resources.retain(|name, _| !self.absent.contains(name));
        }
        for (function, statements) in &self.statements {
            let Some(properties) = template
                .pointer_mut(&format!("/Resources/{function}/Properties"))
                .and_then(Value::as_object_mut)
            else {
                continue;
            };
            let policies = properties.entry("Policies").or_insert_with(|| json!([]));
            if let Value::Array(policies) = policies {
                policies.push(json!({ "Version": "2012-10-17", "Statement": statements }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::{Checkout, template};

    fn overlay() -> Overlay {
        serde_json::from_value(json!({
            "comment": "",
            "statements": { "Registrar": [{ "Effect": "Allow", "Action": "iot:AttachPolicy", "Resource": "*" }] },
            "absent": ["TlsOnly"]
        }))
        .unwrap()
    }

    #[test]
    fn a_functions_own_policies_stay_beside_the_overlays() {
        let own = json!({ "Version": "2012-10-17", "Statement": [] });
        let mut template =
            json!({ "Resources": { "Registrar": { "Properties": { "Policies": [own] } } } });

        overlay().apply(&mut template);

        let policies = template["Resources"]["Registrar"]["Properties"]["Policies"]
            .as_array()
            .unwrap();
        assert_eq!(policies[0], own);
        assert_eq!(policies[1]["Statement"][0]["Action"], "iot:AttachPolicy");
    }

    #[test]
    fn a_template_without_the_function_stays_as_it_is() {
        let mut template = json!({ "Resources": { "Other": { "Properties": {} } } });
        let before = template.clone();
        overlay().apply(&mut template);
        assert_eq!(template, before);
    }

    #[test]
    fn an_absent_resource_is_left_out() {
        let mut template = json!({ "Resources": { "TlsOnly": {}, "Other": {} } });
        overlay().apply(&mut template);
        assert_eq!(template, json!({ "Resources": { "Other": {} } }));
    }

    #[test]
    fn every_resource_that_the_checkouts_overlay_names_is_in_its_template() {
        let checkout = Checkout::above(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let template = template::read(&checkout.template()).unwrap();
        let overlay = Overlay::read(&checkout.overlay()).unwrap();
        for resource in &overlay.absent {
            assert!(template["Resources"][resource].is_object(), "no {resource}");
        }
        for function in overlay.statements.keys() {
            let policies = &template["Resources"][function]["Properties"]["Policies"];
            assert!(
                policies.is_array(),
                "{function} has no list of policies in template.yaml"
            );
        }
    }
}
