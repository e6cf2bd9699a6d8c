//! The documents of a fleet: its policies, and its provisioning templates. Each fleet has its own, filled in anew each
//! time: what one fleet is granted is in no other's.

use super::{FleetNames, Place};
use muster_documents::{ClientIdRule, FleetSettings};
use serde_json::{Value, json};

const CLAIM_POLICY: &str = include_str!("../../../../policies/fleet/claim.json");
const DEVICE_POLICY: &str = include_str!("../../../../policies/fleet/device.json");
const GREENGRASS_POLICY: &str = include_str!("../../../../policies/fleet/greengrass.json");
const PROVISIONING: &str = include_str!("../../../../policies/templates/fleet.json");
const ROTATION: &str = include_str!("../../../../policies/templates/fleet-rotation.json");

/// The documents of one fleet.
#[derive(Debug, Clone, Copy)]
pub struct FleetDocuments<'a> {
    place: &'a Place,
    settings: &'a FleetSettings,
}

impl<'a> FleetDocuments<'a> {
    /// The documents of a fleet.
    pub fn new(place: &'a Place, settings: &'a FleetSettings) -> Self {
        Self { place, settings }
    }

    fn names(&self) -> FleetNames<'a> {
        FleetNames::new(self.place, &self.settings.template_name)
    }

    /// What a claim certificate may do: ask for a certificate, and register a device by the fleet's one template. AWS's
    /// own example grants `create/*` and `provision/*`, with which a last will could answer other devices in the cloud's
    /// name: here asking and being answered are apart.
    pub fn claim_policy(&self) -> String {
        self.filled(CLAIM_POLICY)
    }

    /// What a device may do: speak under its own name, and rotate its certificate.
    pub fn device_policy(&self) -> String {
        self.filled(DEVICE_POLICY)
    }

    /// What a Greengrass core device may do beside (AWS IoT Greengrass V2 developer guide, "Minimal AWS IoT policy for
    /// core devices"), of the serials that the fleet has.
    pub fn greengrass_policy(&self) -> String {
        self.filled(GREENGRASS_POLICY)
    }

    fn filled(&self, document: &str) -> String {
        let Self { place, settings } = self;
        let prefix = settings.serial_prefix.as_ref();
        let prefix = prefix.map_or("", |prefix| prefix.as_str());
        let client_prefix = match settings.client_id {
            ClientIdRule::Serial => prefix,
            ClientIdRule::Any => "",
        };
        let values = [
            ("${Partition}", place.partition.as_str()),
            ("${Region}", &place.region),
            ("${Account}", &place.account),
            ("${Fleet}", settings.template_name.as_str()),
            ("${SerialPrefix}", prefix),
            ("${ClientPrefix}", client_prefix),
            ("${RoleAlias}", &self.names().role_alias()),
        ];
        let document: Value = serde_json::from_str(document).unwrap_or_default();
        let text = document.to_string();
        values
            .iter()
            .fold(text, |text, (name, value)| text.replace(name, value))
    }

    /// What AWS IoT provisions for a device: the operator's template, or Muster's.
    pub fn provisioning_template(&self) -> String {
        match &self.settings.template_body {
            Some(body) => body.clone(),
            None => self.with_policies(PROVISIONING),
        }
    }

    /// What it provisions when a device rotates its certificate.
    pub fn rotation_template(&self) -> String {
        self.with_policies(ROTATION)
    }

    fn with_policies(&self, template: &str) -> String {
        let mut template: Value = serde_json::from_str(template).unwrap_or_default();
        let resources = &mut template["Resources"];
        resources["policy"]["Properties"]["PolicyName"] = json!(self.names().device_policy());
        if self.settings.greengrass_v2 {
            resources["greengrass"] = json!({
                "Type": "AWS::IoT::Policy",
                "Properties": { "PolicyName": self.names().greengrass_policy() },
            });
        }
        template.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check_fleet_template;

    fn place() -> Place {
        Place {
            partition: "aws-cn".into(),
            region: "cn-northwest-1".into(),
            account: "123456789012".into(),
            stack: "s".repeat(40),
        }
    }

    fn settings(more: &Value) -> FleetSettings {
        let mut settings = json!({ "templateName": "f".repeat(27) });
        for (key, value) in more.as_object().unwrap() {
            settings[key] = value.clone();
        }
        serde_json::from_value(settings).unwrap()
    }

    #[test]
    fn every_policy_is_filled_in_and_fits_into_2048_characters() {
        let place = place();
        let settings = settings(&json!({ "greengrassV2": true, "serialPrefix": "x".repeat(32) }));
        let documents = FleetDocuments::new(&place, &settings);
        for policy in [
            documents.claim_policy(),
            documents.device_policy(),
            documents.greengrass_policy(),
        ] {
            assert!(policy.len() <= 2048, "{} characters", policy.len());
            let rest = policy.replace("${iot:Connection.Thing.ThingName}", "");
            assert!(!rest.contains("${"), "{policy}");
            let policy: Value = serde_json::from_str(&policy).unwrap();
            for statement in policy["Statement"].as_array().unwrap() {
                let resources = match &statement["Resource"] {
                    Value::Array(all) => all.clone(),
                    one => vec![one.clone()],
                };
                for resource in resources {
                    assert!(resource.as_str().unwrap().len() > 1, "{statement} names *");
                }
            }
        }
    }

    #[test]
    fn one_fleets_grants_are_in_no_other_fleets_documents() {
        let place = place();
        let core = settings(&json!({ "greengrassV2": true, "serialPrefix": "core-" }));
        let with_greengrass = FleetDocuments::new(&place, &core).provisioning_template();
        let plain = settings(&json!({}));
        let without = FleetDocuments::new(&place, &plain).provisioning_template();
        assert!(with_greengrass.contains("greengrass"));
        assert!(!without.contains("greengrass"));
    }

    #[test]
    fn musters_own_templates_are_templates_that_provision() {
        let place = place();
        let settings = settings(&json!({}));
        let documents = FleetDocuments::new(&place, &settings);
        for template in [
            documents.provisioning_template(),
            documents.rotation_template(),
        ] {
            assert_eq!(check_fleet_template(&template), Ok(()));
            assert!(template.contains(&documents.names().device_policy()));
        }
    }

    #[test]
    fn devices_that_choose_their_client_id_may_connect_whatever_their_serials_begin_with() {
        let client_of = |rule: &str| {
            let settings = settings(&json!({ "serialPrefix": "gw-", "clientId": rule }));
            let policy = FleetDocuments::new(&place(), &settings).claim_policy();
            policy.contains(":client/gw-*")
        };
        assert!(client_of("serial"));
        assert!(!client_of("any"));
    }
}
