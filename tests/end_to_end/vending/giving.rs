//! What a device with the right token is given.

use super::desk::{Asked, Desk};
use crate::provisioning;
use crate::support::RawDevice;
use muster_onboarding::ledger::DeviceState;
use muster_onboarding::tokens::Opens;
use muster_pki::{DeviceKey, certificate_id, pem_to_der, read_certificate};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_device_with_a_token_comes_in_with_its_own_key_or_with_one_of_the_clouds() {
    let desk = Desk::open().await;

    // With its own key, the token in a header.
    let token = desk.token("sensor-1", Opens::Certificate).await;
    let key = DeviceKey::generate().unwrap();
    let csr = key.csr("sensor-1").unwrap().pem();
    let answer = desk
        .ask(Asked {
            method: "POST",
            path: "/certificates".to_owned(),
            headers: vec![
                ("content-type", "application/json; charset=utf-8".to_owned()),
                ("X-Device-Token", token),
            ],
            body: json!({ "serialNumber": "sensor-1", "csr": csr }).to_string(),
        })
        .await;
    let own = answer.given(Some(&key));
    let body = answer.json();
    assert_eq!(body.get("keyPair"), None);
    assert_eq!(body["thingName"], "sensor-1");
    let der = pem_to_der(&own.certificate_pem).unwrap();
    assert_eq!(body["certificateId"], certificate_id(&der));
    assert!(
        body["certificateArn"]
            .as_str()
            .unwrap()
            .ends_with(&certificate_id(&der))
    );
    assert_eq!(
        read_certificate(&der).unwrap().public_key_fingerprint,
        key.fingerprint()
    );
    // Where to connect, and whom it meets there, are in the answer.
    let state = desk.stack.local.state();
    assert_eq!(
        body["endpoint"],
        format!("{}:{}", state.mqtt_host, state.mqtt_port)
    );
    let ca = std::fs::read_to_string(&state.ca_file).unwrap();
    assert_eq!(body["RootCA"].as_str().unwrap().trim(), ca.trim());
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert!(desk.lives("sensor-1", &own).await);

    // Without one, as the seed's devices ask.
    let token = desk.token("sensor-2", Opens::Both).await;
    let answer = desk.getcert("sensor-2", &token).await;
    let made = answer.given(None);
    assert!(
        answer.json()["keyPair"]["PublicKey"]
            .as_str()
            .unwrap()
            .contains("PUBLIC KEY")
    );
    assert!(desk.lives("sensor-2", &made).await);

    // Each has one certificate, and its operator sees how that came.
    assert_eq!(desk.stack.certificates().await.len(), 2);
    for serial in ["sensor-1", "sensor-2"] {
        let held = desk.held(serial).await.unwrap();
        assert_eq!(held.state, Some(DeviceState::Provisioned));
        let timeline = desk.stack.timeline(serial, 1).await;
        assert_eq!(timeline[0].event, "DeviceProvisioned");
        let steps: Vec<_> = timeline[0]
            .steps
            .iter()
            .map(|step| step.did.as_str())
            .collect();
        assert!(
            steps[0].starts_with("certificate asked for over HTTPS"),
            "{steps:?}"
        );
    }
    // It is no way in for others: who holds a claim certificate does not get this serial.
    desk.token("sensor-3", Opens::Certificate).await;
    let mut other = RawDevice::asking(&desk.stack, "sensor-3").await;
    let body = provisioning::request(&key, "sensor-3", 256);
    assert!(other.publish("provision/sensor-3/json", body).await);
    assert_eq!(other.hear().await.json()["code"], "SerialUnknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_api_says_of_itself_is_what_it_serves_and_no_browser_may_ask() {
    let desk = Desk::open().await;
    let described = desk
        .ask(Asked {
            method: "GET",
            path: "/openapi.json".to_owned(),
            ..Asked::default()
        })
        .await;
    assert_eq!(described.status, 200);
    let file = include_str!("../../../openapi/devices.json");
    assert_eq!(
        described.json(),
        serde_json::from_str::<Value>(file).unwrap()
    );
    let asked = Asked {
        method: "OPTIONS",
        path: "/certificates".to_owned(),
        headers: vec![
            ("origin", "https://example.com".to_owned()),
            ("access-control-request-method", "POST".to_owned()),
        ],
        body: String::new(),
    };
    let answer = desk.ask(asked).await;
    assert_ne!(answer.status, 200);
    let allows = |name: &String| name.starts_with("access-control");
    assert!(!answer.headers.keys().any(allows), "{answer:?}");
    assert!(!described.headers.keys().any(allows), "{described:?}");
}
