//! Whether executions have failed in the last day. A refused device is no failure.

use super::{Finding, Patient};
use crate::commands::Failure;

/// In seconds.
const DAY: i64 = 86_400;
/// How many are named.
const NAMED: usize = 3;

/// The outputs that name the workflows. The one for devices with a token is an express one, of which no list is kept.
const WORKFLOWS: [&str; 8] = [
    "ClaimProvisioningStateMachineArn",
    "ChunkedRotationStateMachineArn",
    "JitrActivationStateMachineArn",
    "FleetSetupStateMachineArn",
    "ClaimRetirementStateMachineArn",
    "CertificateRotationStateMachineArn",
    "ReconciliationStateMachineArn",
    "ReplacementDeadlineStateMachineArn",
];

pub async fn look(patient: &Patient<'_>) -> Result<Vec<Finding>, Failure> {
    let mut found = Vec::new();
    for output in WORKFLOWS {
        let workflow = patient.target.output(output)?;
        let since = patient.now - DAY;
        let failed = patient.checkup.failed_since(workflow, since).await?;
        found.extend(judge(output, workflow, &failed));
    }
    Ok(found)
}

fn judge(output: &str, workflow: &str, failed: &[String]) -> Option<Finding> {
    let first = failed.iter().take(NAMED).map(String::as_str);
    let first: Vec<_> = first.collect();
    (!failed.is_empty()).then(|| {
        Finding::warning(
            format!(
                "{} of {} failed in the last day: {}",
                failed.len(),
                output.trim_end_matches("StateMachineArn"),
                first.join(", ")
            ),
            format!("aws stepfunctions list-executions --state-machine-arn {workflow} --status-filter FAILED, or TIMED_OUT"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executions_that_failed_are_counted_and_the_first_named() {
        assert_eq!(judge("FleetSetupStateMachineArn", "arn", &[]), None);
        let failed = ["a", "b", "c", "d"].map(str::to_owned);
        let found = judge("FleetSetupStateMachineArn", "arn", &failed).unwrap();
        assert_eq!(
            found.said,
            "4 of FleetSetup failed in the last day: a, b, c"
        );
    }
}
