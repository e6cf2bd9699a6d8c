//! Whether the stack is deployed to the end, and is as its template says.

use super::{Finding, Patient};
use crate::commands::Failure;
use muster_cloud::operator::StackHealth;

pub async fn look(patient: &Patient<'_>) -> Result<Vec<Finding>, Failure> {
    let name = patient.target.output("StackName")?;
    Ok(vec![judge(&patient.checkup.stack(name).await?)])
}

fn judge(stack: &StackHealth) -> Finding {
    let StackHealth { status, drift } = stack;
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
    Finding::ok(format!("{status}, drift {drift}"))
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
            };
            assert_eq!(judge(&stack).level, level, "{status}, {drift}");
        }
    }
}
