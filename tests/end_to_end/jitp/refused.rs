//! What is asked for in vain: each with its reason, and nothing left of it.

use super::caller::{ask, ask_for, register};
use super::{ca, device};
use crate::support::{Authority, OURS, Stack, invoke};
use aws_sdk_iot::types::CaCertificateStatus;
use muster_pki::{CaCertificate, CaKey, CaSubject, DeviceKey, Validity};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_gets_its_reason_and_leaves_nothing() {
    let stack = Stack::start(&[]).await;
    let ca = ca(&stack).await;
    let csr = DeviceKey::generate().unwrap().csr("any").unwrap();
    let mut forged = csr.der().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    let forged = muster_pki::der_to_pem("CERTIFICATE REQUEST", &forged);
    let named = |name: &str| json!({ "commonName": name });
    let cases: Vec<(Value, &str)> = vec![
        (json!({}), "InputInvalid"),
        (json!("no JSON"), "InputInvalid"),
        (json!([]), "InputInvalid"),
        (json!({ "caCertificateId": "abc" }), "InputInvalid"),
        (
            json!({ "caCertificateId": "../../other/prefix".repeat(4) }),
            "InputInvalid",
        ),
        (
            json!({ "caCertificateId": ca, "privateKey": "x" }),
            "InputInvalid",
        ),
        (
            json!({ "caCertificateId": ca, "deviceInfo": [1] }),
            "InputInvalid",
        ),
        (
            json!({ "caCertificateId": ca, "deviceInfo": { "certificatePem": "x" } }),
            "InputInvalid",
        ),
        (json!({ "caCertificateId": ca, "csr": "" }), "CsrUnreadable"),
        (
            json!({ "caCertificateId": ca, "csr": "x".repeat(20_000) }),
            "CsrUnreadable",
        ),
        (
            json!({ "caCertificateId": ca, "csr": forged }),
            "CsrSignatureInvalid",
        ),
        (
            json!({ "caCertificateId": ca, "lifetimeDays": 0 }),
            "LifetimeInvalid",
        ),
        (
            json!({ "caCertificateId": ca, "lifetimeDays": -1 }),
            "LifetimeInvalid",
        ),
        (
            json!({ "caCertificateId": ca, "lifetimeDays": i64::MAX }),
            "LifetimeInvalid",
        ),
        (
            json!({ "caCertificateId": ca, "csrSubjects": named("*") }),
            "CommonNameMalformed",
        ),
        (
            json!({ "caCertificateId": ca, "csrSubjects": named("a/+/#") }),
            "CommonNameMalformed",
        ),
        (
            json!({ "caCertificateId": ca, "csrSubjects": named("ü") }),
            "CommonNameMalformed",
        ),
        (
            json!({ "caCertificateId": ca, "csrSubjects": named(&"x".repeat(65)) }),
            "SubjectInvalid",
        ),
        (
            json!({ "caCertificateId": ca, "csrSubjects": named(" ") }),
            "SubjectInvalid",
        ),
        (
            json!({ "caCertificateId": ca, "csrSubjects": { "countryName": "Taiwan" } }),
            "SubjectInvalid",
        ),
        (json!({ "caCertificateId": "0".repeat(64) }), "CaUnknown"),
    ];
    for (body, name) in cases {
        let error = ask(&stack, body.clone()).await.unwrap_err();
        assert_eq!(error.name, name, "{body}: {error:?}");
        assert!(
            !error.cause.contains("::") && !error.cause.contains(".rs"),
            "{error:?}"
        );
    }
    let left = stack.ledger().await;
    let devices = left
        .iter()
        .filter(|item| item["pk"].as_s().unwrap().starts_with("device#"));
    assert_eq!(devices.count(), 0, "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_ca_of_musters_that_is_in_force_and_whose_key_is_here_signs() {
    let stack = Stack::start(&[]).await;
    let key = DeviceKey::generate().unwrap();
    let foreign = Authority::register(&stack, &[]).await;
    let error = ask_for(&stack, &foreign.id, "sensor-00001", &key)
        .await
        .unwrap_err();
    assert_eq!(error.name, "CaUnknown", "{error:?}");
    let by_hand = Authority::register(&stack, &[OURS]).await;
    let error = ask_for(&stack, &by_hand.id, "sensor-00001", &key)
        .await
        .unwrap_err();
    assert_eq!(error.name, "CaKeyElsewhere", "{error:?}");

    let brought = CaKey::generate().unwrap();
    let subject = CaSubject {
        common_name: "a maker's CA".to_owned(),
        ..CaSubject::default()
    };
    let years = Validity {
        not_before_unix: 1_700_000_000,
        not_after_unix: 4_000_000_000,
    };
    let pem = CaCertificate::issue(&brought, &subject, years)
        .unwrap()
        .pem();
    let asked = json!({ "caCertificatePem": pem, "certificateMode": "SNI_ONLY", "route": "jitp" });
    let mut judged = asked.clone();
    judged["verifierName"] = "allow-list".into();
    let event = json!({ "body": judged });
    let error = invoke(&stack, "CaRegistratorFunction", &event)
        .await
        .unwrap_err();
    assert_eq!(error.name, "CaInvalid", "nobody would ask it: {error:?}");
    let brought = register(&stack, asked).await;
    let error = ask_for(&stack, &brought, "sensor-00001", &key)
        .await
        .unwrap_err();
    assert_eq!(error.name, "CaKeyElsewhere", "{error:?}");

    let disabled = ca(&stack).await;
    let update = stack
        .iot()
        .update_ca_certificate()
        .certificate_id(&disabled);
    let update = update.new_status(CaCertificateStatus::Inactive);
    update.send().await.unwrap();
    let error = ask_for(&stack, &disabled, "sensor-00001", &key)
        .await
        .unwrap_err();
    assert_eq!(error.name, "CaDisabled", "{error:?}");
    let (device, _) = stack.show("sensor-00001").await;
    assert!(device.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ca_that_was_disabled_admits_nobody_until_it_is_enabled_again() {
    let stack = Stack::start(&[]).await;
    let ca = ca(&stack).await;
    let handed_out = device(&stack, &ca, "sensor-00001").await;
    let authorities = stack.target.authorities();
    authorities.set_admitting(&ca, false).await.unwrap();
    for _ in 0..2 {
        handed_out.knocks(&stack).await;
    }
    assert_eq!(handed_out.status(&stack).await, None);
    assert!(stack.things().await.is_empty());
    authorities.set_admitting(&ca, true).await.unwrap();
    handed_out.knocks(&stack).await;
    assert!(handed_out.works(&stack).await);
}
