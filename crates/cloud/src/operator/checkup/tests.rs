//! Against services that are played.

use super::*;
use crate::played::{play, play_json};
use serde_json::{Value, json};

/// As CBOR, which `CloudWatch` speaks.
fn cbor(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

fn quota(code: &str, name: &str, value: f64) -> Value {
    json!({ "QuotaCode": code, "QuotaName": name, "Value": value, "Adjustable": true })
}

#[tokio::test]
async fn alarms_are_asked_for_a_hundred_at_a_time_and_answered_in_pages() {
    let alarm = |name: &str| json!({ "AlarmName": name, "AlarmDescription": "docs/runbooks/A.md" });
    let answers = [
        json!({ "MetricAlarms": [alarm("a-1")], "NextToken": "more" }),
        json!({ "MetricAlarms": [{ "AlarmName": "a-2" }] }),
        json!({ "MetricAlarms": [alarm("a-3")] }),
    ];
    let answers = answers.iter().map(|answer| (200, cbor(answer)));
    let (cloud, asked) = play(answers.collect()).await;
    let names: Vec<_> = (0..101).map(|number| format!("a-{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let raised = Checkup::new(&cloud).raised(&names).await.unwrap();
    let found: Vec<_> = raised
        .iter()
        .map(|one| (one.name.as_str(), one.description.as_str()))
        .collect();
    let expected = [
        ("a-1", "docs/runbooks/A.md"),
        ("a-2", ""),
        ("a-3", "docs/runbooks/A.md"),
    ];
    assert_eq!(found, expected);
    let asked = asked.await.unwrap();
    let asked: Vec<Value> = asked
        .iter()
        .map(|body| ciborium::from_reader(&body[..]).unwrap())
        .collect();
    let names = asked
        .iter()
        .map(|one| one["AlarmNames"].as_array().unwrap());
    assert_eq!(names.map(Vec::len).collect::<Vec<_>>(), [100, 100, 1]);
    assert!(asked.iter().all(|one| one["StateValue"] == "ALARM"));
    assert_eq!(asked[1]["NextToken"], "more");
}

#[tokio::test]
async fn no_alarms_need_no_question() {
    let (cloud, asked) = play(Vec::new()).await;
    assert_eq!(Checkup::new(&cloud).raised(&[]).await.unwrap(), []);
    assert!(asked.await.unwrap().is_empty());
}

#[tokio::test]
async fn quotas_are_read_to_the_last_page_and_one_without_a_value_is_left_out() {
    let unsaid = json!({ "QuotaCode": "L-2", "QuotaName": "n", "ErrorReason": {} });
    let (cloud, asked) = play_json(vec![
        (
            200,
            json!({ "Quotas": [quota("L-1", "Concurrent executions", 10.0), unsaid], "NextToken": "more" }),
        ),
        (200, json!({ "Quotas": [quota("L-3", "Throttle rate", 5.5)] })),
    ])
    .await;
    let found = Checkup::new(&cloud).applied_quotas("lambda").await.unwrap();
    let codes: Vec<_> = found.iter().map(|one| (&*one.code, one.value)).collect();
    assert_eq!(codes, [("L-1", 10.0), ("L-3", 5.5)]);
    assert_eq!(found[0].name, "Concurrent executions");
    assert!(found[0].adjustable);
    let asked = asked.await.unwrap();
    assert_eq!(asked[0]["ServiceCode"], "lambda");
    assert_eq!(asked[1]["NextToken"], "more");
}

#[tokio::test]
async fn a_service_without_quotas_of_the_account_has_none_and_its_defaults_are_another_question() {
    let default = json!({ "Quotas": [quota("L-1", "Concurrent executions", 1000.0)] });
    let (cloud, _) = play_json(vec![(200, json!({ "Quotas": [] })), (200, default)]).await;
    let checkup = Checkup::new(&cloud);
    assert_eq!(checkup.applied_quotas("lambda").await.unwrap(), []);
    let found = checkup.default_quotas("lambda").await.unwrap();
    assert_eq!(found[0].value.to_string(), "1000");
}

#[tokio::test]
async fn a_service_that_has_no_quotas_in_a_region_has_none_to_judge() {
    let unknown = || (400, json!({ "__type": "NoSuchResourceException" }));
    let (cloud, _) = play_json(vec![unknown(), unknown()]).await;
    let checkup = Checkup::new(&cloud);
    assert_eq!(checkup.applied_quotas("iotcore").await.unwrap(), []);
    assert_eq!(checkup.default_quotas("iotcore").await.unwrap(), []);
}

#[tokio::test]
async fn who_may_not_read_quotas_is_told_which_permission_lacks() {
    let denied = || {
        let body = json!({ "__type": "AccessDeniedException", "Message": "not you" });
        (400, body)
    };
    let (cloud, _) = play_json(vec![denied(), denied()]).await;
    let checkup = Checkup::new(&cloud);
    for (failed, action) in [
        (
            checkup.applied_quotas("lambda").await,
            "servicequotas:ListServiceQuotas",
        ),
        (
            checkup.default_quotas("lambda").await,
            "servicequotas:ListAWSDefaultServiceQuotas",
        ),
    ] {
        let failed = failed.unwrap_err();
        assert_eq!(failed.kind, FailureKind::AccessDenied);
        assert_eq!(failed.action, action);
    }
}

#[tokio::test]
async fn a_fleet_index_that_nobody_has_set_is_off() {
    let set = json!({
        "thingIndexingConfiguration": { "thingIndexingMode": "REGISTRY" },
        "thingGroupIndexingConfiguration": { "thingGroupIndexingMode": "ON" },
    });
    let (cloud, _) = play_json(vec![(200, json!({})), (200, set)]).await;
    let checkup = Checkup::new(&cloud);
    let index = |things: &str, groups: &str| FleetIndex {
        things: things.to_owned(),
        groups: groups.to_owned(),
    };
    assert_eq!(checkup.fleet_index().await.unwrap(), index("OFF", "OFF"));
    assert_eq!(
        checkup.fleet_index().await.unwrap(),
        index("REGISTRY", "ON")
    );
}

#[tokio::test]
async fn a_queue_says_how_many_batches_it_gives_out_at_once() {
    let limited = json!({ "State": "Enabled", "ScalingConfig": { "MaximumConcurrency": 10 } });
    let (cloud, _) = play_json(vec![(200, limited), (200, json!({}))]).await;
    let checkup = Checkup::new(&cloud);
    let found = checkup.event_source("id").await.unwrap();
    assert_eq!((&*found.state, found.at_once), ("Enabled", Some(10)));
    assert_eq!(checkup.event_source("id").await.unwrap().at_once, None);
}
