//! Devices that are handed a certificate, and provisioned when they connect with it.

pub mod caller;
mod failing;
mod keys;
mod names;
mod over_http;
mod refused;
mod released;
mod templates;
mod verifying;

use crate::metrics::{metric, times};
use crate::support::Stack;
use caller::{ask_for, device, register, with};
use muster_documents::Serial;
use muster_onboarding::ports::{HandedOut, HandingOutLedger};
use muster_pki::{DeviceKey, read_certificate};
use serde_json::json;
use std::collections::HashMap;

/// A CA whose devices AWS IoT provisions.
async fn ca(stack: &Stack) -> String {
    register(stack, json!({ "route": "jitp" })).await
}

/// The certificates of a name that were handed out and not taken away.
async fn handed_out(stack: &Stack, serial: &str) -> Vec<HandedOut> {
    let ledger = stack.target.ledger().unwrap();
    let serial = Serial::new(serial).unwrap();
    ledger.handed_out(&serial).await.unwrap()
}

/// A thing's attributes.
async fn attributes(stack: &Stack, thing: &str) -> HashMap<String, String> {
    let described = stack.iot().describe_thing().thing_name(thing).send();
    described.await.unwrap().attributes.unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_provisioned_at_its_first_connection_by_the_template_of_its_ca() {
    let stack = Stack::start(&[]).await;
    let ca = ca(&stack).await;
    let key = DeviceKey::generate().unwrap();
    let answer = ask_for(&stack, &ca, "sensor-00001", &key).await.unwrap();
    assert!(answer["endpoints"]["data"].is_string(), "{answer}");
    assert!(!answer.to_string().contains("PRIVATE KEY"), "{answer}");
    assert!(stack.things().await.is_empty() && stack.certificates().await.is_empty());

    let device = with(&answer, key);
    let joined = edge_client::join(device.config(&stack), |_| {})
        .await
        .unwrap();
    assert_eq!(joined.thing_name, "sensor-00001");
    assert!(device.works(&stack).await);
    let expected = [
        ("version", "muster-1"),
        ("country", "ZZ"),
        ("certificateId", device.certificate_id.as_str()),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(
        attributes(&stack, "sensor-00001").await,
        HashMap::from(expected)
    );
    let (found, timeline) = stack.show("sensor-00001").await;
    let found = found.unwrap();
    assert_eq!(found.state, "provisioned");
    assert_eq!(found.certificate_id, Some(device.certificate_id.clone()));
    let handed_out = handed_out(&stack, "sensor-00001").await;
    assert_eq!(handed_out.len(), 1);
    assert_eq!(handed_out[0].certificate.id, device.certificate_id);
    assert_eq!(
        handed_out[0].ca_certificate_id.as_deref(),
        Some(ca.as_str())
    );
    let events: Vec<_> = timeline.iter().map(|entry| entry.event.as_str()).collect();
    assert_eq!(
        events,
        ["CertificateHandedOut"],
        "Muster's workflow leaves it to AWS IoT"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_has_the_name_that_was_asked_for_and_ends_with_its_ca_at_the_latest() {
    let stack = Stack::start(&[]).await;
    let asked =
        json!({ "route": "jitp", "lifetimeDays": 30, "csrSubjects": { "countryName": "TW" } });
    let ca = register(&stack, asked).await;
    let key = DeviceKey::generate().unwrap();
    let asked = json!({
        "caCertificateId": ca, "csr": key.csr("any").unwrap().pem(), "lifetimeDays": 7,
        "csrSubjects": { "commonName": "sensor-00001", "organizationName": "Soft Chef", "localityName": "" },
    });
    let days = |answer: &serde_json::Value| {
        let chain = answer["certificates"]["certificate"].as_str().unwrap();
        let own = chain
            .split_inclusive("-----END CERTIFICATE-----\n")
            .next()
            .unwrap();
        let der = muster_pki::pem_to_der(own).unwrap();
        let read = read_certificate(&der).unwrap();
        (read.not_after_unix - read.not_before_unix) / 86_400
    };
    let answer = caller::ask(&stack, asked).await.unwrap();
    assert_eq!(days(&answer), 7);
    let device = with(&answer, key);
    device.knocks(&stack).await;
    assert!(device.works(&stack).await);
    assert_eq!(attributes(&stack, "sensor-00001").await["country"], "TW");

    // Two years by default, which this CA has not; and a name of its own where none is given.
    let asked = json!({ "caCertificateId": ca });
    let answer = caller::ask(&stack, asked).await.unwrap();
    assert_eq!(days(&answer), 30);
    let name = answer["device"]["thingName"].as_str().unwrap();
    assert_eq!(name.len(), 36, "{name}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_of_a_ca_for_registration_is_let_in_by_musters_workflow() {
    let stack = Stack::start(&[]).await;
    let ca = register(&stack, json!({ "verifierName": "allow-list" })).await;
    stack.import("sensor-00001").await;
    let device = device(&stack, &ca, "sensor-00001").await;
    device.knocks(&stack).await;
    assert!(device.works(&stack).await);
    stack.settled_of("JitrActivationStateMachineArn").await;
    let (found, timeline) = stack.show("sensor-00001").await;
    assert_eq!(found.unwrap().certificate_id, Some(device.certificate_id));
    let events: Vec<_> = timeline.iter().map(|entry| entry.event.as_str()).collect();
    assert_eq!(events, ["CertificateHandedOut", "DeviceProvisioned"]);
    let route = [("Route", "jitr")];
    assert_eq!(metric(&stack, "Provisioned", &route).await, 1);
    let counted = times(&stack, "Provisioned", &route).await;
    assert_eq!(counted, 1, "it came in once");
}
