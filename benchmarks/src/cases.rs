//! What is measured: each function with an event that makes it do its ordinary work.

mod authority;
mod device;
mod events;
mod fleet;
mod hook;
mod reconciliation;
mod rotation;
mod vending;

use crate::aws::World;
use device::Device;
use events::{batch, records};
use muster_documents::tasks::{
    ActivateCertificate, Attachment, DeliveryTo, RegisterIdentity, RevokeIdentity, Verdict,
};
use muster_documents::{Mode, Purpose};
use muster_pki::Validity;
use serde_json::{Value, json};
use std::error::Error;

/// The minimal function's package.
pub const MINIMAL: &str = "minimal-function";
/// Bytes of a device's certificate as AWS IoT issues it.
pub const CERTIFICATE_BYTES: usize = 655;
/// A client id of 12 characters.
pub const CLIENT_ID: &str = "sensor-00001";

/// The claim certificate of requests.
const CLAIM: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const EVENT_BUS: (&str, &str) = ("EVENT_BUS", "muster-events");
const SURGE: [(&str, &str); 3] = [
    ("CLAIM_SURGE_MINIMUM", "100"),
    ("CLAIM_SURGE_FACTOR", "10"),
    ("CLAIM_SURGE_SHUTS", "off"),
];
const LEDGER: (&str, &str) = ("LEDGER_TABLE", "ledger");
const POLICY: (&str, &str) = ("DEVICE_POLICY", "device");
const ROTATION: [(&str, &str); 4] = [
    ("ROTATION_AGE_DAYS", "365"),
    ("ROTATION_GRACE_DAYS", "30"),
    ("ROTATION_PROOF_DAYS", "14"),
    ("ROTATION_RETENTION_DAYS", "30"),
];
const PREFIX: (&str, &str) = ("TOPIC_PREFIX", "provision");
const ROTATION_PREFIX: (&str, &str) = ("ROTATION_TOPIC_PREFIX", "rotate");
const KEY: (&str, &str) = ("KEY_ID", "arn:aws:kms:eu-central-1:123456789012:key/5b3a");
const MACHINE: (&str, &str) = (
    "STATE_MACHINE_ARN",
    "arn:aws:states:eu-central-1:123456789012:stateMachine:claim-provisioning",
);
const ROTATION_MACHINE: (&str, &str) = (
    "ROTATION_STATE_MACHINE_ARN",
    "arn:aws:states:eu-central-1:123456789012:stateMachine:chunked-rotation",
);
const VAULT: [(&str, &str); 2] = [("VAULT_BUCKET", "vault"), ("VAULT_PREFIX", "ca")];
/// From 2026 to 2100.
const VALIDITY: Validity = Validity {
    not_before_unix: 1_767_225_600,
    not_after_unix: 4_102_444_800,
};
const EXECUTION: &str =
    "arn:aws:states:eu-central-1:123456789012:execution:claim-provisioning:sensor-00001-0b1c";

/// One row of the table.
#[derive(Debug, Clone)]
pub struct Case {
    /// What the table calls it.
    pub name: &'static str,
    /// The package whose binary it is.
    pub package: &'static str,
    /// The function's own variables.
    pub environment: Vec<(&'static str, &'static str)>,
    /// The event of every invocation.
    pub event: Value,
    /// What AWS answers.
    pub world: World,
}

/// Something of the length of a certificate; no function looks into it.
pub fn certificate() -> Vec<u8> {
    (0..=u8::MAX).cycle().take(CERTIFICATE_BYTES).collect()
}

/// All rows, the minimal function first.
pub fn all() -> Result<Vec<Case>, Box<dyn Error>> {
    let device = Device::new()?;
    let chunked = json!({ "csr": device.csr, "packetSize": 256, "serialNumber": CLIENT_ID });
    let legacy = json!({ "serialNumber": CLIENT_ID });
    let mut cases = vec![
        device.case(
            MINIMAL,
            MINIMAL,
            &[],
            json!({ "thingName": CLIENT_ID }),
            Value::Null,
        ),
        device.request(
            "claim-intake",
            batch("json", &[chunked.to_string().as_bytes()]),
        ),
        device.request(
            "claim-intake, batch of 10",
            batch("json", &[chunked.to_string().as_bytes(); 10]),
        ),
        device.request(
            "claim-intake, legacy",
            batch("json", &[legacy.to_string().as_bytes()]),
        ),
        device.issue(
            "certificate-issuer",
            Mode::Chunked,
            Some(device.csr.clone()),
        ),
        device.issue("certificate-issuer, legacy", Mode::Legacy, None),
        device.case(
            "identity-registrar",
            "identity-registrar",
            &[&[POLICY][..], &ROTATION].concat(),
            json!(RegisterIdentity {
                serial: device.serial.clone(),
                certificate_arn: device.certificate_arn(),
                not_after: None,
                attach: vec![Attachment::Thing, Attachment::Policy],
            }),
            Value::Null,
        ),
        device.publish("chunk-publisher", &device.chunks()),
        device.publish("chunk-publisher, legacy", &device.legacy_answer()),
        device.case(
            "delivery-acknowledger",
            "delivery-acknowledger",
            &[PREFIX, ROTATION_PREFIX, LEDGER],
            batch("ack", &[&device.acknowledgement()?]),
            device.delivery_item(),
        ),
        device.case(
            "identity-revoker",
            "identity-revoker",
            &[LEDGER, POLICY],
            json!(RevokeIdentity {
                serial: device.serial.clone(),
                execution: EXECUTION.into(),
                delivery: Some(DeliveryTo {
                    client_id: device.client_id.clone(),
                    mode: Mode::Chunked,
                    purpose: Purpose::Provisioning,
                }),
                release: true
            }),
            device.item_with_certificate(),
        ),
        device.case(
            "jitr-activator",
            "jitr-activator",
            &[MACHINE],
            records(&[json!(device.registered()).to_string()]),
            Value::Null,
        ),
        device.inspection()?,
        device.case(
            "certificate-activator",
            "certificate-activator",
            &[],
            json!(ActivateCertificate {
                certificate_id: device.certificate_id.clone(),
                verdict: Verdict::Activate,
            }),
            Value::Null,
        ),
        device.verification(),
        device.verifiers(),
        device.measurement(),
        device.registration()?,
        device.generation()?,
        hook::admission(&device)?,
    ];
    cases.extend(fleet::all(&device)?);
    cases.extend(rotation::all(&device)?);
    cases.extend(reconciliation::all(&device)?);
    cases.extend(vending::all(&device)?);
    Ok(cases)
}

#[cfg(test)]
mod tests {
    use super::all;
    use std::collections::BTreeSet;

    #[test]
    fn every_function_is_measured() {
        let cases = all().unwrap();
        let measured: BTreeSet<_> = cases.iter().map(|case| case.package).collect();
        let functions = concat!(env!("CARGO_MANIFEST_DIR"), "/../functions");
        for function in std::fs::read_dir(functions).unwrap() {
            let name = function.unwrap().file_name().into_string().unwrap();
            let measured = measured.contains(name.as_str());
            assert!(measured, "{name} has no case in benchmarks/src/cases");
        }
    }
}
