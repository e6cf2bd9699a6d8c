//! What an operator counts: metrics in the functions' log, as CloudWatch reads them, and whose device each line is about.

use crate::support::{Stack, wait_until};
use crate::vending::desk::Desk;
use edge_client::Mode;
use muster_onboarding::tokens::Opens;
use muster_pki::DeviceKey;
use serde_json::{Value, json};

/// The lines of the functions' log.
pub async fn lines(stack: &Stack) -> Vec<Value> {
    let logs = aws_sdk_cloudwatchlogs::Client::new(&stack.target.cloud.config);
    let mut pages = logs
        .filter_log_events()
        .log_group_name(stack.output("LogGroupName"))
        .into_paginator()
        .send();
    let mut lines = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        let messages = page.events().iter().filter_map(|event| event.message());
        lines.extend(messages.filter_map(|line| serde_json::from_str(line).ok()));
    }
    lines
}

/// Whether a line has a value of a metric with these dimensions, and the stack's.
fn is_of(line: &Value, name: &str, dimensions: &[(&str, &str)]) -> bool {
    let directive = &line["_aws"]["CloudWatchMetrics"][0];
    let sets = directive["Dimensions"].as_array().into_iter().flatten();
    let most = sets.filter_map(Value::as_array).next_back();
    most.is_some_and(|names| names.len() == dimensions.len() + 1)
        && dimensions.iter().all(|(name, value)| line[*name] == *value)
        && line[name].is_u64()
}

/// The value of a metric with these dimensions, once a function has written it.
pub async fn metric(stack: &Stack, name: &'static str, dimensions: &[(&str, &str)]) -> u64 {
    wait_until(name, || async {
        let lines = lines(stack).await;
        let written = lines.iter().find(|line| is_of(line, name, dimensions));
        let written = written?;
        assert!(
            written["Stack"]
                .as_str()
                .is_some_and(|stack| !stack.is_empty())
        );
        written[name].as_u64()
    })
    .await
}

/// How often a metric with these dimensions has been written by now.
pub async fn times(stack: &Stack, name: &str, dimensions: &[(&str, &str)]) -> usize {
    let lines = lines(stack).await;
    let written = lines.iter().filter(|line| is_of(line, name, dimensions));
    written.count()
}

/// How many a function has counted at once under its own name, as soon as it has.
pub async fn counted(stack: &Stack, name: &'static str) -> u64 {
    wait_until(name, || async {
        let lines = lines(stack).await;
        let mut counts = lines.iter().filter(|line| {
            let directive = &line["_aws"]["CloudWatchMetrics"][0];
            directive["Dimensions"] == json!([["FunctionName"]])
        });
        counts.find_map(|line| line[name].as_u64())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_in_and_who_is_refused_is_counted_by_route_and_reason() {
    let desk = Desk::open().await;
    let token = desk.token("sensor-1", Opens::Certificate).await;
    let key = DeviceKey::generate().unwrap();
    desk.vend("sensor-1", &token, &key).await.certificate_id();
    let another = DeviceKey::generate().unwrap();
    desk.vend("sensor-1", &token, &another)
        .await
        .refuses(409, "TokenSpent");
    desk.vend("sensor-1", "not the token", &another)
        .await
        .refuses(401, "TokenRefused");

    let route = [("Route", "vending")];
    assert_eq!(metric(&desk.stack, "Provisioned", &route).await, 1);
    let took = metric(&desk.stack, "TimeToProvision", &route).await;
    assert!(took > 0, "it took {took} ms");
    // One by the workflow, of which the bus tells; one before there is an execution.
    for reason in ["TokenSpent", "TokenRefused"] {
        let refused = [("Route", "vending"), ("Reason", reason)];
        assert_eq!(metric(&desk.stack, "Refused", &refused).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_line_says_whose_device_and_which_execution_it_is_as_soon_as_that_is_known() {
    let desk = Desk::open().await;
    let token = desk.token("sensor-1", Opens::Certificate).await;
    let key = DeviceKey::generate().unwrap();
    desk.vend("sensor-1", "not the token", &key)
        .await
        .refuses(401, "TokenRefused");
    desk.vend("sensor-1", &token, &key).await.certificate_id();

    // One each of certificate-vendor, which refused and then gave, certificate-issuer, identity-registrar and event-meter.
    let said = wait_until("each function's last line", || async {
        let lines = lines(&desk.stack).await;
        let said: Vec<_> = lines
            .into_iter()
            .filter(|line| line["target"] == "muster")
            .collect();
        let ended = said.iter().filter(|line| line.get("calls").is_some());
        (ended.count() >= 5).then_some(said)
    })
    .await;

    for line in &said {
        let message = line["message"].as_str().unwrap_or_default();
        let execution = line["execution"].as_str();
        // The request is read after the first, and its token is looked at after the second.
        match message {
            "asked by a device" => assert_eq!(line["serial"], Value::Null, "{line}"),
            "asked" | "refused" => assert_eq!(execution, None, "{line}"),
            _ => assert!(
                execution.is_some_and(|name| name.starts_with("vend-")),
                "{line}"
            ),
        }
        if message != "asked by a device" {
            assert_eq!(line["serial"], "sensor-1", "{line}");
        }
        assert_ne!(message, "failed", "{line}");
    }
    let refused = said.iter().find(|line| line["message"] == "refused");
    assert_eq!(refused.unwrap()["code"], "TokenRefused");

    desk.stack.import("sensor-2").await;
    let came_in = desk.stack.provision("sensor-2", Mode::Chunked).await;
    came_in.unwrap();
    queues_and_tasks_say_whose_they_are(&desk.stack, "sensor-2").await;
}

/// The device has come in by `claim-provisioning`.
async fn queues_and_tasks_say_whose_they_are(stack: &Stack, serial: &str) {
    let said = wait_until("event-meter's line", || async {
        let lines = lines(stack).await;
        let of_its_execution = |line: &&Value| {
            let execution = line["execution"].as_str();
            execution.is_some_and(|name| name.starts_with(serial))
        };
        let said: Vec<_> = lines.iter().filter(of_its_execution).cloned().collect();
        let is_event_meters = |line: &Value| line["message"] == "done" && line["calls"] == "{}";
        said.iter().any(is_event_meters).then_some(said)
    })
    .await;
    let calls: String = said.iter().map(|line| line["calls"].to_string()).collect();
    for call in [
        "CreateCertificateFromCsr",
        "CreateThing",
        "Publish",
        "AttachPolicy",
    ] {
        assert!(calls.contains(call), "{call}: {said:?}");
    }
    for message in ["request taken", "acknowledgement taken"] {
        let taken = said.iter().find(|line| line["message"] == message);
        assert!(
            taken.is_some_and(|line| line["message_id"].is_string()),
            "{message}: {said:?}"
        );
    }
    for line in &said {
        assert_eq!(line["serial"], serial, "{line}");
    }
}
