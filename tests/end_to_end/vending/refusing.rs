//! What a device is told that is given nothing, each status once at least.

use super::desk::{Answer, Asked, Desk, request};
use muster_cloud::operator::Ways;
use muster_onboarding::ledger::WayIn;
use muster_onboarding::tokens::Opens;
use muster_pki::DeviceKey;
use serde_json::json;

/// `POST /certificates` of any text.
async fn post(desk: &Desk, content_type: &str, body: String) -> Answer {
    desk.ask(Asked {
        method: "POST",
        path: "/certificates".to_owned(),
        headers: vec![("content-type", content_type.to_owned())],
        body,
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_has_its_status_and_gives_nothing() {
    let desk = Desk::with(&[("VendingRequestsPerSerial", "5")]).await;
    let token = desk.token("sensor-1", Opens::Certificate).await;
    let key = DeviceKey::generate().unwrap();

    // 400: what is no request.
    let json_of = "application/json";
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\"text\"",
        "{}",
        "{\"serialNumber\":\"a/b\"}",
    ] {
        let answer = post(&desk, json_of, body.to_owned()).await;
        assert!(!answer.refuses(400, "InputInvalid"), "{body}");
    }
    let two = Asked {
        method: "POST",
        path: "/certificates".to_owned(),
        headers: vec![
            ("content-type", json_of.to_owned()),
            ("x-device-token", "another".to_owned()),
        ],
        body: request("sensor-1", &token, &key).to_string(),
    };
    desk.ask(two).await.refuses(400, "InputInvalid");
    let mut wrong = request("sensor-1", &token, &key);
    wrong["csr"] = json!("-----BEGIN CERTIFICATE REQUEST-----");
    desk.post(&wrong).await.refuses(400, "CsrUnreadable");

    // 401: the same answer to whoever has no token.
    let expected = desk.vend("sensor-1", "wrong", &key).await;
    assert!(!expected.refuses(401, "TokenRefused"));
    let shadow_only = desk.token("sensor-2", Opens::Shadow).await;
    for (serial, token) in [
        ("nobody", token.as_str()),
        ("sensor-2", &shadow_only),
        ("nobody", ""),
    ] {
        let answer = desk.vend(serial, token, &key).await;
        assert_eq!(
            (answer.status, &answer.text),
            (401, &expected.text),
            "{serial}"
        );
    }

    // 404: no such path, whatever the method.
    for (method, path) in [
        ("GET", "/nothing"),
        ("DELETE", "/certificates"),
        ("POST", "/getcert"),
    ] {
        let asked = Asked {
            method,
            path: path.to_owned(),
            ..Asked::default()
        };
        assert!(
            !desk.ask(asked).await.refuses(404, "NotFound"),
            "{method} {path}"
        );
    }

    // 413 and 415.
    let long = format!("{{\"serialNumber\":\"{}\"}}", "x".repeat(16 * 1024));
    assert!(
        !post(&desk, json_of, long)
            .await
            .refuses(413, "RequestTooLarge")
    );
    let body = request("sensor-1", &token, &key).to_string();
    assert!(
        !post(&desk, "text/plain", body)
            .await
            .refuses(415, "ContentTypeUnsupported")
    );

    // 409: imported for another way in.
    desk.stack
        .import_for("sensor-3", Ways::Only(WayIn::Claim))
        .await;
    let other = desk.token("sensor-3", Opens::Certificate).await;
    assert!(
        !desk
            .vend("sensor-3", &other, &key)
            .await
            .refuses(409, "SerialUnknown")
    );

    // 429: too often, while the right token still opens.
    let mut refused = 0;
    for _ in 0..8 {
        let answer = desk.vend("sensor-1", "wrong", &key).await;
        if answer.status == 429 {
            assert!(answer.refuses(429, "Throttled"));
            refused += 1;
        }
    }
    assert!(refused > 0, "nobody is throttled");
    assert_eq!(desk.stack.certificates().await, Vec::<String>::new());
    assert_eq!(desk.vend("sensor-1", &token, &key).await.status, 200);

    // 500: the cloud's side fails, nothing is left, and the same request works when it works again.
    let token = desk.token("sensor-4", Opens::Certificate).await;
    registrar_has(&desk, "none").await;
    let answer = desk.vend("sensor-4", &token, &key).await;
    assert!(answer.refuses(500, "ProvisioningFailed"));
    assert_eq!(desk.stack.certificates().await.len(), 1);
    assert_eq!(desk.held("sensor-4").await, None);
    registrar_has(&desk, "365").await;
    assert_eq!(desk.vend("sensor-4", &token, &key).await.status, 200);
}

/// `identity-registrar` needs a number here.
async fn registrar_has(desk: &Desk, rotation_age: &str) {
    let variable = ("ROTATION_AGE_DAYS", rotation_age);
    desk.stack
        .set_variable("IdentityRegistrarFunction", variable)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_asks_all_the_time_is_told_to_wait() {
    let desk = Desk::with(&[("VendingRequestsPerSource", "5")]).await;
    let mut answers = Vec::new();
    // In two minutes at most.
    for _ in 0..11 {
        answers.push(desk.getcert("nobody", "wrong").await);
    }
    assert!(!answers[0].refuses(401, "TokenRefused"));
    let throttled = answers.iter().filter(|answer| answer.status == 429);
    for one in throttled.clone() {
        assert!(one.refuses(429, "Throttled"));
    }
    assert!(throttled.count() >= 1);
}
