//! Whether what devices and AWS send reaches the functions.

use super::{Finding, Patient};
use crate::commands::Failure;
use muster_cloud::operator::Stacks;

pub async fn look(patient: &Patient<'_>) -> Result<Vec<Finding>, Failure> {
    let stacks = Stacks::new(&patient.target.cloud);
    let name = patient.target.output("StackName")?;
    let stack = stacks.look(name).await?.ok_or("there is no such stack")?;
    let mut found = Vec::new();
    for rule in stack.parts_of("AWS::IoT::TopicRule") {
        if !patient.checkup.rule_is_on(rule).await? {
            found.push(Finding::problem(
                format!("the AWS IoT rule {rule} is disabled: what it hears is lost"),
                format!("aws iot enable-topic-rule --rule-name {rule}"),
            ));
        }
    }
    for source in stack.parts_of("AWS::Lambda::EventSourceMapping") {
        let state = patient.checkup.event_source_state(source).await?;
        found.extend(judge(source, &state));
    }
    Ok(found)
}

fn judge(source: &str, state: &str) -> Option<Finding> {
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
            judge("id", "Disabled")
                .unwrap()
                .advice
                .contains("--uuid id")
        );
        for state in ["Enabled", "Creating", "Enabling", "Updating"] {
            assert_eq!(judge("id", state), None, "{state}");
        }
    }
}
