//! Which of the stack's alarms are raised now.

use super::{Finding, Patient};
use crate::commands::Failure;
use muster_cloud::operator::RaisedAlarm;

/// Where the pages of all alarms are, for one that does not name its own.
const RUNBOOKS: &str = "docs/runbooks/README.md";

pub async fn look(patient: &Patient<'_>) -> Result<Vec<Finding>, Failure> {
    let stack = patient.stack().await?;
    let alarms: Vec<_> = stack.parts_of("AWS::CloudWatch::Alarm").collect();
    let raised = patient.checkup.raised(&alarms).await?;
    Ok(judge(alarms.len(), &raised))
}

/// An alarm's description ends in the path of its page in `docs/runbooks`, which says how urgent it is.
fn judge(alarms: usize, raised: &[RaisedAlarm]) -> Vec<Finding> {
    if raised.is_empty() {
        return vec![Finding::ok(format!("none of {alarms} is raised"))];
    }
    let found = raised.iter().map(|alarm| {
        let advice = match alarm.description.trim() {
            "" => RUNBOOKS,
            description => description,
        };
        Finding::problem(format!("{} is raised", alarm.name), advice)
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn a_raised_alarm_is_a_problem_with_the_page_that_says_what_to_do() {
        assert_eq!(judge(40, &[])[0].level, Level::Ok);
        let alarm = |description: &str| RaisedAlarm {
            name: "muster-Throttling".to_owned(),
            description: description.to_owned(),
        };
        let found = judge(
            40,
            &[alarm("Too many. docs/runbooks/Throttling.md\n"), alarm("")],
        );
        assert!(found.iter().all(|one| one.level == Level::Problem));
        assert!(found[0].said.contains("muster-Throttling"));
        assert_eq!(found[0].advice, "Too many. docs/runbooks/Throttling.md");
        assert_eq!(found[1].advice, RUNBOOKS);
    }
}
