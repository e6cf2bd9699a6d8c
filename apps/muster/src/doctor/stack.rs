//! Whether the stack is deployed to the end, and is as its template says.

use super::{Finding, Patient};
use crate::commands::Failure;
use muster_cloud::operator::StackHealth;

pub async fn look(patient: &Patient<'_>) -> Result<Vec<Finding>, Failure> {
    let name = patient.target.output("StackName")?;
    let stack = patient.checkup.stack(name).await?;
    let mut found = vec![judge(&stack)];
    // The emulator's alarms tell nobody in any case.
    if !patient.target.is_local() {
        found.extend(judge_alarms(&stack));
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

fn judge(stack: &StackHealth) -> Finding {
    let StackHealth { status, drift, .. } = stack;
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
    if drift == "DRIFTED" {
        return Finding::warning(
            "its resources were changed by hand",
            "aws cloudformation describe-stack-resource-drifts names them; deploy it again",
        );
    }
    if drift == "NOT_CHECKED" {
        return Finding::ok(format!(
            "{status}; nobody has looked for drift yet: aws cloudformation detect-stack-drift --stack-name STACK"
        ));
    }
    Finding::ok(format!("{status}, drift {drift} when it was looked for"))
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn a_deployment_that_failed_is_a_problem_and_one_that_was_undone_or_drifted_a_warning() {
        for (status, drift, level) in [
            ("CREATE_COMPLETE", "NOT_CHECKED", Level::Ok),
            ("UPDATE_COMPLETE", "IN_SYNC", Level::Ok),
            ("UPDATE_COMPLETE", "DRIFTED", Level::Warning),
            ("UPDATE_ROLLBACK_COMPLETE", "IN_SYNC", Level::Warning),
            ("UPDATE_IN_PROGRESS", "IN_SYNC", Level::Warning),
            ("UPDATE_ROLLBACK_FAILED", "IN_SYNC", Level::Problem),
            ("DELETE_FAILED", "IN_SYNC", Level::Problem),
        ] {
            let stack = StackHealth {
                status: status.to_owned(),
                drift: drift.to_owned(),
                parameters: [("AlarmTopicArn".to_owned(), "arn".to_owned())].into(),
            };
            assert_eq!(judge(&stack).level, level, "{status}, {drift}");
            assert_eq!(judge_alarms(&stack), None);
        }
    }

    #[test]
    fn alarms_that_nobody_hears_are_a_warning() {
        for parameters in [
            [].into(),
            [("AlarmTopicArn".to_owned(), String::new())].into(),
        ] {
            let stack = StackHealth {
                status: "CREATE_COMPLETE".to_owned(),
                drift: "IN_SYNC".to_owned(),
                parameters,
            };
            assert_eq!(judge_alarms(&stack).unwrap().level, Level::Warning);
        }
    }
}
