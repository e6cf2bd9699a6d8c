//! The pre-provisioning hook, asked about an imported device that comes for the first time.

use super::authority::{authority, named};
use super::{CLIENT_ID, Case, Device, EVENT_BUS, LEDGER, ROTATION, SURGE, VALIDITY};
use muster_documents::fleet_provisioning::HookRequest;
use muster_onboarding::ledger::{
    DeviceState, FLEETS_PK, FleetState, IMPORTED, STATE_SK, claim_key, device_key,
};
use muster_pki::{DeviceKey, DeviceProfile, certificate_id};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::error::Error;

const FLEET: &str = "gateways";
const MODEL: &str = "gateway-a";

/// It reads the certificate, so it is a true one.
pub fn admission(device: &Device) -> Result<Case, Box<dyn Error>> {
    let (key, authority) = authority()?;
    let profile = DeviceProfile {
        subject: named(CLIENT_ID),
        validity: VALIDITY,
    };
    let csr = DeviceKey::generate()?.csr(CLIENT_ID)?;
    let certificate = authority.sign(&key, &csr, &profile)?;
    let claim = "a".repeat(64);
    let parameters = [("SerialNumber", CLIENT_ID), ("ModelType", MODEL)];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let request = HookRequest {
        claim_certificate_id: claim.clone(),
        certificate_id: certificate_id(certificate.der()),
        certificate_pem: certificate.pem(),
        template_arn: format!("arn:aws:iot:eu-central-1:123456789012:provisioningtemplate/{FLEET}"),
        client_id: CLIENT_ID.to_owned(),
        parameters: BTreeMap::from(parameters),
    };
    let environment = [
        LEDGER,
        EVENT_BUS,
        ("VERIFIER_NAMES", ""),
        ("VERIFIER_ARNS", ""),
        ("TIMELINE_DAYS", "365"),
        (
            "CONNECTION_QUEUE_URL",
            "https://sqs.eu-central-1.amazonaws.com/123456789012/connections",
        ),
    ];
    let environment = [&environment[..], &ROTATION, &SURGE].concat();
    let name = "pre-provisioning-hook";
    let mut case = device.case(name, name, &environment, json!(request), Value::Null);
    let settings = json!({ "templateName": FLEET, "models": [{ "name": MODEL }] }).to_string();
    case.world.batch = vec![
        json!({
            "pk": { "S": FLEETS_PK }, "sk": { "S": FLEET }, "state": { "S": FleetState::Active.name() },
            "settings": { "S": settings }, "execution": { "S": "e" }, "claimCertificateId": { "S": claim },
        }),
        json!({ "pk": { "S": claim_key(&claim) }, "sk": { "S": STATE_SK }, "fleet": { "S": FLEET } }),
        json!({
            "pk": { "S": device_key(&device.serial) }, "sk": { "S": STATE_SK }, "serial": { "S": device.serial },
            "state": { "S": DeviceState::Known.name() }, "enrolledBy": { "S": IMPORTED },
        }),
    ];
    Ok(case)
}
