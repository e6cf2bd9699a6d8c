//! Shadows over HTTPS, by token and by certificate.

use super::desk::{Answer, Asked, Desk};
use crate::support::{Identity, RawDevice, invoke, wait_until};
use muster_onboarding::tokens::Opens;
use muster_pki::DeviceKey;
use serde_json::{Value, json};

impl Desk {
    async fn shadow(
        &self,
        method: &'static str,
        serial: &str,
        token: &str,
        body: &Value,
    ) -> Answer {
        let body = if method == "GET" {
            String::new()
        } else {
            body.to_string()
        };
        self.ask(Asked {
            method,
            path: format!("/shadow?serialNumber={serial}"),
            headers: vec![
                ("content-type", "application/json".to_owned()),
                ("x-device-token", token.to_owned()),
            ],
            body,
        })
        .await
    }

    /// A request as API Gateway makes it of one over mutual TLS, which the emulator does not have.
    async fn shadow_by_certificate(&self, serial: &str, pem: &str) -> (u16, Value) {
        let event = json!({
            "httpMethod": "GET", "resource": "/shadow", "queryStringParameters": { "serialNumber": serial },
            "requestContext": { "requestId": "r", "identity": {
                "sourceIp": "192.0.2.1", "clientCert": { "clientCertPem": pem },
            } },
        });
        let answer = invoke(&self.stack, "ShadowKeeperFunction", &event)
            .await
            .unwrap();
        let status = answer["statusCode"].as_u64().unwrap();
        let body = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        (u16::try_from(status).unwrap(), body)
    }

    /// A device that has reported this of itself, over MQTT.
    async fn reporting(&self, serial: &str, token: &str, reported: &Value) -> Identity {
        let key = DeviceKey::generate().unwrap();
        let own = self.vend(serial, token, &key).await.given(Some(&key));
        let connected =
            RawDevice::connect(&self.stack, serial, &[], &own.certificate_pem, &own.key_pem);
        let mut device = connected.await.expect("it may connect");
        let update = json!({ "state": { "reported": reported } }).to_string();
        assert!(
            device
                .publish(&format!("$aws/things/{serial}/shadow/update"), update)
                .await
        );
        own
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_reads_what_it_reported_and_writes_what_is_desired_as_far_as_the_patterns_allow() {
    let parameters = [
        ("ShadowReadDeny", "secret.**"),
        ("ShadowWriteDeny", "secret.**,led.pin"),
    ];
    let desk = Desk::with(&parameters).await;
    let token = desk.token("sensor-1", Opens::Both).await;
    assert!(
        !desk
            .shadow("GET", "sensor-1", &token, &Value::Null)
            .await
            .refuses(404, "ShadowUnknown")
    );
    let reported = json!({ "level": 7, "secret": { "a": 1 } });
    let own = desk.reporting("sensor-1", &token, &reported).await;
    let seen = wait_until("the reported state", || async {
        let seen = desk.shadow("GET", "sensor-1", &token, &Value::Null).await;
        (seen.status == 200).then_some(seen)
    })
    .await;
    assert_eq!(seen.json()["state"], json!({ "reported": { "level": 7 } }));

    // Enveloped, and bare as the seed's.
    let desired = json!({ "state": { "desired": { "interval": 60 } } });
    let written = desk.shadow("PUT", "sensor-1", &token, &desired).await;
    assert_eq!(written.status, 200, "{written:?}");
    assert_eq!(
        written.json()["state"],
        json!({ "desired": { "interval": 60 } })
    );
    let version = written.json()["version"].as_i64().unwrap();
    let bare = desk
        .shadow("PUT", "sensor-1", &token, &json!({ "interval": 90 }))
        .await;
    assert_eq!(bare.json()["version"], version + 1);

    // What may not be written, and what somebody else has written meanwhile.
    for body in [
        json!({ "secret": 1 }),
        json!({ "interval": 1, "led": { "pin": 1 } }),
    ] {
        let refused = desk.shadow("PUT", "sensor-1", &token, &body).await;
        assert!(!refused.refuses(400, "ShadowKeyRefused"));
    }
    let late = json!({ "state": { "desired": { "interval": 1 } }, "version": version });
    assert!(
        !desk
            .shadow("PUT", "sensor-1", &token, &late)
            .await
            .refuses(409, "ShadowConflict")
    );
    let unchanged = desk
        .shadow("PUT", "sensor-1", &token, &json!({ "mode": "b" }))
        .await;
    assert_eq!(unchanged.json()["version"], version + 2);

    // By its certificate, and by nobody else's.
    let (status, body) = desk
        .shadow_by_certificate("sensor-1", &own.certificate_pem)
        .await;
    assert_eq!(
        (status, &body["state"]["reported"]),
        (200, &json!({ "level": 7 }))
    );
    let other = desk.token("sensor-2", Opens::Certificate).await;
    let other = desk.reporting("sensor-2", &other, &json!({})).await;
    let (status, body) = desk
        .shadow_by_certificate("sensor-1", &other.certificate_pem)
        .await;
    assert_eq!((status, &body["code"]), (401, &json!("TokenRefused")));

    // A token for a certificate alone opens none, and nothing does once the device is released.
    let narrow = desk.token("sensor-2", Opens::Certificate).await;
    assert!(
        !desk
            .shadow("GET", "sensor-2", &narrow, &Value::Null)
            .await
            .refuses(401, "TokenRefused")
    );
    let serial = muster_documents::Serial::new("sensor-1").unwrap();
    muster::release::release(&desk.stack.target, &serial)
        .await
        .unwrap();
    assert!(
        !desk
            .shadow("GET", "sensor-1", &token, &Value::Null)
            .await
            .refuses(401, "TokenRefused")
    );
    let (status, _) = desk
        .shadow_by_certificate("sensor-1", &own.certificate_pem)
        .await;
    assert_eq!(status, 401);
}
