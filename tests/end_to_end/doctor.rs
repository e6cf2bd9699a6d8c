//! A stack that is well is told from one that is not.

use crate::support::Stack;
use muster::doctor::{Finding, Level, examine};
use muster_cloud::operator::Stacks;
use std::time::{SystemTime, UNIX_EPOCH};

async fn examined(stack: &Stack) -> Vec<Finding> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    examine(&stack.target, i64::try_from(now.as_secs()).unwrap()).await
}

/// What is not as it should be: by check.
fn amiss(found: &[Finding]) -> Vec<(&'static str, Level)> {
    let amiss = found.iter().filter(|one| one.level != Level::Ok);
    amiss.map(|one| (one.check, one.level)).collect()
}

/// One of its topic rules.
async fn topic_rule(stack: &Stack) -> String {
    let stacks = Stacks::new(&stack.target.cloud);
    let found = stacks.look(stack.output("StackName")).await.unwrap();
    let found = found.expect("the stack");
    let mut rules = found.parts_of("AWS::IoT::TopicRule");
    rules.next().expect("a rule").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_stack_is_well_and_what_breaks_is_named_with_what_to_do() {
    let stack = Stack::start(&[]).await;
    let found = examined(&stack).await;
    let not_run_yet = ["deadlines", "reconciliation"].map(|check| (check, Level::Warning));
    assert_eq!(amiss(&found), not_run_yet, "{found:?}");
    let mut checks: Vec<_> = found.iter().map(|one| one.check).collect();
    checks.dedup();
    assert_eq!(checks.len(), 12);

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
