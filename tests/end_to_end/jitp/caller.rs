//! Whoever asks for devices' certificates.

use crate::jitr::device::Device;
use crate::support::{Failed, Stack, invoke};
use muster_pki::DeviceKey;
use serde_json::{Value, json};

/// Registers a CA; gives its id.
pub async fn register(stack: &Stack, body: Value) -> String {
    let answer = invoke(stack, "CaRegistratorFunction", &json!({ "body": body })).await;
    answer.unwrap()["certificateId"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Asks for a certificate.
pub async fn ask(stack: &Stack, body: Value) -> Result<Value, Failed> {
    let event = json!({ "body": body });
    invoke(stack, "DeviceCertificateGeneratorFunction", &event).await
}

/// Asks for a certificate of this name for a key.
pub async fn ask_for(
    stack: &Stack,
    ca: &str,
    name: &str,
    key: &DeviceKey,
) -> Result<Value, Failed> {
    let body = json!({
        "caCertificateId": ca, "csrSubjects": { "commonName": name }, "csr": key.csr("any").unwrap().pem(),
    });
    ask(stack, body).await
}

/// A device with a new key, and the certificate for it.
pub async fn device(stack: &Stack, ca: &str, name: &str) -> Device {
    let key = DeviceKey::generate().unwrap();
    let answer = ask_for(stack, ca, name, &key).await.unwrap();
    with(&answer, key)
}

/// The device that an answer is for.
pub fn with(answer: &Value, key: DeviceKey) -> Device {
    let name = answer["device"]["thingName"].as_str().unwrap();
    let chain = answer["certificates"]["certificate"].as_str().unwrap();
    let device = Device::with_chain(name, chain, key);
    assert_eq!(
        answer["certificates"]["certificateId"],
        device.certificate_id.as_str()
    );
    device
}
