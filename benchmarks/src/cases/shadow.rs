//! A device that reads its shadow, by its token.

use super::rotation::{in_force, provisioned};
use super::{CLIENT_ID, Case, Device, LEDGER};
use crate::aws::TOKEN_MAC;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_onboarding::tokens::Opens;
use serde_json::json;

/// The token is looked at first, and then the device.
pub fn reading(device: &Device) -> Case {
    let environment = [
        LEDGER,
        (
            "TOKEN_KEY_ID",
            "arn:aws:kms:eu-central-1:123456789012:key/7c4d",
        ),
        // The services here count nothing.
        ("REQUESTS_PER_SOURCE", "120"),
        ("REQUESTS_PER_SERIAL", "10"),
        ("SHADOW_READ_ALLOW", "**"),
        ("SHADOW_READ_DENY", "led.pin"),
        ("SHADOW_WRITE_ALLOW", "**"),
        ("SHADOW_WRITE_DENY", ""),
    ];
    let event = json!({
        "httpMethod": "GET", "resource": "/shadow", "path": "/shadow",
        "queryStringParameters": { "serialNumber": CLIENT_ID },
        "headers": { "x-device-token": "7QX2Y-7QX2Y-7QX2Y-7QX2Y-7QX2Y7" },
        "requestContext": { "requestId": "r", "identity": { "sourceIp": "192.0.2.1" } },
    });
    let token = json!({
        "mac": { "S": STANDARD.encode(TOKEN_MAC) }, "opens": { "S": Opens::Shadow.name() },
        "expiresAt": { "N": "4102444800" },
    });
    let name = "shadow-keeper";
    let mut case = device.case(name, name, &environment, event, token);
    case.world.then = Some(provisioned(device, &in_force()));
    case
}
