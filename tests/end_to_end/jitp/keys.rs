//! Keys that are made for devices which can make none.

use super::ca;
use super::caller::{ask, with};
use crate::support::{Secret, Stack, places};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::DhP256HkdfSha256 as Kem;
use hpke::{Deserializable, OpModeR, Serializable, single_shot_open};
use muster_documents::ENCRYPTION_INFO;
use muster_pki::DeviceKey;
use secrecy::SecretString;
use serde_json::{Value, json};

/// What stands before an uncompressed point in the DER of a public key on P-256 (RFC 5480).
const P256: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200";

/// A pair for encryption: the private part, and the public one as a caller sends it.
fn reader() -> (<Kem as hpke::Kem>::PrivateKey, String) {
    let (private, public) = <Kem as hpke::Kem>::gen_keypair();
    let der = [hex::decode(P256).unwrap(), public.to_bytes().to_vec()].concat();
    (private, muster_pki::der_to_pem("PUBLIC KEY", &der))
}

fn decoded(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}

/// Neither the ledger nor a log, a queue or an event holds the key.
async fn is_nowhere(stack: &Stack, key: &str) {
    let secrets = [Secret::words("PRIVATE KEY"), Secret::key("the key", key)];
    for (place, bytes) in places(stack).await {
        for secret in &secrets {
            assert!(!secret.is_in(&bytes), "{} is in {place}", secret.name());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_made_is_in_the_answer_once_and_nowhere_else() {
    let stack = Stack::start(&[]).await;
    let ca = ca(&stack).await;
    let asked = json!({ "caCertificateId": ca, "csrSubjects": { "commonName": "sensor-00001" } });
    let answer = ask(&stack, asked.clone()).await.unwrap();
    let pem = answer["certificates"]["privateKey"].as_str().unwrap();
    let key = DeviceKey::from_pem(&SecretString::from(pem.to_owned())).unwrap();
    let device = with(&answer, key);
    device.knocks(&stack).await;
    assert!(device.works(&stack).await);

    let again = ask(&stack, asked).await.unwrap_err();
    assert_eq!(again.name, "AlreadyProvisioned", "{again:?}");
    assert!(device.works(&stack).await);
    is_nowhere(&stack, pem).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_encrypted_to_the_caller_where_that_is_asked_for() {
    let stack = Stack::start(&[]).await;
    let ca = ca(&stack).await;
    let (private, public) = reader();
    let asked = json!({
        "caCertificateId": ca, "csrSubjects": { "commonName": "sensor-00001" }, "encryptTo": { "publicKey": public },
    });
    let answer = ask(&stack, asked).await.unwrap();
    assert!(answer["certificates"]["privateKey"].is_null());
    let encrypted = &answer["certificates"]["encryptedPrivateKey"];
    let encapsulated = decoded(&encrypted["encapsulatedKey"]);
    let opened = single_shot_open::<AesGcm256, HkdfSha256, Kem>(
        &OpModeR::Base,
        &private,
        &<Kem as hpke::Kem>::EncappedKey::from_bytes(&encapsulated).unwrap(),
        ENCRYPTION_INFO.as_bytes(),
        &decoded(&encrypted["ciphertext"]),
        answer["certificates"]["certificateId"]
            .as_str()
            .unwrap()
            .as_bytes(),
    )
    .unwrap();
    let pem = String::from_utf8(opened).unwrap();
    let key = DeviceKey::from_pem(&SecretString::from(pem.clone())).unwrap();
    let device = with(&answer, key);
    device.knocks(&stack).await;
    assert!(device.works(&stack).await);
    is_nowhere(&stack, &pem).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_encrypted_to_leaves_the_name_free() {
    let stack = Stack::start(&[]).await;
    let ca = ca(&stack).await;
    let (_, public) = reader();
    let off_the_curve = muster_pki::der_to_pem(
        "PUBLIC KEY",
        &[hex::decode(P256).unwrap(), vec![4; 65]].concat(),
    );
    let subjects = json!({ "commonName": "sensor-00001" });
    for key in ["", "no PEM", off_the_curve.as_str()] {
        let asked = json!({ "caCertificateId": ca, "csrSubjects": subjects, "encryptTo": { "publicKey": key } });
        let error = ask(&stack, asked).await.unwrap_err();
        assert_eq!(error.name, "InputInvalid", "{error:?}");
    }
    let csr = DeviceKey::generate().unwrap().csr("any").unwrap().pem();
    let both = json!({
        "caCertificateId": ca, "csrSubjects": subjects, "csr": csr, "encryptTo": { "publicKey": public },
    });
    let error = ask(&stack, both).await.unwrap_err();
    assert!(error.cause.contains("encryptTo"), "{error:?}");
    let (device, timeline) = stack.show("sensor-00001").await;
    assert!(device.is_none() && timeline.is_empty());
}
