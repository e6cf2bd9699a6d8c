//! Devices with AWS's own device SDK.

use super::set_up;
use super::unpacked::Unpacked;
use crate::support::Stack;
use muster::local::{Checkout, Environment, find_python};
use muster_pki::DeviceKey;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// A Python with the SDK.
async fn python(checkout: &Checkout) -> PathBuf {
    let requirements = checkout.root().join("tests/device_sdk/requirements.txt");
    let python = find_python().unwrap();
    let environment = Environment::prepare(checkout, &requirements, &python, |_| {}).await;
    environment.unwrap().python()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_with_awss_own_sdk_is_provisioned_with_its_own_key_and_with_one_of_awss() {
    let checkout = Checkout::above(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let (stack, python) = tokio::join!(Stack::start(&[]), python(&checkout));
    let fleet = json!({ "templateName": "plant-7", "models": ["probe"] });
    let fleet = set_up(&stack, &fleet).await.unwrap();
    for (serial, own_key) in [("sensor-00001", true), ("sensor-00002", false)] {
        stack.import(serial).await;
        let unpacked = Unpacked::of(&stack, &fleet, Some("probe")).await;
        unpacked.fill_in(serial);
        let mut device = Command::new(&python);
        device
            .arg(checkout.root().join("tests/device_sdk/provision.py"))
            .arg(unpacked.folder());
        if own_key {
            let key = DeviceKey::generate().unwrap();
            let (csr_file, key_file) = (unpacked.path("own.csr.pem"), unpacked.path("own.key.pem"));
            std::fs::write(&csr_file, key.csr(serial).unwrap().pem()).unwrap();
            std::fs::write(&key_file, key.pem().expose_secret()).unwrap();
            device.args([csr_file, key_file]);
        }
        let output = device.kill_on_drop(true).output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            said,
            json!({ "thingName": serial, "acknowledged": "SUCCESS" })
        );
        let (device, _) = stack.show(serial).await;
        assert_eq!(device.unwrap().state, "provisioned");
    }
}
