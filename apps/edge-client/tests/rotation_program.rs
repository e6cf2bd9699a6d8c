//! `--rotate` and `--stay` as a person or a script meets them.

mod support;

use muster_documents::bundle::files;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;
use support::broker::{Broker, Script};
use support::rotation_cloud::{Kind, RotationCloud};
use tempfile::{TempDir, tempdir};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// A device with a certificate that is to be replaced, and what its program is told.
struct Device {
    broker: Broker<RotationCloud>,
    _folder: TempDir,
    arguments: Vec<String>,
    store: PathBuf,
}

impl Device {
    async fn new(kind: Kind) -> Self {
        let broker = Broker::rotating(kind, Script::default()).await;
        let folder = tempdir().unwrap();
        let (arguments, store) = match kind {
            Kind::Chunked => (broker.arguments(folder.path()), folder.path().join("store")),
            Kind::Fleet => {
                broker.bundle(folder.path());
                let bundle = folder.path().to_str().unwrap();
                let arguments = ["fleet", "--bundle", bundle].map(str::to_owned);
                (arguments.into(), folder.path().join(files::CREDENTIALS))
            }
        };
        broker.give_current(&store);
        Self {
            broker,
            _folder: folder,
            arguments,
            store,
        }
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_edge-client"));
        command.args(&self.arguments).args(more).env_clear();
        command
    }

    async fn run(&self, more: &[&str]) -> Output {
        self.command(more).output().await.unwrap()
    }

    async fn status(&self, more: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_edge-client"));
        let command = command.arg("status").arg("--store").arg(&self.store);
        text(&command.args(more).output().await.unwrap().stdout)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_person_reads_which_certificate_has_taken_the_place_of_which() {
    for kind in [Kind::Chunked, Kind::Fleet] {
        let device = Device::new(kind).await;
        let output = device.run(&["--rotate"]).await;
        let said = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(said.starts_with("begins to replace certificate "), "{said}");
        assert!(said.contains(" has taken the place of "), "{said}");
        assert!(said.contains("SN-1 has certificate "), "{said}");
        for secret in ["PRIVATE KEY", "token-0"] {
            assert!(!said.contains(secret), "{said}");
        }
    }
}

#[tokio::test]
async fn a_script_reads_each_step_of_a_rotation_as_json() {
    let device = Device::new(Kind::Fleet).await;
    let output = device.run(&["--rotate", "--json"]).await;
    let said = text(&output.stdout);
    let lines: Vec<serde_json::Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["event"], "rotationStarted");
    let [.., rotated, outcome] = &lines[..] else {
        panic!("{said}")
    };
    assert_eq!(rotated["event"], "rotated");
    assert_eq!(rotated["replaced"], lines[0]["certificateId"]);
    assert_eq!(outcome["event"], "outcome");
    assert_eq!(outcome["certificateId"], rotated["certificateId"]);
}

#[tokio::test]
async fn without_a_certificate_the_status_is_1_and_refused_it_is_2_and_giving_up_it_is_3() {
    let device = Device::new(Kind::Fleet).await;
    device.broker.seen().cloud.due = false;
    let refused = device.run(&["--rotate"]).await;
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    assert!(
        said.contains("SN-1 was refused for good: AccessDenied."),
        "{said}"
    );
    assert!(
        device
            .status(&[])
            .await
            .ends_with("pending:  none\ndelivery: none under way\n")
    );

    let device = Device::new(Kind::Fleet).await;
    device.broker.seen().cloud.rejections = vec![(429, "Throttled"); 9];
    let put_off = device.run(&["--rotate", "--give-up-after", "1"]).await;
    assert_eq!(put_off.status.code(), Some(3));
    let held = device.status(&[]).await;
    assert!(
        held.contains("has come and is to be provisioned, to replace "),
        "{held}"
    );
    let held: serde_json::Value = serde_json::from_str(&device.status(&["--json"]).await).unwrap();
    assert_eq!(
        held["delivery"]["replaces"],
        held["current"]["certificateId"]
    );

    std::fs::remove_file(device.store.join("current.pem")).unwrap();
    let nothing = device.run(&["--rotate"]).await;
    assert_eq!(nothing.status.code(), Some(1));
    let said = text(&nothing.stderr);
    assert!(said.contains("holds no certificate to rotate"), "{said}");
}

/// Waits for a line with this in it.
async fn reads(lines: &mut (impl AsyncBufReadExt + Unpin), expected: &str) -> String {
    let reading = async {
        let mut line = String::new();
        while !line.contains(expected) {
            line.clear();
            assert_ne!(
                lines.read_line(&mut line).await.unwrap(),
                0,
                "no {expected}"
            );
        }
        line
    };
    let read = timeout(Duration::from_secs(30), reading).await;
    read.unwrap_or_else(|_| panic!("no {expected}"))
}

async fn signal(child: &Child, name: &str) {
    let pid = child.id().unwrap().to_string();
    let killed = Command::new("kill").args(["-s", name, &pid]).status().await;
    assert!(killed.unwrap().success());
}

#[cfg(unix)]
#[tokio::test]
async fn a_device_that_stays_says_what_it_does_and_ends_when_it_is_told_to() {
    for (kind, name) in [(Kind::Chunked, "TERM"), (Kind::Fleet, "INT")] {
        let device = Device::new(kind).await;
        let alert = RotationCloud::alert_message().1;
        device.broker.seen().alerts.push_back(vec![alert]);
        let mut command = device.command(&["--stay"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        reads(&mut lines, "waits for alerts on cmd/SN-1/alerts").await;
        let asked = reads(&mut lines, "the cloud asks").await;
        assert_eq!(
            asked,
            "the cloud asks for another certificate by 20261206 (14 days left)\n"
        );
        reads(&mut lines, "has taken the place of").await;
        reads(&mut lines, "waits for alerts").await;
        signal(&child, name).await;
        let status = timeout(Duration::from_secs(10), child.wait()).await;
        assert_eq!(status.expect("it ends").unwrap().code(), Some(0));
        let mut rest = String::new();
        lines.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "stopped\n");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_device_that_stays_can_be_told_to_end_while_it_rotates_and_goes_on_then() {
    let device = Device::new(Kind::Fleet).await;
    device
        .broker
        .seen()
        .alerts
        .push_back(vec![RotationCloud::alert_message().1]);
    device.broker.seen().cloud.rejections = vec![(503, "ServiceUnavailable"); 99];
    let mut command = device.command(&["--stay", "--json"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    reads(&mut lines, "registrationRequested").await;
    signal(&child, "TERM").await;
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
    device.broker.seen().cloud.rejections.clear();
    let mut child = device
        .command(&["--stay", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    reads(&mut lines, "\"event\":\"rotated\"").await;
    reads(&mut lines, "\"event\":\"waitingForAlerts\"").await;
    signal(&child, "TERM").await;
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
    assert_eq!(
        reads(&mut lines, "stopped").await,
        "{\"event\":\"stopped\"}\n"
    );
    assert_eq!(device.broker.seen().cloud.requests, 1);
}

#[tokio::test]
async fn what_does_not_go_together_is_named() {
    let device = Device::new(Kind::Chunked).await;
    for more in [
        ["--rotate", "--stay"],
        ["--rotate", "--legacy"],
        ["--stay", "--legacy"],
    ] {
        let output = device.run(&more).await;
        assert_eq!(output.status.code(), Some(1));
        let said = text(&output.stderr);
        assert!(
            more.iter().all(|argument| said.contains(argument)),
            "{said}"
        );
    }
}

#[tokio::test]
async fn the_prefix_of_rotations_topics_can_be_set() {
    let device = Device::new(Kind::Chunked).await;
    let seen = |output: &Output| text(&output.stdout) + &text(&output.stderr);
    let output = device
        .run(&["--rotate", "--rotation-prefix", "rotate"])
        .await;
    assert_eq!(output.status.code(), Some(0), "{}", seen(&output));
    let long = "p".repeat(200);
    let output = device.run(&["--rotate", "--rotation-prefix", &long]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(
        seen(&output).contains(&format!("{long}/SN-1/accepted")),
        "{}",
        seen(&output)
    );
}

#[tokio::test]
async fn the_help_says_what_rotation_is() {
    for command in ["provision", "fleet"] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_edge-client"));
        let output = program.args([command, "--help"]).output().await.unwrap();
        let said = text(&output.stdout);
        for text in [
            "--rotate",
            "--stay",
            "cmd/<serial>/alerts",
            "SIGTERM",
            "2 refused for good",
        ] {
            assert!(said.contains(text), "{text}: {said}");
        }
    }
}
