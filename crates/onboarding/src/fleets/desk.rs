//! A device before the hook, and what the ledger says, for tests of what is decided.

use super::asked::Asked;
use super::{Ruling, Terms, rule};
use crate::ledger::{DeviceState, FleetState};
use crate::ports::{AdmissionRecords, ClaimRecord, FleetRecord, HeldDevice, VoucherRecord};
use crate::rotation::RotationPolicy;
use muster_documents::fleet_provisioning::HookRequest;
use muster_documents::{Refusal, RefusalCode};
use muster_pki::{
    CaCertificate, CaKey, CaSubject, DeviceKey, DeviceProfile, Validity, certificate_id,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) const CLAIM: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
pub(super) const TEMPLATE: &str = "arn:aws:iot:eu-central-1:123456789012:provisioningtemplate/";
/// 2026-01-01T00:00:00Z, in milliseconds.
pub(super) const NOW: i64 = 1_767_225_600_000;
pub(super) const NOW_UNIX: i64 = NOW / 1000;

pub(super) const TERMS: Terms = Terms {
    now: NOW,
    timeline_days: 365,
    rotation: RotationPolicy {
        age: 365,
        grace: 30,
        proof: 14,
        retention: 30,
    },
};

/// A certificate that AWS IoT made: its id and its PEM.
pub(super) fn certificate_of(key: &DeviceKey) -> (String, String) {
    let validity = Validity::of_days(NOW_UNIX, 9000);
    let subject = |name: &str| CaSubject {
        common_name: name.to_owned(),
        ..CaSubject::default()
    };
    let ca_key = CaKey::generate().unwrap();
    let ca = CaCertificate::issue(&ca_key, &subject("AWS IoT"), validity).unwrap();
    let profile = DeviceProfile {
        subject: subject("AWS IoT Certificate"),
        validity,
    };
    let signed = ca.sign(&ca_key, &key.csr("-").unwrap(), &profile).unwrap();
    (certificate_id(signed.der()), signed.pem())
}

/// A device of the fleet `plant-7` before the hook, and what the ledger says.
pub(super) struct Desk {
    pub(super) key: DeviceKey,
    pub(super) request: HookRequest,
    pub(super) records: AdmissionRecords,
    pub(super) settings: Value,
}

impl Desk {
    /// A device that is imported, of a fleet that lets in what was.
    pub(super) fn new() -> Self {
        let key = DeviceKey::generate().unwrap();
        let (certificate_id, certificate_pem) = certificate_of(&key);
        Self {
            request: HookRequest {
                claim_certificate_id: CLAIM.to_owned(),
                certificate_id,
                certificate_pem,
                template_arn: format!("{TEMPLATE}plant-7"),
                client_id: "sensor-1".to_owned(),
                parameters: BTreeMap::from([("SerialNumber".to_owned(), "sensor-1".to_owned())]),
            },
            records: AdmissionRecords {
                fleet: Some(FleetRecord {
                    state: Some(FleetState::Active),
                    settings: String::new(),
                }),
                claim: Some(ClaimRecord {
                    fleet: Some("plant-7".to_owned()),
                    ..ClaimRecord::default()
                }),
                device: Some(HeldDevice {
                    state: Some(DeviceState::Known),
                    ..HeldDevice::default()
                }),
                voucher: None,
            },
            settings: json!({ "templateName": "plant-7" }),
            key,
        }
    }

    /// A device that nobody imported, with a voucher for any device.
    pub(super) fn with_voucher() -> Self {
        let mut desk = Self::new();
        desk.settings["admission"] = "voucher".into();
        desk.records.device = None;
        desk.says("Voucher", "7QX2");
        desk.records.voucher = Some(VoucherRecord {
            fleet: "plant-7".to_owned(),
            serial: None,
            expires_at: NOW_UNIX + 1,
            spent: None,
        });
        desk
    }

    pub(super) fn says(&mut self, name: &str, value: &str) {
        let parameters = &mut self.request.parameters;
        parameters.insert(name.to_owned(), value.to_owned());
    }

    pub(super) fn claim(&mut self) -> &mut ClaimRecord {
        self.records.claim.as_mut().unwrap()
    }

    pub(super) fn device(&mut self) -> &mut HeldDevice {
        self.records.device.get_or_insert_default()
    }

    pub(super) fn voucher(&mut self) -> &mut VoucherRecord {
        self.records.voucher.as_mut().unwrap()
    }

    pub(super) fn asks(&self) -> Result<Ruling, Refusal> {
        rule(&self.asked()?, &self.told(), &TERMS)
    }

    pub(super) fn asked(&self) -> Result<Asked, Refusal> {
        Asked::read(self.request.clone())
    }

    /// What the ledger says, with the fleet's settings.
    pub(super) fn told(&self) -> AdmissionRecords {
        let mut records = self.records.clone();
        if let Some(fleet) = &mut records.fleet
            && fleet.settings.is_empty()
        {
            fleet.settings = self.settings.to_string();
        }
        records
    }

    pub(super) fn is_let_in(&self) -> Ruling {
        let ruling = self.asks().unwrap();
        assert!(ruling.answer.allow_provisioning);
        ruling
    }

    pub(super) fn is_refused(&self) -> RefusalCode {
        let refusal = self.asks().expect_err("it was let in");
        assert!(!refusal.message.contains("7QX2"), "{}", refusal.message);
        refusal.code
    }

    /// Writes down what a ruling says, as the ledger does.
    pub(super) fn writes(&mut self, ruling: &Ruling) {
        let written = ruling.device.as_ref().unwrap();
        self.records.device = Some(HeldDevice {
            state: Some(DeviceState::Provisioned),
            fingerprint: Some(written.fingerprint.clone()),
            execution: Some("admitted".to_owned()),
            current: Some(written.certificate.clone()),
            fleet: Some(written.fleet.to_string()),
            model: written.new_model.clone().map(String::from),
            issued_on: Some(written.issued_on),
            ..HeldDevice::default()
        });
        if let Some(voucher) = &mut self.records.voucher {
            voucher.spent = Some((written.serial.to_string(), written.fingerprint.clone()));
        }
    }

    /// The same key with a certificate anew.
    pub(super) fn comes_with_another_certificate(&mut self) {
        let (id, pem) = certificate_of(&self.key);
        (self.request.certificate_id, self.request.certificate_pem) = (id, pem);
    }

    pub(super) fn comes_with_another_key(&mut self) {
        self.key = DeviceKey::generate().unwrap();
        self.comes_with_another_certificate();
    }
}
