//! Tokens and keys are nowhere but where they belong.

use super::desk::Desk;
use crate::support::{Secret, Stack, places};
use muster_onboarding::tokens::Opens;
use muster_pki::DeviceKey;

/// Has the functions that see tokens log all that they can.
async fn log_everything(stack: &Stack) {
    for function in ["CertificateVendorFunction", "ShadowKeeperFunction"] {
        stack.set_variable(function, ("LOG_LEVEL", "debug")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_and_no_key_is_in_any_log_execution_queue_event_or_ledger() {
    let desk = Desk::open().await;
    log_everything(&desk.stack).await;
    let key = DeviceKey::generate().unwrap();
    let own = desk.token("sensor-1", Opens::Both).await;
    assert_eq!(desk.vend("sensor-1", &own, &key).await.status, 200);
    let seeds = desk.token("sensor-2", Opens::Both).await;
    let made = desk.getcert("sensor-2", &seeds).await.given(None);
    // Asked again, refused, malformed, and with a token where none belongs.
    assert_eq!(desk.getcert("sensor-2", &seeds).await.status, 409);
    assert_eq!(desk.getcert("nobody", &own).await.status, 401);
    let wrong = serde_json::json!({ "serialNumber": { "deviceToken": own }, "csr": own });
    assert_eq!(desk.post(&wrong).await.status, 400);
    let unsaid = serde_json::json!({ "serialNumber": "sensor-1", own.clone(): 1 });
    assert_eq!(desk.post(&unsaid).await.status, 400);
    let shadow = super::desk::Asked {
        method: "PUT",
        path: format!("/shadow?serialNumber=sensor-1&deviceToken={own}"),
        headers: vec![("content-type", "application/json".to_owned())],
        body: "{\"interval\":60}".to_owned(),
    };
    assert_eq!(desk.ask(shadow).await.status, 200);

    let secrets = [
        Secret::words(&own),
        Secret::words(&seeds),
        Secret::words("PRIVATE KEY"),
        Secret::key("the key that was made", &made.key_pem),
    ];
    let places = places(&desk.stack).await;
    for (place, holds) in &places {
        for secret in &secrets {
            assert!(!secret.is_in(holds), "{} is in {place}", secret.name());
        }
    }
    // The places were read: they speak of the device.
    for name in ["the functions' logs", "the executions", "the ledger"] {
        let (_, holds) = places.iter().find(|(place, _)| *place == name).unwrap();
        assert!(
            String::from_utf8_lossy(holds).contains("sensor-2"),
            "{name}"
        );
    }
}
