//! Whether the stack is deployed to the end, and its alarms tell somebody.

use super::{Finding, Patient};
use crate::commands::Failure;
use muster_cloud::operator::StackHealth;

pub async fn look(patient: &Patient<'_>) -> Result<Vec<Finding>, Failure> {
    let stack = patient.health().await?;
    let mut found = vec![judge(&stack.status)];
    // The emulator's alarms tell nobody in any case.
    if !patient.target.is_local() {
        found.extend(judge_alarms(stack));
    }
    Ok(found)
}

fn judge_alarms(stack: &StackHealth) -> Option<Finding> {
    (!stack.tells()).then(|| {
        Finding::warning(
            "its alarms tell nobody",
            "deploy it with AlarmTopicArn, an SNS topic that wakes who is on call",
        )
    })
}

fn judge(status: &str) -> Finding {
    if status.contains("FAILED") || status == "ROLLBACK_COMPLETE" {
        return Finding::problem(
            format!("it is {status}"),
            "aws cloudformation describe-stack-events says why; deploy it again",
        );
    }
    if status.ends_with("_IN_PROGRESS") || status.contains("ROLLBACK") {
        return Finding::warning(
            format!("it is {status}"),
            "wait for the end of it, or deploy again what was rolled back",
        );
    }
    Finding::ok(status)
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    fn health(parameters: &[(&str, &str)]) -> StackHealth {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        StackHealth {
            status: "CREATE_COMPLETE".to_owned(),
            drift: "NOT_CHECKED".to_owned(),
            drift_looked_for_at: None,
            parameters: parameters.iter().map(owned).collect(),
        }
    }

    #[test]
    fn a_deployment_that_failed_is_a_problem_and_one_that_was_undone_a_warning() {
        for (status, level) in [
            ("CREATE_COMPLETE", Level::Ok),
            ("UPDATE_COMPLETE", Level::Ok),
            ("UPDATE_ROLLBACK_COMPLETE", Level::Warning),
            ("UPDATE_IN_PROGRESS", Level::Warning),
            ("UPDATE_ROLLBACK_FAILED", Level::Problem),
            ("DELETE_FAILED", Level::Problem),
        ] {
            assert_eq!(judge(status).level, level, "{status}");
        }
    }

    #[test]
    fn alarms_that_nobody_hears_are_a_warning() {
        for deaf in [&[][..], &[("AlarmTopicArn", "")]] {
            let warned = judge_alarms(&health(deaf)).unwrap();
            assert_eq!(warned.level, Level::Warning);
        }
        assert_eq!(judge_alarms(&health(&[("AlarmTopicArn", "arn")])), None);
    }
}
