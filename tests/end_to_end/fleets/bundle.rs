//! A bundle is all that a device needs.

use super::set_up;
use super::unpacked::Unpacked;
use crate::support::Stack;
use aws_sdk_iot::types::CertificateStatus;
use muster::local::{Checkout, Profile, build};
use muster_documents::ModelName;
use muster_documents::bundle::{edge_client_key, files};
use muster_onboarding::ports::FileStore;
use muster_onboarding::rotation::Day;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::process::Command;

/// The platform that the edge client of the test is for, whatever it is.
const PLATFORM: &str = "this-machine";

/// Puts the edge client into the vault, as `muster fleet client` does.
async fn put_edge_client(stack: &Stack) {
    let checkout = Checkout::above(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let built = build(&checkout, Profile::of_this_program(), [files::EDGE_CLIENT]);
    let program = std::fs::read(&built.await.unwrap()[files::EDGE_CLIENT]).unwrap();
    let key = edge_client_key(&ModelName::new(PLATFORM).unwrap());
    let files = stack.target.files().unwrap();
    files.keep_object(&key, program).await.unwrap();
}

/// The one command of its README, from elsewhere and with nothing in its environment.
async fn start(unpacked: &Unpacked) -> Output {
    let elsewhere = tempfile::tempdir().unwrap();
    Command::new("/bin/sh")
        .arg(unpacked.path(files::START))
        .arg("--json")
        .env_clear()
        .current_dir(elsewhere.path())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap()
}

/// The last line that the edge client said.
fn outcome(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(said.lines().last().unwrap()).unwrap()
}

fn today() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Day::of(i64::try_from(now.as_millis()).unwrap()).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_unpacked_in_an_empty_folder_provisions_a_device_with_one_command() {
    let stack = Stack::start(&[]).await;
    put_edge_client(&stack).await;
    let model = |name| json!({ "name": name, "platform": PLATFORM });
    let fleet = json!({ "templateName": "plant-7", "models": [model("probe"), model("gauge")] });
    let fleet = set_up(&stack, &fleet).await.unwrap();
    for (model, serial) in [("probe", "sensor-00001"), ("gauge", "sensor-00002")] {
        let unpacked = Unpacked::of(&stack, &fleet, Some(model)).await;
        let roots = CertificateDer::pem_file_iter(unpacked.path(files::ROOT_CA)).unwrap();
        assert_eq!(roots.map(Result::unwrap).count(), 1, "{model}");
        let key = std::fs::metadata(unpacked.path(files::CLAIM_PRIVATE_KEY)).unwrap();
        assert_eq!(key.permissions().mode() & 0o777, 0o600, "{model}");

        let nameless = start(&unpacked).await;
        assert_eq!(nameless.status.code(), Some(1), "{nameless:?}");
        let said = String::from_utf8_lossy(&nameless.stderr);
        assert!(
            said.contains("fill in serial_num in machine_config.json"),
            "{said}"
        );

        unpacked.fill_in(serial);
        stack.import(serial).await;
        let before = today();
        let first = outcome(&start(&unpacked).await);
        let days = before..=today();
        assert_eq!(first["thingName"], serial);
        let thing = stack.iot().describe_thing().thing_name(serial).send().await;
        let attributes = thing.unwrap().attributes.unwrap();
        assert_eq!(attributes["model_type"], model);
        assert!(
            days.contains(&attributes["cert_issuance"]),
            "{attributes:?}"
        );
        assert!(!attributes["version"].is_empty());
        works(&stack, serial, &first["certificateId"]).await;

        let known = stack.ledger().await.len();
        let second = outcome(&start(&unpacked).await);
        assert_eq!(second["certificateId"], first["certificateId"]);
        assert_eq!(second["requests"], 0);
        assert_eq!(stack.ledger().await.len(), known);
    }
}

/// A device's certificate is in force, its own and the ledger's.
async fn works(stack: &Stack, serial: &str, certificate_id: &Value) {
    let id = certificate_id.as_str().unwrap();
    let described = stack.iot().describe_certificate().certificate_id(id);
    let described = described.send().await.unwrap();
    let described = described.certificate_description.unwrap();
    assert_eq!(described.status(), Some(&CertificateStatus::Active));
    let things = stack.iot().list_principal_things();
    let things = things.principal(described.certificate_arn().unwrap());
    assert_eq!(things.send().await.unwrap().things(), [serial]);
    let (device, _) = stack.show(serial).await;
    assert_eq!(device.unwrap().state, "provisioned");
}
