//! Bad input: each gets its error's name and a sentence, and leaves nothing.

use super::brought::{Operators, registration_code};
use super::{authorities, register, vault};
use crate::support::{Stack, invoke};
use muster_pki::DeviceKey;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

/// Request, the error's name, and what its sentence says.
type Bad = (Value, &'static str, &'static str);

fn about_a_ca_that_is_made() -> Vec<Bad> {
    let named = |field: &str, value: &str| json!({ "csrSubjects": { field: value } });
    vec![
        (
            named("commonName", &"x".repeat(65)),
            "SubjectInvalid",
            "has 65 characters",
        ),
        (
            named("commonName", "a\nb"),
            "SubjectInvalid",
            "control character",
        ),
        (named("commonName", " "), "SubjectInvalid", "is empty"),
        (
            named("countryName", "Taiwan"),
            "SubjectInvalid",
            "two letters",
        ),
        (
            named("organizationUnitName", &"x".repeat(65)),
            "SubjectInvalid",
            "organizational unit",
        ),
        (
            json!({ "lifetimeDays": 0 }),
            "LifetimeInvalid",
            "1 to 36500",
        ),
        (
            json!({ "lifetimeDays": 36_501 }),
            "LifetimeInvalid",
            "36501",
        ),
        (json!({ "lifetimeDays": -1 }), "LifetimeInvalid", "-1"),
        (
            json!({ "verifierName": "nobody" }),
            "VerifierUnknown",
            "allow-list, second",
        ),
        (
            json!({ "verificationCertificatePem": "x" }),
            "CaInvalid",
            "caCertificatePem",
        ),
        (
            json!({ "verifier": "x" }),
            "InputInvalid",
            "unknown field `verifier`",
        ),
        (
            json!({ "csrSubjects": { "cn": "x" } }),
            "InputInvalid",
            "unknown field `cn`",
        ),
        (
            json!({ "certificateMode": "SNI" }),
            "InputInvalid",
            "SNI_ONLY",
        ),
        (json!({ "keyType": "RSA_1024" }), "InputInvalid", "RSA_2048"),
        (
            json!({ "lifetimeDays": "30" }),
            "InputInvalid",
            "expected i64",
        ),
        (json!("no JSON"), "InputInvalid", "expected"),
        (Value::Null, "InputInvalid", "null"),
    ]
}

fn about_a_ca_that_is_brought(code: &str) -> Vec<Bad> {
    let (operators, stranger) = (Operators::new(86_400), Operators::new(86_400));
    let pem = operators.certificate.pem();
    let key = DeviceKey::generate().unwrap().pem();
    let with = |field: &str, value: Value| {
        let mut asked = operators.request(code);
        asked[field] = value;
        asked
    };
    vec![
        (
            json!({ "caCertificatePem": pem }),
            "CaInvalid",
            "needs verificationCertificatePem",
        ),
        (
            with("certificateMode", "SNI_ONLY".into()),
            "CaInvalid",
            "SNI_ONLY",
        ),
        (
            operators.request("not the code"),
            "CaInvalid",
            "iot:RegisterCACertificate",
        ),
        (
            with("verificationCertificatePem", stranger.proof(code).into()),
            "CaInvalid",
            "not signed by",
        ),
        (
            with("verificationCertificatePem", key.expose_secret().into()),
            "CaInvalid",
            "cannot be read",
        ),
        (
            with("caCertificatePem", key.expose_secret().into()),
            "CaInvalid",
            "cannot be read",
        ),
        (
            with("caCertificatePem", operators.proof(code).into()),
            "CaInvalid",
            "not a CA's",
        ),
        (
            with(
                "caCertificatePem",
                format!("{pem}{}", key.expose_secret()).into(),
            ),
            "CaInvalid",
            "2 PEM blocks",
        ),
        (with("lifetimeDays", 30.into()), "CaInvalid", "lifetimeDays"),
        (with("csrSubjects", json!({})), "CaInvalid", "csrSubjects"),
        (with("keyType", "RSA_2048".into()), "CaInvalid", "keyType"),
        (
            Operators::new(-3600).request(code),
            "CaInvalid",
            "has expired",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_asked_wrongly_is_refused_by_name_and_leaves_nothing() {
    let stack = Stack::start(&[super::VERIFIERS]).await;
    let code = registration_code(&stack).await;
    let mut bad = about_a_ca_that_is_made();
    bad.extend(about_a_ca_that_is_brought(&code));
    for (asked, name, said) in bad {
        let error = register(&stack, asked.clone()).await.expect_err(name);
        assert_eq!(error.name, name, "{asked}: {error:?}");
        assert!(error.cause.contains(said), "{asked}: {error:?}");
        assert!(
            !error.cause.contains("PRIVATE KEY"),
            "{name} repeats what it was given: {error:?}"
        );
    }
    let error = invoke(&stack, "CaRegistratorFunction", &json!({})).await;
    assert_eq!(error.unwrap_err().name, "InputInvalid", "no body at all");
    assert_eq!(authorities(&stack).await, Vec::<String>::new());
    assert!(vault(&stack).await.is_empty());
}
