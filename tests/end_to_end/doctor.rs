//! A stack that is well is told from one that is not.

use crate::support::Stack;
use aws_sdk_cloudwatch::types::StateValue;
use aws_sdk_iot::types::{ThingIndexingConfiguration, ThingIndexingMode};
use muster::doctor::{Drift, Finding, Level, examine};
use muster_cloud::operator::{FoundStack, Stacks};
use std::time::{SystemTime, UNIX_EPOCH};

async fn examined(stack: &Stack) -> Vec<Finding> {
    examined_with(stack, Drift::AsLastSeen).await
}

async fn examined_with(stack: &Stack, drift: Drift) -> Vec<Finding> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_secs()).unwrap();
    examine(&stack.target, now, drift).await
}

/// What is not as it should be: by check.
fn amiss(found: &[Finding]) -> Vec<(&'static str, Level)> {
    let amiss = found.iter().filter(|one| one.level != Level::Ok);
    amiss.map(|one| (one.check, one.level)).collect()
}

async fn parts(stack: &Stack) -> FoundStack {
    let stacks = Stacks::new(&stack.target.cloud);
    let found = stacks.look(stack.output("StackName")).await.unwrap();
    found.expect("the stack")
}

/// One of its topic rules.
async fn topic_rule(stack: &Stack) -> String {
    let found = parts(stack).await;
    let mut rules = found.parts_of("AWS::IoT::TopicRule");
    rules.next().expect("a rule").to_owned()
}

/// Raises the alarm that the template names so, and says what it is called.
async fn raise(stack: &Stack, logical_id: &str) -> String {
    let found = parts(stack).await;
    let mut parts = found.parts.into_iter();
    let alarm = parts.find(|part| part.logical_id == logical_id);
    let name = alarm.expect("the alarm").physical_id;
    let cloudwatch = aws_sdk_cloudwatch::Client::new(&stack.target.cloud.config);
    let set = cloudwatch.set_alarm_state().alarm_name(&name);
    let set = set.state_value(StateValue::Alarm).state_reason("a test");
    set.send().await.unwrap();
    name
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_stack_is_well_and_what_breaks_is_named_with_what_to_do() {
    let stack = Stack::start(&[]).await;
    let found = examined(&stack).await;
    let not_run_yet = ["deadlines", "reconciliation"].map(|check| (check, Level::Warning));
    assert_eq!(amiss(&found), not_run_yet, "{found:?}");
    let mut checks: Vec<_> = found.iter().map(|one| one.check).collect();
    checks.dedup();
    assert_eq!(checks.len(), 16);

    let queue = stack.output("ConnectionDeadLetterQueueUrl");
    let sent = stack.sqs().send_message().queue_url(queue);
    sent.message_body("{}").send().await.unwrap();
    let kms = aws_sdk_kms::Client::new(&stack.target.cloud.config);
    let disabled = kms.disable_key().key_id(stack.output("TokenKeyArn"));
    disabled.send().await.unwrap();
    let iot = aws_sdk_iot::Client::new(&stack.target.cloud.config);
    let rule = topic_rule(&stack).await;
    iot.disable_topic_rule()
        .rule_name(&rule)
        .send()
        .await
        .unwrap();
    let claims = stack.target.claims().unwrap();
    claims.shut(&stack.claim_id, "leaked").await.unwrap();
    let found = examined(&stack).await;
    let amiss = amiss(&found);
    for expected in [
        ("keys", Level::Problem),
        ("ways in", Level::Problem),
        ("claim certificates", Level::Warning),
        ("dead letters", Level::Problem),
    ] {
        assert!(amiss.contains(&expected), "{expected:?} in {found:?}");
    }
    let advice: Vec<_> = found.iter().map(|one| one.advice.as_str()).collect();
    assert!(advice.iter().any(|one| one.contains("aws kms enable-key")));
    assert!(advice.iter().any(|one| one.contains(&rule)));
    assert!(advice.iter().any(|one| one.contains(&stack.claim_id)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raised_alarm_is_named_with_its_runbook_and_a_fleet_index_is_well() {
    let stack = Stack::start(&[]).await;
    let name = raise(&stack, "ClaimSurgeAlarm").await;
    let index = ThingIndexingConfiguration::builder()
        .thing_indexing_mode(ThingIndexingMode::Registry)
        .build()
        .unwrap();
    let iot = aws_sdk_iot::Client::new(&stack.target.cloud.config);
    let set = iot.update_indexing_configuration();
    set.thing_indexing_configuration(index)
        .send()
        .await
        .unwrap();

    let found = examined(&stack).await;
    let of = |check: &'static str| found.iter().filter(move |one| one.check == check);
    let alarms: Vec<_> = of("alarms").collect();
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    assert_eq!(alarms[0].level, Level::Problem);
    assert!(alarms[0].said.contains(&name));
    assert!(alarms[0].advice.ends_with("docs/runbooks/ClaimSurge.md"));
    let index = of("fleet index").next().unwrap();
    assert_eq!(index.level, Level::Ok);
    assert!(index.said.contains("REGISTRY"));
    // The emulator has none to ask about.
    assert!(of("quotas").all(|one| one.level == Level::Ok));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_or_deleted_by_hand_is_named_once_somebody_has_looked() {
    let stack = Stack::start(&[]).await;
    let drift = async |look| {
        let found = examined_with(&stack, look).await.into_iter();
        let found = found.filter(|one| one.check == "drift");
        found.map(|one| (one.level, one.said)).collect::<Vec<_>>()
    };
    let never = drift(Drift::AsLastSeen).await;
    assert!(never[0].1.contains("nobody has looked"), "{never:?}");
    let fresh = drift(Drift::LookNow).await;
    assert_eq!(fresh.len(), 1, "{fresh:?}");
    assert_eq!(fresh[0].0, Level::Ok, "{fresh:?}");

    let parts = parts(&stack).await.parts;
    let physical = |logical_id| {
        let part = parts.iter().find(|part| part.logical_id == logical_id);
        &part.expect("a part of the template").physical_id
    };
    let lambda = aws_sdk_lambda::Client::new(&stack.target.cloud.config);
    let changed = lambda.update_function_configuration();
    let changed = changed.function_name(physical("ClaimIntakeFunction"));
    changed.memory_size(512).send().await.unwrap();
    let deleted = lambda.delete_function();
    let deleted = deleted.function_name(physical("EventMeterFunction"));
    deleted.send().await.unwrap();
    assert_eq!(
        drift(Drift::AsLastSeen).await,
        fresh,
        "nobody has looked since"
    );

    let found = drift(Drift::LookNow).await;
    assert_eq!(found.len(), 2, "{found:?}");
    for said in [
        "ClaimIntakeFunction (AWS::Lambda::Function) differs from the template: /MemorySize,",
        "EventMeterFunction (AWS::Lambda::Function) is gone,",
    ] {
        let named = |one: &(Level, String)| one.0 == Level::Warning && one.1.starts_with(said);
        assert!(found.iter().any(named), "{said} in {found:?}");
    }
    assert_eq!(drift(Drift::AsLastSeen).await, found);
}
