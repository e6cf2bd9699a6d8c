//! What a device of a fleet is set to do.

use crate::{RotationRoute, SettingsError, Timings};
use muster_documents::fleet_provisioning::{Format, RegisterThing, parameters, topics};
use muster_documents::{ClientId, FleetName, ModelName, Serial};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;

/// What a device of a fleet is set to do, checked.
#[derive(Debug, Clone)]
pub struct FleetDeviceSettings {
    pub(crate) client_id: ClientId,
    pub(crate) serial: Serial,
    fleet: FleetName,
    /// The template's name: the fleet's, or that of its rotation template.
    template: String,
    model: Option<ModelName>,
    voucher: Option<SecretString>,
    pub(super) format: Format,
    pub(crate) timings: Timings,
}

impl FleetDeviceSettings {
    /// A device with this serial, which becomes the thing's name, and which is the client id as well. It writes JSON,
    /// names no model and has no voucher.
    pub fn new(serial: &str, template: &str, timings: Timings) -> Result<Self, SettingsError> {
        let refused = |error| SettingsError::Serial(serial.to_owned(), error);
        Ok(Self {
            client_id: client_id(serial)?,
            serial: Serial::new(serial).map_err(refused)?,
            fleet: FleetName::new(template).map_err(SettingsError::Template)?,
            template: template.to_owned(),
            model: None,
            voucher: None,
            format: Format::Json,
            timings,
        })
    }

    /// With another client id while it uses the claim certificate. Not every fleet allows it.
    pub fn with_client_id(mut self, text: &str) -> Result<Self, SettingsError> {
        self.client_id = client_id(text)?;
        Ok(self)
    }

    /// With a model.
    pub fn with_model(mut self, text: &str) -> Result<Self, SettingsError> {
        self.model = Some(ModelName::new(text).map_err(SettingsError::Model)?);
        Ok(self)
    }

    /// With a voucher.
    #[must_use]
    pub fn with_voucher(mut self, voucher: SecretString) -> Self {
        self.voucher = Some(voucher);
        self
    }

    /// With payloads in another format.
    #[must_use]
    pub fn with_format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// How the device replaces its certificate: by the fleet's rotation template. The client id is the serial, and
    /// neither a model nor a voucher is told.
    ///
    /// # Errors
    /// [`SettingsError::ClientId`], if the serial can't be the client id.
    pub fn rotation(&self) -> Result<RotationRoute, SettingsError> {
        let settings = Self {
            client_id: client_id(self.serial.as_str())?,
            template: self.fleet.rotation_template(),
            model: None,
            voucher: None,
            ..self.clone()
        };
        Ok(RotationRoute(settings.into()))
    }

    pub(super) fn provision_topic(&self) -> String {
        topics::provision(&self.template, self.format)
    }

    /// The request to be provisioned with the certificate that this token came with.
    pub(super) fn register_thing(&self, token: &SecretString) -> Vec<u8> {
        let mut told = BTreeMap::from([(parameters::SERIAL_NUMBER, self.serial.as_str())]);
        if let Some(model) = &self.model {
            told.insert(parameters::MODEL_TYPE, model.as_str());
        }
        if let Some(voucher) = &self.voucher {
            told.insert(parameters::VOUCHER, voucher.expose_secret());
        }
        self.format.write(&RegisterThing {
            certificate_ownership_token: token.expose_secret(),
            parameters: told,
        })
    }
}

fn client_id(text: &str) -> Result<ClientId, SettingsError> {
    ClientId::new(text).map_err(|error| SettingsError::ClientId(text.to_owned(), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_change_a_topic_is_refused_before_connecting() {
        let new = |serial, template| {
            FleetDeviceSettings::new(serial, template, Timings::default()).map(|_| ())
        };
        assert_eq!(new("SN-1", "sensors"), Ok(()));
        assert!(matches!(
            new("SN/1", "sensors"),
            Err(SettingsError::ClientId(..))
        ));
        assert!(matches!(
            new("SN.1", "sensors"),
            Err(SettingsError::Serial(..))
        ));
        for template in ["", "a/b", "sensors-rotation", "+"] {
            assert!(matches!(
                new("SN-1", template),
                Err(SettingsError::Template(_))
            ));
        }
    }

    #[test]
    fn only_what_a_device_has_is_told_and_the_voucher_is_not_shown() {
        let plain = FleetDeviceSettings::new("SN-1", "sensors", Timings::default()).unwrap();
        let told = |settings: &FleetDeviceSettings| -> serde_json::Value {
            serde_json::from_slice(&settings.register_thing(&"t-1".into())).unwrap()
        };
        assert_eq!(
            told(&plain),
            serde_json::json!({
                "certificateOwnershipToken": "t-1", "parameters": { "SerialNumber": "SN-1" },
            })
        );
        let whole = plain
            .with_model("probe")
            .unwrap()
            .with_voucher("v-1".into());
        assert_eq!(
            told(&whole)["parameters"],
            serde_json::json!({ "SerialNumber": "SN-1", "ModelType": "probe", "Voucher": "v-1" })
        );
        assert!(!format!("{whole:?}").contains("v-1"));
    }
}
