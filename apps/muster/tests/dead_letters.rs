//! `muster dlq`, against the deployed template.

use muster::local::{Checkout, LocalStack, StackDirectory, StackOptions, StackState};
use muster::target::Target;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs `muster` as it is run against a stack on AWS; its account is the emulator.
fn muster(state: &StackState, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_muster"))
        .arg("dlq")
        .args(arguments)
        .envs(state.environment())
        .env("MUSTER_STACK", &state.stack_name)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// What it says on standard output; it has to succeed.
fn said(state: &StackState, arguments: &[&str]) -> String {
    let output = muster(state, arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments:?}: {text}{errors}");
    text
}

fn json_of(state: &StackState, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--json"]].concat();
    serde_json::from_str(&said(state, &arguments)).unwrap()
}

/// What it says on both; it has to fail.
fn failed(state: &StackState, arguments: &[&str]) -> String {
    let output = muster(state, arguments);
    assert!(!output.status.success(), "{arguments:?}");
    [output.stdout, output.stderr]
        .map(|bytes| String::from_utf8(bytes).unwrap())
        .concat()
}

/// What `list` says of a queue.
fn listed(state: &StackState, queue: &str) -> Value {
    let all = json_of(state, &["list"]);
    let all = all["queues"].as_array().unwrap();
    assert_eq!(all.len(), 5);
    let mut found = all.iter().filter(|one| one["queue"] == queue);
    found.next().unwrap().clone()
}

/// Puts messages into the dead-letter queue of connections.
async fn put(target: &Target, bodies: &[&str]) {
    let sqs = aws_sdk_sqs::Client::new(&target.cloud.config);
    let url = target.output("ConnectionDeadLetterQueueUrl").unwrap();
    for body in bodies {
        let sent = sqs.send_message().queue_url(url).message_body(*body);
        sent.send().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_listed_shown_put_back_and_dropped() {
    let checkout = Checkout::above(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let directory = StackDirectory::private(&checkout).unwrap();
    let options = StackOptions::new(&checkout);
    let stack = LocalStack::start(&checkout, directory, &options, &|_| {});
    let stack = stack.await.unwrap();
    let state = stack.state();
    let target = Target::local(state);

    let empty = listed(state, "connection");
    assert_eq!(empty["depth"], json!({ "visible": 0, "hidden": 0 }));
    assert_eq!(empty["source"], "ConnectionQueue");
    let alarm = empty["alarm"].as_str().unwrap();
    assert!(alarm.contains("ConnectionDeadLetterAlarm"), "{alarm}");
    assert_eq!(
        said(state, &["show", "connection"]),
        "nothing is in connection\n"
    );
    let none = said(state, &["redrive", "connection", "--all"]);
    assert_eq!(none, "nothing is put back into ConnectionQueue\n");
    let wrong = failed(state, &["show", "connections"]);
    assert!(
        wrong.contains("claim-request") && wrong.contains("registry"),
        "{wrong}"
    );

    let broken = r#"{"clientId": "sensor-2", "token": "7QX2"#;
    let good = r#"{"clientId": "sensor-1", "principalIdentifier": "ab"}"#;
    put(&target, &[good, broken]).await;
    let full = listed(state, "connection");
    assert_eq!(full["depth"]["visible"], 2);
    assert_eq!(full["oldest"]["exact"], true);
    let text = said(state, &["list"]);
    assert!(text.contains("muster dlq show connection"), "{text}");
    let text = said(state, &["show", "connection"]);
    assert!(text.contains("a connection of sensor-1"), "{text}");
    assert!(!text.contains("7QX2"), "no secret: {text}");
    let text = said(state, &["show", "connection", "--serial", "sensor-9"]);
    assert!(text.starts_with("no message of sensor-9"), "{text}");

    let text = failed(state, &["redrive", "connection", "--all"]);
    assert!(text.contains("1 message is put back"), "{text}");
    assert!(text.contains("no function can read it"), "{text}");
    let text = failed(state, &["redrive", "connection", "--serial", "sensor-1"]);
    assert!(text.contains("no message of sensor-1"), "{text}");

    let text = failed(state, &["drop", "connection", "--all"]);
    assert!(
        text.contains("about 1?") && text.contains("--yes"),
        "{text}"
    );
    assert_eq!(listed(state, "connection")["depth"]["visible"], 1);
    let line = said(state, &["drop", "connection", "--all", "--yes"]);
    let dropped: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(dropped["body"], broken, "whole: it is nowhere else");
    assert_eq!(listed(state, "connection")["depth"]["visible"], 0);
    assert_eq!(said(state, &["drop", "connection", "--all", "--yes"]), "");
}
