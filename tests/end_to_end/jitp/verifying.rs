//! The CA's verifier decides before anything else.

use super::caller::{ask, ask_for, device, register};
use crate::jitr::verifiers::{ARN, deploy};
use crate::support::Stack;
use muster_pki::DeviceKey;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_verifier_does_not_know_gets_nothing_and_harms_nobody() {
    let stack = Stack::start(&[]).await;
    let ca = register(
        &stack,
        json!({ "route": "jitp", "verifierName": "allow-list" }),
    )
    .await;
    stack.import("sensor-00001").await;
    let inside = device(&stack, &ca, "sensor-00001").await;
    inside.knocks(&stack).await;
    assert!(inside.works(&stack).await);
    let made = stack.iot().create_thing().thing_name("boiler-00001").send();
    made.await.unwrap();

    // What is said of the device does not change whose name is looked up, and a thing that is there is not told from
    // one that is not.
    for name in ["stranger-001", "boiler-00001"] {
        let csr = DeviceKey::generate().unwrap().csr("any").unwrap().pem();
        let asked = json!({
            "caCertificateId": ca, "csr": csr, "csrSubjects": { "commonName": name },
            "deviceInfo": { "thingName": "sensor-00001", "caCertificateId": "another", "verified": true },
        });
        let error = ask(&stack, asked).await.unwrap_err();
        assert_eq!(error.name, "NotVerified", "{error:?}");
        let (device, timeline) = stack.show(name).await;
        assert!(device.is_none());
        assert_eq!(timeline[0].code.as_deref(), Some("NotVerified"));
    }
    assert!(inside.works(&stack).await);
    assert_eq!(stack.certificates().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_clear_yes_counts_and_a_verifier_that_fails_or_is_not_there_is_named() {
    let parameters = [("VerifierNames", "by-name"), ("VerifierArns", ARN)];
    let stack = Stack::start(&parameters).await;
    let ca = register(
        &stack,
        json!({ "route": "jitp", "verifierName": "by-name" }),
    )
    .await;
    let ask = async |name: &str| {
        let key = DeviceKey::generate().unwrap();
        let answer = ask_for(&stack, &ca, name, &key).await;
        answer.map(|_| ()).map_err(|error| error.name)
    };
    assert!(ask("yes-true").await.is_err(), "it is not deployed yet");
    deploy(&stack).await;
    for name in [
        "yes-true",
        "yes-text",
        "yes-body",
        "yes-packed",
        "yes-packed-body",
    ] {
        assert_eq!(ask(name).await, Ok(()), "{name}");
    }
    for name in [
        "no-false",
        "no-text",
        "no-number",
        "no-nothing",
        "no-list",
        "no-null",
        "no-garbage",
    ] {
        assert_eq!(ask(name).await, Err("NotVerified".to_owned()), "{name}");
    }
    // The verifier knows no such name, and fails.
    assert_eq!(ask("unheard-of").await, Err("VerifierFailed".to_owned()));
    let devices = stack.target.devices().unwrap().list(None).await.unwrap();
    assert_eq!(devices.len(), 5, "{devices:?}");
}
