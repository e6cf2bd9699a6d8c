//! What the pre-provisioning hook is asked and answers (AWS IoT developer guide, "Pre-provisioning hooks").

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What the hook is asked (payload version `2020-04-01`). Its `Debug` names the parameters and not what they are: a
/// voucher is among them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HookRequest {
    /// The certificate of the connection.
    pub claim_certificate_id: String,
    /// The certificate that was made for the device.
    pub certificate_id: String,
    /// The same, PEM.
    pub certificate_pem: String,
    /// The template by which the device asks to be provisioned.
    pub template_arn: String,
    /// The MQTT client id of the connection.
    pub client_id: String,
    /// What the device tells of itself.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
}

impl fmt::Debug for HookRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HookRequest")
            .field("claim_certificate_id", &self.claim_certificate_id)
            .field("certificate_id", &self.certificate_id)
            .field("template_arn", &self.template_arn)
            .field("client_id", &self.client_id)
            .field("parameters", &self.parameters.keys())
            .finish_non_exhaustive()
    }
}

/// What the hook answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HookAnswer {
    /// Whether the device is let in.
    pub allow_provisioning: bool,
    /// What stands in place of what the device has told.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameter_overrides: BTreeMap<String, String>,
}

impl HookAnswer {
    /// The device is not let in.
    pub fn denied() -> Self {
        Self {
            allow_provisioning: false,
            parameter_overrides: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parameters;
    use super::*;

    #[test]
    fn a_request_in_a_log_shows_no_voucher() {
        let request = HookRequest {
            claim_certificate_id: "claim".to_owned(),
            certificate_id: "certificate".to_owned(),
            certificate_pem: String::new(),
            template_arn: "template".to_owned(),
            client_id: "client".to_owned(),
            parameters: BTreeMap::from([(parameters::VOUCHER.to_owned(), "7QX2".to_owned())]),
        };
        let shown = format!("{request:?}");
        assert!(
            shown.contains("Voucher") && !shown.contains("7QX2"),
            "{shown}"
        );
    }
}
