//! The program as a person or a script meets it.

mod support;

use std::path::Path;
use std::process::Output;
use support::broker::{Broker, Script};
use tempfile::tempdir;
use tokio::process::Command;

async fn edge_client(arguments: &[String]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edge-client"));
    command.args(arguments).env_clear().output().await.unwrap()
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn status(store: &Path, more: &str) -> String {
    let output = edge_client(&words(&format!(
        "status --store {} {more}",
        store.display()
    )))
    .await;
    assert!(output.status.success());
    text(&output.stdout)
}

#[tokio::test]
async fn a_person_reads_what_happened_and_no_key() {
    let broker = Broker::start("SN-1", Script::default()).await;
    let folder = tempdir().unwrap();
    let output = edge_client(&broker.arguments(folder.path())).await;
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(
        said.starts_with("connected with the claim certificate as SN-1\nasked for a certificate\n")
    );
    assert!(said.contains("SN-1 has certificate"), "{said}");
    assert!(
        said.contains(&format!("{} packets down", broker.seen().sent.len())),
        "{said}"
    );
    assert!(!said.contains("PRIVATE KEY") && output.stderr.is_empty());
    let held = status(&folder.path().join("store"), "").await;
    let certificate = muster_pki::certificate_id(&broker.seen().cloud.issued[0].der);
    assert!(
        held.starts_with(&format!("current:  {certificate} (SN-1, valid for ")),
        "{held}"
    );
    assert!(
        held.ends_with("pending:  none\ndelivery: none under way\n"),
        "{held}"
    );
}

#[tokio::test]
async fn a_script_reads_each_step_and_the_outcome_as_json() {
    let broker = Broker::start("SN-2", Script::default()).await;
    let folder = tempdir().unwrap();
    let mut arguments = broker.arguments(folder.path());
    arguments.push("--json".into());
    let output = edge_client(&arguments).await;
    let lines: Vec<serde_json::Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        lines[1],
        serde_json::json!({ "event": "requested", "attempt": 1 })
    );
    let outcome = lines.last().unwrap();
    assert_eq!(outcome["event"], "outcome");
    assert_eq!(outcome["mode"], "chunked");
    assert!(outcome["latencyMilliseconds"].is_u64());
    assert!(outcome["traffic"]["largestPacket"].as_u64().unwrap() <= 256);
    let held = status(&folder.path().join("store"), "--json").await;
    let held: serde_json::Value = serde_json::from_str(&held).unwrap();
    assert_eq!(held["current"]["certificateId"], outcome["certificateId"]);
}

#[tokio::test]
async fn a_refusal_for_good_ends_with_status_2_and_says_why() {
    let broker = Broker::start("SN-3", Script::default()).await;
    broker
        .seen()
        .cloud
        .refusals
        .push(muster_documents::RefusalCode::SerialUnknown);
    let folder = tempdir().unwrap();
    let output = edge_client(&broker.arguments(folder.path())).await;
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert_eq!(
        said,
        "edge-client: SN-3 was refused for good: SerialUnknown. No.\n"
    );
}

#[tokio::test]
async fn giving_up_for_now_ends_with_status_3_and_what_to_do() {
    let broker = Broker::start("SN-4", Script::default()).await;
    let folder = tempdir().unwrap();
    let mut arguments = broker.arguments(folder.path());
    let port = arguments
        .iter()
        .position(|argument| argument == "--port")
        .unwrap()
        + 1;
    // Port 1 is reserved and nobody listens there.
    arguments[port] = "1".into();
    arguments.extend(words("--give-up-after 1"));
    let output = edge_client(&arguments).await;
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output.stderr);
    assert!(
        said.contains("SN-4 gave up for now: the endpoint can't be reached"),
        "{said}"
    );
    assert!(said.contains("run it again to go on from there"), "{said}");
    let held = status(&folder.path().join("store"), "").await;
    assert!(
        held.contains("delivery: asked for, nothing has come"),
        "{held}"
    );
}

#[tokio::test]
async fn wrong_arguments_and_files_end_with_status_1_and_name_what_is_wrong() {
    let broker = Broker::start("SN-5", Script::default()).await;
    let folder = tempdir().unwrap();
    let good = broker.arguments(folder.path());
    for (name, value, expected) in [
        ("--client-id", "a/b", "the client id \"a/b\" can't be used"),
        (
            "--ca",
            "/nowhere/ca.pem",
            "/nowhere/ca.pem can't be read: No such file",
        ),
        ("--port", "99999", "99999"),
    ] {
        let mut arguments = good.clone();
        let place = arguments
            .iter()
            .position(|argument| argument == name)
            .unwrap()
            + 1;
        arguments[place] = value.into();
        let output = edge_client(&arguments).await;
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(
            text(&output.stderr).contains(expected),
            "{name}: {}",
            text(&output.stderr)
        );
    }
    let key = folder.path().join("claim.key");
    std::fs::write(
        &key,
        "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n",
    )
    .unwrap();
    let output = edge_client(&good).await;
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(
        said.contains("no TLS connection is possible with the claim certificate"),
        "{said}"
    );
    assert!(
        !said.contains("c2VjcmV0") && !said.contains("secret"),
        "{said}"
    );
}

#[tokio::test]
async fn the_help_names_the_environment_and_the_exit_statuses() {
    let output = edge_client(&words("provision --help")).await;
    assert_eq!(output.status.code(), Some(0));
    let said = text(&output.stdout);
    for name in [
        "MUSTER_ENDPOINT",
        "MUSTER_CLAIM_KEY",
        "MUSTER_STORE",
        "2 refused for good",
    ] {
        assert!(said.contains(name), "{name}: {said}");
    }
}
