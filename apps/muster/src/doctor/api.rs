//! Whether the operators' API answers.

use super::{Finding, Patient};
use crate::commands::Failure;
use muster_documents::Verifiers;

pub async fn look(patient: &Patient<'_>) -> Result<Vec<Finding>, Failure> {
    let answer = patient.target.api()?.get::<Verifiers>("/verifiers").await;
    Ok(vec![judge(
        answer
            .map(|found| found.verifiers.len())
            .map_err(Into::into),
    )])
}

fn judge(answer: Result<usize, Failure>) -> Finding {
    match answer {
        Ok(verifiers) => Finding::ok(format!("it answers, and knows {verifiers} verifiers")),
        Err(error) => Finding::problem(
            format!("it does not answer as it should: {error}"),
            "see that you may call execute-api:Invoke; the log group LogGroupName has what failed",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn an_api_that_refuses_is_a_problem() {
        assert_eq!(judge(Ok(1)).level, Level::Ok);
        let refused = judge(Err("NotAuthorized".into()));
        assert_eq!(refused.level, Level::Problem);
        assert!(refused.said.contains("NotAuthorized"));
    }
}
