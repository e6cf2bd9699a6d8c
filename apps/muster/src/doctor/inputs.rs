//! Whether what devices and AWS send reaches the functions.

use super::{Finding, Patient};
use crate::commands::Failure;
use muster_onboarding::CloudFailure;

pub async fn look(patient: &Patient<'_>) -> Result<Vec<Finding>, Failure> {
    let stack = patient.stack().await?;
    let mut found = Vec::new();
    for rule in stack.parts_of("AWS::IoT::TopicRule") {
        found.extend(match patient.checkup.rule_is_on(rule).await {
            Ok(on) => judge_rule(rule, on),
            Err(failure) => Some(unseen(rule, &failure)),
        });
    }
    for source in stack.parts_of("AWS::Lambda::EventSourceMapping") {
        found.extend(match patient.checkup.event_source(source).await {
            Ok(found) => judge_source(source, &found.state),
            Err(failure) => Some(unseen(source, &failure)),
        });
    }
    Ok(found)
}

/// It may have been deleted by hand, which does not keep the others from being looked at.
fn unseen(what: &str, failure: &CloudFailure) -> Finding {
    Finding::problem(
        format!("{what} cannot be looked at: {failure}"),
        "deploy the stack again if it is gone; else see that you may call this",
    )
}

fn judge_rule(rule: &str, on: bool) -> Option<Finding> {
    (!on).then(|| {
        Finding::problem(
            format!("the AWS IoT rule {rule} is disabled: what it hears is lost"),
            format!("aws iot enable-topic-rule --rule-name {rule}"),
        )
    })
}

fn judge_source(source: &str, state: &str) -> Option<Finding> {
    matches!(state, "Disabled" | "Disabling").then(|| {
        Finding::problem(
            format!("the queue of the event source {source} is not read: it is {state}"),
            format!("aws lambda update-event-source-mapping --uuid {source} --enabled"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_nobody_reads_is_a_problem_and_one_that_is_being_set_up_is_none() {
        assert!(
            judge_source("id", "Disabled")
                .unwrap()
                .advice
                .contains("--uuid id")
        );
        for state in ["Enabled", "Creating", "Enabling", "Updating"] {
            assert_eq!(judge_source("id", state), None, "{state}");
        }
    }
}
