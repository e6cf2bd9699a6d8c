//! What the ledger knows before anything is adopted.

use crate::ledger::DeviceState;
use crate::rotation::Day;
use std::collections::BTreeMap;

/// Who holds a certificate that the ledger knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// The device with this serial: it is in force for it, was, will be, or was handed out for it.
    Device(String),
    /// Devices that have none of their own yet: it is a claim certificate.
    Claim,
}

/// A device that the ledger knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownDevice {
    /// Where it stands, if that can be read.
    pub state: Option<DeviceState>,
    /// Its fleet.
    pub fleet: Option<String>,
    /// The id and the ARN of its certificate in force.
    pub certificate: Option<(String, String)>,
    /// Since when that is in force.
    pub issued_on: Option<Day>,
    /// The execution that holds it, or held it last.
    pub execution: Option<String>,
    /// Whether something is being done to its certificates' policies: its deadline has passed, or it is released.
    pub policies_taken: bool,
}

impl KnownDevice {
    /// Whether it may be adopted: it has been imported, and has not come in.
    pub fn may_be_adopted(&self) -> bool {
        self.state == Some(DeviceState::Known)
    }

    /// The id and the ARN of its certificate, if that is the one with which it was adopted and nothing has happened to it.
    pub fn as_adopted(&self) -> Option<(&str, &str)> {
        let (id, arn) = self.certificate.as_ref()?;
        let untouched = self.execution.as_deref() == Some(adopter(id).as_str());
        (untouched && !self.policies_taken).then_some((id, arn))
    }
}

/// Who holds a device that was adopted with this certificate, where a workflow's execution would stand.
pub fn adopter(certificate_id: &str) -> String {
    format!("adopted-{certificate_id}")
}

/// The devices of a ledger, and who holds its certificates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Devices by serial.
    pub devices: BTreeMap<String, KnownDevice>,
    /// Holders by certificate id.
    pub holders: BTreeMap<String, Holder>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(execution: &str, policies_taken: bool) -> KnownDevice {
        KnownDevice {
            state: Some(DeviceState::Provisioned),
            fleet: None,
            certificate: Some(("ab".to_owned(), "arn:ab".to_owned())),
            issued_on: None,
            execution: Some(execution.to_owned()),
            policies_taken,
        }
    }

    #[test]
    fn what_a_device_has_got_since_it_was_adopted_is_not_touched() {
        assert_eq!(
            device("adopted-ab", false).as_adopted(),
            Some(("ab", "arn:ab"))
        );
        assert_eq!(device("adopted-cd", false).as_adopted(), None);
        assert_eq!(device("a-rotation", false).as_adopted(), None);
        assert_eq!(device("adopted-ab", true).as_adopted(), None);
    }

    #[test]
    fn only_who_is_merely_known_is_adopted() {
        let mut device = device("adopted-ab", false);
        assert!(!device.may_be_adopted());
        device.state = Some(DeviceState::Provisioning);
        assert!(!device.may_be_adopted());
        device.state = Some(DeviceState::Known);
        assert!(device.may_be_adopted());
    }
}
