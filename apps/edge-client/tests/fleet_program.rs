//! `edge-client fleet` as a person or a script meets it.

mod support;

use muster_documents::bundle::files;
use std::path::Path;
use std::process::Output;
use support::broker::{Broker, Script};
use support::fleet_cloud::{FleetCloud, Manner};
use tempfile::{TempDir, tempdir};
use tokio::process::Command;

async fn edge_client(folder: &Path, more: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edge-client"));
    command.arg("fleet").arg("--bundle").arg(folder).args(more);
    let environment = environment.iter().copied();
    command
        .env_clear()
        .envs(environment)
        .output()
        .await
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A cloud, and the bundle for a device.
async fn fleet(serial: &str, cloud: FleetCloud) -> (Broker<FleetCloud>, TempDir) {
    let script = Script {
        any_client_id: true,
        ..Script::default()
    };
    let broker = Broker::fleet(serial, cloud, script).await;
    let folder = tempdir().unwrap();
    broker.bundle(folder.path());
    (broker, folder)
}

#[tokio::test]
async fn a_person_reads_what_happened_and_no_secret() {
    let (broker, folder) = fleet("SN-1", FleetCloud::new("SN-1")).await;
    let output = edge_client(folder.path(), &[], &[("MUSTER_VOUCHER", "voucher-1")]).await;
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(said.starts_with(
        "connected with the claim certificate as SN-1\nasked for a certificate\ncertificate "
    ));
    assert!(
        said.contains("\nasked to be provisioned\nthe cloud says that SN-1 is provisioned\n"),
        "{said}"
    );
    assert!(said.contains("SN-1 has certificate"), "{said}");
    for secret in ["PRIVATE KEY", "voucher-1", "token-0"] {
        assert!(!said.contains(secret), "{said}");
    }
    assert!(output.stderr.is_empty());
    assert_eq!(broker.seen().cloud.registrations[0]["Voucher"], "voucher-1");
    let mut status = Command::new(env!("CARGO_BIN_EXE_edge-client"));
    let status = status
        .arg("status")
        .arg("--store")
        .arg(folder.path().join(files::CREDENTIALS));
    let held = text(&status.output().await.unwrap().stdout);
    assert!(
        held.ends_with("pending:  none\ndelivery: none under way\n"),
        "{held}"
    );
}

#[tokio::test]
async fn a_script_reads_each_step_and_the_outcome_as_json() {
    let (broker, folder) = fleet("SN-2", FleetCloud::new("SN-2")).await;
    let output = edge_client(folder.path(), &["--json"], &[]).await;
    let last = text(&output.stdout).lines().last().unwrap().to_owned();
    let outcome: serde_json::Value = serde_json::from_str(&last).unwrap();
    assert_eq!(
        (&outcome["event"], &outcome["thingName"]),
        (&"outcome".into(), &"SN-2".into())
    );
    assert_eq!(outcome["mode"], serde_json::Value::Null);
    assert_eq!(broker.seen().hellos, 1);
}

#[tokio::test]
async fn arguments_stand_in_place_of_what_the_bundle_says() {
    let cloud = FleetCloud {
        format: edge_client::Format::Cbor,
        ..FleetCloud::new("SN-3")
    };
    let (broker, folder) = fleet("SN-3", cloud).await;
    let machine = r#"{"serial_num": "SN-OTHER", "voucher": "voucher-of-the-bundle"}"#;
    std::fs::write(folder.path().join(files::MACHINE), machine).unwrap();
    let voucher = folder.path().join("voucher");
    std::fs::write(&voucher, "voucher-of-the-file\n").unwrap();
    let store = folder.path().join("store");
    let (voucher, store) = (voucher.to_str().unwrap(), store.to_str().unwrap());
    let more = [
        "--serial",
        "SN-3",
        "--client-id",
        "field-7",
        "--voucher-file",
        voucher,
        "--store",
        store,
        "--cbor",
    ];
    let output = edge_client(folder.path(), &more, &[]).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let seen = broker.seen();
    assert_eq!(seen.claim_client_ids, ["field-7"]);
    let told = serde_json::json!({
        "SerialNumber": "SN-3", "ModelType": "probe", "Voucher": "voucher-of-the-file",
    });
    assert_eq!(seen.cloud.registrations, [told]);
    assert!(Path::new(store).join("current.pem").exists());
    assert!(!folder.path().join(files::CREDENTIALS).exists());
}

#[tokio::test]
async fn the_voucher_of_the_bundle_is_told_where_no_other_is_given() {
    let (broker, folder) = fleet("SN-4", FleetCloud::new("SN-4")).await;
    let machine = r#"{"serial_num": "SN-4", "voucher": "voucher-of-the-bundle"}"#;
    std::fs::write(folder.path().join(files::MACHINE), machine).unwrap();
    edge_client(folder.path(), &[], &[]).await;
    let seen = broker.seen();
    assert_eq!(
        seen.cloud.registrations[0]["Voucher"],
        "voucher-of-the-bundle"
    );
}

#[tokio::test]
async fn a_refusal_for_good_ends_with_status_2_and_giving_up_with_status_3() {
    let cloud = FleetCloud {
        from_csr: Manner::Rejects(404, "NotFound"),
        rejections: vec![(403, "AccessDenied")],
        ..FleetCloud::new("SN-5")
    };
    let (_broker, folder) = fleet("SN-5", cloud).await;
    let output = edge_client(folder.path(), &[], &[]).await;
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(
        said.starts_with("edge-client: SN-5 was refused for good: AccessDenied. The cloud refused"),
        "{said}"
    );

    let cloud = FleetCloud {
        rejections: vec![(429, "Throttled"); 9],
        ..FleetCloud::new("SN-6")
    };
    let (_broker, folder) = fleet("SN-6", cloud).await;
    let output = edge_client(folder.path(), &["--give-up-after", "1"], &[]).await;
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output.stderr);
    assert!(
        said.contains("Throttled") && said.contains("run it again to go on from there"),
        "{said}"
    );
}

#[tokio::test]
async fn what_is_missing_or_wrong_in_a_bundle_is_named() {
    let (_broker, folder) = fleet("SN-7", FleetCloud::new("SN-7")).await;
    let named = async |file: &str, contents: Option<&str>| {
        let path = folder.path().join(file);
        let good = std::fs::read(&path).unwrap();
        match contents {
            None => std::fs::remove_file(&path).unwrap(),
            Some(contents) => std::fs::write(&path, contents).unwrap(),
        }
        let output = edge_client(folder.path(), &[], &[]).await;
        std::fs::write(&path, good).unwrap();
        assert_eq!(output.status.code(), Some(1), "{file}");
        let said = text(&output.stderr);
        assert!(said.contains(path.to_str().unwrap()), "{file}: {said}");
        said
    };
    let all = [
        files::CONFIGURATION,
        files::MACHINE,
        files::CLAIM_CERTIFICATE,
        files::CLAIM_PRIVATE_KEY,
        files::ROOT_CA,
    ];
    for file in all {
        let said = named(file, None).await;
        assert!(said.contains("can't be read"), "{said}");
        let said = named(file, Some("c2VjcmV0")).await;
        assert!(
            said.contains("can't be used") && !said.contains("c2VjcmV0"),
            "{said}"
        );
    }
    let voucher = folder.path().join("voucher");
    std::fs::write(&voucher, "\n").unwrap();
    let more = ["--voucher-file", voucher.to_str().unwrap()];
    let output = edge_client(folder.path(), &more, &[]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("voucher can't be used: it holds no voucher"));
    let said = named(files::CONFIGURATION, Some(r#"{"endpoint": "localhost"}"#)).await;
    assert!(said.contains("a field is missing"), "{said}");
    let said = named(files::ROOT_CA, Some("")).await;
    assert!(said.contains("it holds no certificate in PEM"), "{said}");
    let said = named(files::MACHINE, Some(r#"{"serial_num": ""}"#)).await;
    assert!(
        said.contains("fill in serial_num in machine_config.json"),
        "{said}"
    );
    let said = named(
        files::MACHINE,
        Some(r#"{"serial_num": 5, "voucher": "voucher-1"}"#),
    )
    .await;
    assert!(!said.contains("voucher-1"), "{said}");
}
