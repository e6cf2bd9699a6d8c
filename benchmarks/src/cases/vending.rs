//! The devices' API: a device that is given a certificate, and one that reads its shadow, by their tokens.

use super::rotation::{in_force, provisioned};
use super::{CLIENT_ID, Case, Device, LEDGER};
use crate::aws::TOKEN_MAC;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_onboarding::tokens::Opens;
use muster_pki::DeviceKey;
use serde_json::{Value, json};
use std::error::Error;

const TOKEN_KEY: (&str, &str) = (
    "TOKEN_KEY_ID",
    "arn:aws:kms:eu-central-1:123456789012:key/7c4d",
);
/// The services here count nothing.
const LIMITS: [(&str, &str); 2] = [
    ("REQUESTS_PER_SOURCE", "120"),
    ("REQUESTS_PER_SERIAL", "10"),
];
const TOKEN: &str = "7QX2Y-7QX2Y-7QX2Y-7QX2Y-7QX2Y7";

/// A certificate for the device's own key, one for a key that is made here, and a shadow.
pub fn all(device: &Device) -> Result<Vec<Case>, Box<dyn Error>> {
    let csr = DeviceKey::generate()?.csr(CLIENT_ID)?.pem();
    let with_key = json!({ "serialNumber": CLIENT_ID, "csr": csr });
    let keyless = json!({ "serialNumber": CLIENT_ID });
    Ok(vec![
        giving(device, "certificate-vendor", &with_key),
        giving(device, "certificate-vendor, makes a key", &keyless),
        reading(device),
    ])
}

fn giving(device: &Device, name: &'static str, body: &Value) -> Case {
    let mut environment = vec![
        LEDGER,
        TOKEN_KEY,
        (
            "STATE_MACHINE_ARN",
            "arn:aws:states:eu-central-1:123456789012:stateMachine:certificate-vending",
        ),
        ("VAULT_BUCKET", "vault"),
    ];
    environment.extend(LIMITS);
    let event = json!({
        "httpMethod": "POST", "resource": "/certificates", "path": "/certificates", "body": body.to_string(),
        "headers": { "content-type": "application/json", "x-device-token": TOKEN },
        "requestContext": { "requestId": "r", "identity": { "sourceIp": "192.0.2.1" } },
    });
    let mut case = device.case(
        name,
        "certificate-vendor",
        &environment,
        event,
        token(Opens::Certificate),
    );
    case.world.then = Some(provisioned(device, &in_force()));
    case
}

/// The token is looked at first, and then the device.
fn reading(device: &Device) -> Case {
    let mut environment = vec![
        LEDGER,
        TOKEN_KEY,
        ("SHADOW_READ_ALLOW", "**"),
        ("SHADOW_READ_DENY", "led.pin"),
        ("SHADOW_WRITE_ALLOW", "**"),
        ("SHADOW_WRITE_DENY", ""),
    ];
    environment.extend(LIMITS);
    let event = json!({
        "httpMethod": "GET", "resource": "/shadow", "path": "/shadow",
        "queryStringParameters": { "serialNumber": CLIENT_ID },
        "headers": { "x-device-token": TOKEN },
        "requestContext": { "requestId": "r", "identity": { "sourceIp": "192.0.2.1" } },
    });
    let name = "shadow-keeper";
    let mut case = device.case(name, name, &environment, event, token(Opens::Shadow));
    case.world.then = Some(provisioned(device, &in_force()));
    case
}

fn token(opens: Opens) -> Value {
    json!({
        "mac": { "S": STANDARD.encode(TOKEN_MAC) }, "opens": { "S": opens.name() },
        "expiresAt": { "N": "4102444800" },
    })
}
