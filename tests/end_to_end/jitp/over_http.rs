//! The same through the REST API.

use super::ca;
use super::caller::with;
use crate::api::caller::{Asked, Caller, ask_unsigned};
use crate::support::Stack;
use muster_pki::DeviceKey;
use serde_json::{Value, json};

const PATH: &str = "/device-certificates";

fn body(ca: &str, name: &str, key: &DeviceKey) -> Value {
    json!({
        "caCertificateId": ca, "csr": key.csr("any").unwrap().pem(), "csrSubjects": { "commonName": name },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_request_gets_a_certificate_and_every_refusal_its_status() {
    let stack = Stack::start(&[("ApiRateLimit", "1000"), ("ApiBurstLimit", "1000")]).await;
    let ca = ca(&stack).await;
    let root = Caller::root();
    let key = DeviceKey::generate().unwrap();
    let asked = body(&ca, "sensor-00001", &key).to_string();
    let unsigned = ask_unsigned(&stack, Asked::post(PATH, asked.clone())).await;
    unsigned.refuses(403, "NotAuthenticated");
    let answer = root.ask(&stack, Asked::post(PATH, asked)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.cache_control.as_deref(), Some("no-store"));
    let answer = answer.json();
    let fields: Vec<_> = answer.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["certificates", "device", "endpoints"]);
    let device = with(&answer, key);
    device.knocks(&stack).await;
    assert!(device.works(&stack).await);

    let other = DeviceKey::generate().unwrap();
    let verified = json!({ "route": "jitp", "verifierName": "allow-list" });
    let strict = super::register(&stack, verified).await;
    let mut broken = body(&ca, "sensor-00002", &other);
    broken["csr"] = "no CSR".into();
    let unknown = body(&"f".repeat(64), "sensor-00002", &other);
    for (asked, status, code) in [
        (json!([]), 400, "InputInvalid"),
        (json!({ "csr": "x" }), 400, "InputInvalid"),
        (broken, 400, "CsrUnreadable"),
        (body(&ca, "a/b", &other), 400, "CommonNameMalformed"),
        (body(&strict, "stranger-001", &other), 403, "NotVerified"),
        (unknown, 404, "CaUnknown"),
        (body(&ca, "sensor-00001", &other), 409, "AlreadyProvisioned"),
    ] {
        let answer = root.ask(&stack, Asked::post(PATH, asked.to_string())).await;
        answer.refuses(status, code);
    }
    assert!(device.works(&stack).await);
    assert_eq!(stack.things().await, ["sensor-00001"]);
}
