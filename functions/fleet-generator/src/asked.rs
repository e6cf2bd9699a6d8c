//! What is asked for.

use crate::GeneratorError;
use muster_documents::{ApiEvent, FleetName, FleetSettings, RemoveFleet, RotateClaim};
use muster_onboarding::{check_fleet, check_overlap};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// What is asked for, as the workflow reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action", content = "what", rename_all = "camelCase")]
pub enum Asked {
    /// A fleet that is to be there as described.
    SetUp(FleetSettings),
    /// Another claim certificate for a fleet.
    RotateClaim(RotateClaim),
    /// A fleet that is to be there no more.
    Remove(RemoveFleet),
}

/// The operations of the API beside the seed's, which makes a fleet: method and path.
const ROTATE: &str = "POST /fleets/claims";
const REMOVE: &str = "DELETE /fleets/{templateName}";

impl Asked {
    /// Reads a request.
    ///
    /// # Errors
    /// [`GeneratorError::Input`].
    pub(crate) fn read(event: &ApiEvent<Value>) -> Result<Self, GeneratorError> {
        match event.operation.as_deref() {
            Some(ROTATE) => read(event.body.clone()).map(Self::RotateClaim),
            Some(REMOVE) => {
                let parameter = |name: &str| event.parameters.get(name);
                let keep = parameter("keepDevices").map(|keep| keep == "true");
                read(json!({
                    "templateName": parameter("templateName"),
                    "keepDevices": keep.unwrap_or_default(),
                }))
                .map(Self::Remove)
            }
            _ => read(event.body.clone()).map(Self::SetUp),
        }
    }

    /// The fleet that it is about.
    pub(crate) fn fleet(&self) -> &FleetName {
        match self {
            Self::SetUp(settings) => &settings.template_name,
            Self::RotateClaim(rotate) => &rotate.template_name,
            Self::Remove(remove) => &remove.template_name,
        }
    }

    /// Checks it as far as it can be without looking at what there is.
    pub(crate) fn check(&self, verifiers: &[String]) -> Result<(), GeneratorError> {
        match self {
            Self::SetUp(settings) => Ok(check_fleet(settings, verifiers)?),
            Self::RotateClaim(rotate) => {
                Ok(check_overlap(rotate.overlap_hours.unwrap_or_default())?)
            }
            Self::Remove(_) => Ok(()),
        }
    }
}

pub(crate) fn read<T: DeserializeOwned>(value: Value) -> Result<T, GeneratorError> {
    serde_json::from_value(value).map_err(GeneratorError::Input)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(event: Value) -> Result<Asked, GeneratorError> {
        Asked::read(&serde_json::from_value(event).unwrap())
    }

    #[test]
    fn a_request_of_the_seed_sets_a_fleet_up_with_its_template_as_an_object_or_as_text() {
        let plain = asked(json!({ "body": { "templateName": "myTemplateName" } })).unwrap();
        assert_eq!(plain.fleet().as_str(), "myTemplateName");
        let body = json!({ "Resources": {} });
        for template in [body.clone(), json!(body.to_string())] {
            let event = json!({ "body": { "templateName": "f", "templateBody": template } });
            let Asked::SetUp(settings) = asked(event).unwrap() else {
                panic!("something else was asked");
            };
            assert_eq!(settings.template_body, Some(body.to_string()));
        }
    }

    #[test]
    fn the_apis_operations_are_told_apart() {
        let rotate = asked(json!({
            "operation": ROTATE, "body": { "templateName": "f", "overlapHours": 1 },
        }));
        assert!(matches!(rotate, Ok(Asked::RotateClaim(_))));
        let remove = asked(json!({
            "operation": REMOVE, "body": {}, "parameters": { "templateName": "f", "keepDevices": "true" },
        }));
        assert!(matches!(
            remove,
            Ok(Asked::Remove(RemoveFleet {
                keep_devices: true,
                ..
            }))
        ));
    }

    #[test]
    fn what_is_no_request_is_refused_and_says_why() {
        for (body, said) in [
            (json!({}), "templateName"),
            (json!({ "templateName": "a b" }), "letters, digits"),
            (
                json!({ "templateName": "a-rotation" }),
                "rotation templates",
            ),
            (
                json!({ "templateName": "a", "model": "x" }),
                "unknown field",
            ),
            (
                json!({ "templateName": "a", "models": [{ "name": "x", "y": 1 }] }),
                "a model is its name, or",
            ),
        ] {
            let error = asked(json!({ "body": body })).unwrap_err().to_string();
            assert!(error.contains(said), "{body}: {error}");
        }
    }
}
