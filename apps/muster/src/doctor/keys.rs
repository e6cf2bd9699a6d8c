//! Whether the keys of the stack can be used.

use super::{Finding, Patient};
use crate::commands::Failure;

/// The outputs that name them.
const KEYS: [&str; 2] = ["KeyArn", "TokenKeyArn"];

pub async fn look(patient: &Patient<'_>) -> Result<Vec<Finding>, Failure> {
    let mut found = Vec::new();
    for output in KEYS {
        let key = patient.target.output(output)?;
        found.push(judge(output, key, &patient.checkup.key_state(key).await?));
    }
    Ok(found)
}

fn judge(output: &str, key: &str, state: &str) -> Finding {
    match state {
        "Enabled" => Finding::ok(format!("{output} is enabled")),
        "PendingDeletion" => Finding::problem(
            format!("{output} is about to be deleted, and what it has encrypted is lost then"),
            format!(
                "aws kms cancel-key-deletion --key-id {key}, then aws kms enable-key --key-id {key}"
            ),
        ),
        "Disabled" => Finding::problem(
            format!("{output} is disabled"),
            format!("aws kms enable-key --key-id {key}"),
        ),
        other => Finding::problem(
            format!("{output} is {other}"),
            "docs/operations.md says what is lost with it",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn a_key_that_cannot_be_used_is_a_problem() {
        for (state, level) in [
            ("Enabled", Level::Ok),
            ("Disabled", Level::Problem),
            ("PendingDeletion", Level::Problem),
            ("Missing", Level::Problem),
        ] {
            assert_eq!(judge("KeyArn", "arn", state).level, level, "{state}");
        }
    }
}
