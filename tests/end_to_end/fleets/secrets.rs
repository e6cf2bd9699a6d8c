//! What is secret of a fleet lies in the vault and with its devices, and nowhere else.

use super::field::Field;
use super::{claim_of, rotate};
use crate::support::{Secret, places};
use muster_documents::bundle::files;
use muster_documents::{FleetName, Serial};
use secrecy::ExposeSecret;
use serde_json::json;

/// When the voucher of this test ends, in seconds since 1970: after 2096.
const LATER: i64 = 4_000_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_claims_key_nor_a_voucher_is_in_any_log_execution_queue_or_ledger() {
    let field = Field::with(json!({ "templateName": "plant-7", "admission": "voucher" })).await;
    let (fleet, serial) = (
        FleetName::new("plant-7").unwrap(),
        Serial::new("sensor-00001").unwrap(),
    );
    let vouchers = field.stack.target.vouchers().unwrap();
    let issued = vouchers
        .issue(&fleet, Some(&serial), 0, LATER)
        .await
        .unwrap();
    let voucher = issued.text;
    let mut device = field.device(serial.as_str());
    device.voucher = Some(voucher.clone());
    edge_client::fleet(device, |_| {}).await.unwrap();
    // Again, and refused: what a refusal says is no less read.
    let mut thief = field.device("sensor-00002");
    thief.voucher = Some(voucher.clone());
    edge_client::fleet(thief, |_| {}).await.unwrap_err();
    let key = std::fs::read_to_string(field.unpacked.path(files::CLAIM_PRIVATE_KEY)).unwrap();
    let rotated = rotate(&field.stack, json!({ "templateName": "plant-7" }))
        .await
        .unwrap();

    let secrets = [
        Secret::words("PRIVATE KEY"),
        Secret::key("the claim's key", &key),
        Secret::words(voucher.expose_secret()),
    ];
    let places = places(&field.stack).await;
    for (place, holds) in &places {
        for secret in &secrets {
            assert!(!secret.is_in(holds), "{} is in {place}", secret.name());
        }
    }
    // Each place was truly read.
    for (place, text) in [
        ("the functions' logs", "sensor-00001"),
        ("the executions", claim_of(&rotated)),
        ("the ledger", "VoucherInvalid"),
    ] {
        let (_, holds) = places.iter().find(|(name, _)| *name == place).unwrap();
        assert!(
            String::from_utf8_lossy(holds).contains(text),
            "{place} says nothing of {text}"
        );
    }
}
