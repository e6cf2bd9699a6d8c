//! Certificate authorities: registered with all that belongs to them, or not at all.

pub mod brought;
pub mod failing;
mod refused;
pub mod vault;

use crate::support::{Failed, Secret, Stack, invoke, places};
use aws_sdk_iot::types::{AutoRegistrationStatus, CaCertificateStatus, CertificateMode};
use muster_pki::{CaCertificate, read_certificate};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use vault::{ca_key, vault};

pub const VERIFIERS: (&str, &str) = ("VerifierNames", "allow-list,second");

/// Calls `ca-registrator`.
async fn register(stack: &Stack, body: Value) -> Result<Value, Failed> {
    invoke(stack, "CaRegistratorFunction", &json!({ "body": body })).await
}

/// The ids of all CAs.
pub async fn authorities(stack: &Stack) -> Vec<String> {
    let listed = stack.iot().list_ca_certificates().send().await.unwrap();
    let listed = listed.certificates().iter();
    listed
        .map(|ca| ca.certificate_id().unwrap().to_owned())
        .collect()
}

async fn tags(stack: &Stack, arn: &str) -> BTreeMap<String, String> {
    let listed = stack.iot().list_tags_for_resource().resource_arn(arn);
    let listed = listed.send().await.unwrap();
    let tags = listed.tags().iter();
    tags.map(|tag| {
        (
            tag.key().to_owned(),
            tag.value().unwrap_or_default().to_owned(),
        )
    })
    .collect()
}

/// The CA is active with auto-registration; gives its certificate.
pub async fn admits_devices(stack: &Stack, answer: &Value, mode: CertificateMode) -> CaCertificate {
    let id = answer["certificateId"].as_str().unwrap();
    let described = stack.iot().describe_ca_certificate().certificate_id(id);
    let described = described.send().await.unwrap();
    let ca = described.certificate_description().unwrap();
    assert_eq!(ca.certificate_arn(), answer["certificateArn"].as_str());
    assert_eq!(ca.status(), Some(&CaCertificateStatus::Active));
    assert_eq!(
        ca.auto_registration_status(),
        Some(&AutoRegistrationStatus::Enable)
    );
    assert_eq!(ca.certificate_mode(), Some(&mode));
    CaCertificate::parse_pem(ca.certificate_pem().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ca_that_is_made_admits_devices_and_its_private_key_is_nowhere_in_clear() {
    let stack = Stack::start(&[VERIFIERS, ("VaultPrefix", "my/ca")]).await;
    let subjects = json!({
        "commonName": "Plant 7", "countryName": "TW", "stateName": "", "organizationName": "Soft Chef",
    });
    let asked =
        json!({ "csrSubjects": subjects, "verifierName": "allow-list", "lifetimeDays": 30 });
    let answer = register(&stack, asked).await.unwrap();

    let ca = admits_devices(&stack, &answer, CertificateMode::Default).await;
    let summary = read_certificate(ca.der()).unwrap();
    assert_eq!(summary.common_name.as_deref(), Some("Plant 7"));
    let seconds = summary.not_after_unix - summary.not_before_unix;
    assert!((30..31).contains(&(seconds / 86_400)), "{seconds} s");
    let arn = answer["certificateArn"].as_str().unwrap();
    let expected = [("madeBy", "muster"), ("verifierName", "allow-list")];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(tags(&stack, arn).await, BTreeMap::from(expected));

    let files = vault(&stack).await;
    let id = answer["certificateId"].as_str().unwrap();
    let names: Vec<_> = files.keys().cloned().collect();
    let all = [
        "ca.cert.pem",
        "ca.json",
        "ca.private_key.enc",
        "ca.public_key.pem",
    ];
    assert_eq!(names, all.map(|name| format!("my/ca/{id}/{name}")));
    let file = |name: &str| &files[&format!("my/ca/{id}/{name}")];
    assert_eq!(file("ca.cert.pem"), ca.pem().as_bytes());
    assert_eq!(file("ca.public_key.pem"), ca.public_key_pem().as_bytes());
    let record: Value = serde_json::from_slice(file("ca.json")).unwrap();
    assert_eq!(record["certificateId"], id);
    assert_eq!(record["certificateArn"], arn);
    assert_eq!(record["verifierName"], "allow-list");
    let age = summary.not_before_unix + 300 - record["createdAt"].as_i64().unwrap();
    assert_eq!(age, 0, "it was made when its record says");

    // What the ciphertext opens to is the CA's key, and only for its own serial number.
    let sealed = file("ca.private_key.enc");
    let (key, pem) = ca_key(&stack, sealed, &summary.serial.to_string())
        .await
        .unwrap();
    assert!(ca.key_matches(&key));
    assert!(ca_key(&stack, sealed, "00").await.is_none());
    let secrets = [
        Secret::words("PRIVATE KEY"),
        Secret::key("the CA's key", &pem),
    ];
    stack.settled().await;
    let mut held = places(&stack).await;
    held.extend(files.values().map(|bytes| ("the vault", bytes.clone())));
    held.push(("the answer", answer.to_string().into_bytes()));
    for (place, bytes) in &held {
        for secret in &secrets {
            assert!(!secret.is_in(bytes), "{} is in {place}", secret.name());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ca_has_what_is_left_out_from_its_account_and_is_rsa_or_found_by_sni_where_asked() {
    let stack = Stack::start(&[]).await;
    let code = stack.iot().get_registration_code().send().await.unwrap();
    let code = code.registration_code().unwrap();
    // A REST API sends the body as text.
    let event = json!({ "body": "{}", "httpMethod": "POST" });
    let plain = invoke(&stack, "CaRegistratorFunction", &event)
        .await
        .unwrap();
    let ca = admits_devices(&stack, &plain, CertificateMode::Default).await;
    let summary = read_certificate(ca.der()).unwrap();
    assert_eq!(summary.common_name.as_deref(), Some(code));
    let tags = tags(&stack, plain["certificateArn"].as_str().unwrap()).await;
    assert_eq!(tags.keys().collect::<Vec<_>>(), ["madeBy"]);

    let asked = json!({ "keyType": "RSA_2048", "certificateMode": "SNI_ONLY", "verifierName": "" });
    let rsa = register(&stack, asked).await.unwrap();
    let ca = admits_devices(&stack, &rsa, CertificateMode::SniOnly).await;
    assert!(
        ca.public_key_pem().len() > 400,
        "an RSA key, which is long: {}",
        ca.public_key_pem()
    );
    let files = vault(&stack).await;
    assert_eq!(files.len(), 8, "four files for each: {:?}", files.keys());
}
