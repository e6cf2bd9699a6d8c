//! Bad input: each gets a coded refusal, is recorded, and leaves nothing behind.

mod acknowledgements;
mod requests;
mod senders;

use crate::provisioning::{deliver, request};
use crate::support::{RawDevice, Stack};
use acknowledgements::bad_acknowledgements;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_documents::{CsrField, ProvisioningRequest};
use muster_pki::DeviceKey;
use requests::bad_requests;
use senders::bad_senders;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_device_sends_wrongly_is_refused_with_a_code_recorded_and_leaves_nothing() {
    let stack = Stack::start(&[]).await;
    let mut expected = bad_requests(&stack).await;
    expected.extend(bad_acknowledgements(&stack).await);
    expected.extend(bad_senders(&stack).await);
    stack.recorded(&expected).await;
    stack.settled().await;
    assert!(stack.things().await.is_empty());
    assert!(stack.certificates().await.is_empty());
    for item in stack.ledger().await {
        let state = item.get("state").and_then(|state| state.as_s().ok());
        assert!(state.is_none_or(|state| state == "known"), "{item:?}");
        assert!(
            !item["pk"].as_s().unwrap().starts_with("delivery#"),
            "{item:?}"
        );
    }
    every_form_of_a_csr_is_taken(&stack).await;
}

/// Text in PEM, text in base64, bytes in CBOR; P-256, P-384 and RSA.
async fn every_form_of_a_csr_is_taken(stack: &Stack) {
    let rsa = fixture("rsa2048.csr.pem");
    let base64 = STANDARD.encode(muster_pki::pem_to_der(&fixture("p384.csr.pem")).unwrap());
    let cbor = ProvisioningRequest {
        csr: Some(CsrField::Text(csr_pem())),
        ..ProvisioningRequest::default()
    };
    let bodies = [
        ("form-pem", json!({ "csr": rsa }).to_string().into_bytes()),
        (
            "form-base64",
            json!({ "csr": base64 }).to_string().into_bytes(),
        ),
        ("form-cbor-pem", cbor.to_cbor()),
        (
            "form-cbor-der",
            request(&DeviceKey::generate().unwrap(), "form-cbor-der", 4096),
        ),
    ];
    let mut devices = Vec::new();
    for (client_id, body) in bodies {
        stack.import(client_id).await;
        let mut device = RawDevice::asking(stack, client_id).await;
        assert!(
            device
                .publish(&format!("provision/{client_id}/json"), body)
                .await
        );
        devices.push((client_id, device));
    }
    for (client_id, mut device) in devices {
        let heard = device.hear().await;
        assert_eq!(
            heard.topic,
            format!("provision/{client_id}/accepted"),
            "{:?}",
            heard.text()
        );
    }
    stack.import("form-good").await;
    deliver(stack, "form-good", &DeviceKey::generate().unwrap()).await;
}

/// A good CSR of a key that nobody needs.
fn csr_pem() -> String {
    fixture("p256.csr.pem")
}

fn fixture(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/pki/tests/data");
    std::fs::read_to_string(format!("{folder}/{name}")).unwrap()
}
