//! A device that asks to be provisioned.

use muster_documents::fleet_provisioning::HookRequest;
use muster_pki::{
    CaCertificate, CaKey, CaSubject, DeviceKey, DeviceProfile, Validity, certificate_id,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub const CLAIM: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

const TEMPLATE: &str = "arn:aws:iot:eu-central-1:123456789012:provisioningtemplate/plant-7";

/// A device with its key and the certificate that AWS IoT has made for it.
pub struct Device {
    key: DeviceKey,
    pub request: HookRequest,
}

impl Device {
    pub fn new(serial: &str) -> Self {
        let key = DeviceKey::generate().unwrap();
        let (certificate_id, certificate_pem) = certify(&key);
        Self {
            key,
            request: HookRequest {
                claim_certificate_id: CLAIM.to_owned(),
                certificate_id,
                certificate_pem,
                template_arn: TEMPLATE.to_owned(),
                client_id: serial.to_owned(),
                parameters: BTreeMap::from([("SerialNumber".to_owned(), serial.to_owned())]),
            },
        }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        let parameters = &mut self.request.parameters;
        parameters.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Starts over with its key.
    pub fn starts_over(&mut self) {
        let (id, pem) = certify(&self.key);
        (self.request.certificate_id, self.request.certificate_pem) = (id, pem);
    }

    /// Asks by the template for rotation, with the certificate that it has, for one with another key.
    pub fn renews(&mut self) {
        self.request.claim_certificate_id = self.request.certificate_id.clone();
        self.request.template_arn = TEMPLATE.to_owned() + "-rotation";
        self.takes_another_key();
    }

    pub fn takes_another_key(&mut self) {
        self.key = DeviceKey::generate().unwrap();
        self.starts_over();
    }

    /// What AWS IoT asks for it.
    pub fn asks(&self) -> Value {
        json!(self.request)
    }
}

fn certify(key: &DeviceKey) -> (String, String) {
    let validity = Validity::of_days(1_767_225_600, 9000);
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
