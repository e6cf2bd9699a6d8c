//! Whether devices renew their certificates, and the daily run is well.

use super::{Finding, Patient};
use crate::commands::Failure;
use crate::rotation::{self, RotationStatus};

/// A run that ended longer ago is old, in seconds: there is one a day.
const OLD: i64 = 36 * 3600;

pub async fn look(patient: &Patient<'_>) -> Result<Vec<Finding>, Failure> {
    let status = rotation::status(patient.target, rotation::today(), 1).await?;
    let last = status.runs.first();
    let failed = last.and_then(|run| run.failure.as_deref());
    let ended = last.and_then(|run| run.at.parse::<jiff::Timestamp>().ok());
    let mut found = judge(&status, failed);
    found.extend(ended.and_then(|at| judge_age(at.as_second(), patient.now)));
    Ok(found)
}

/// On a stack that is a day old there may have been none yet.
fn judge_age(ended: i64, now: i64) -> Option<Finding> {
    (now - ended > OLD).then(|| {
        let hours = (now - ended) / 3600;
        Finding::problem(
            format!("the last run of certificate-rotation ended {hours} hours ago"),
            "docs/runbooks/ScheduleFailure.md; then muster rotation run",
        )
    })
}

fn judge(status: &RotationStatus, failed: Option<&str>) -> Vec<Finding> {
    let mut found = Vec::new();
    let overdue = status.devices.overdue;
    if overdue > 0 {
        found.push(Finding::warning(
            format!("{overdue} devices have not renewed their certificates by their deadline"),
            "muster rotation status, then muster device show SERIAL: are they in use, and can their firmware?",
        ));
    }
    if let Some(failure) = failed {
        found.push(Finding::problem(
            format!("the last run of certificate-rotation failed with {failure}"),
            "docs/runbooks/RotationFailure.md; then muster rotation run",
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;
    use crate::rotation::Counts;

    fn levels(overdue: usize, failed: Option<&str>) -> Vec<Level> {
        let status = RotationStatus {
            today: "20261123".parse().unwrap(),
            due: Vec::new(),
            certificates: 0,
            devices: Counts {
                overdue,
                ..Counts::default()
            },
            overdue_action: "quarantine".to_owned(),
            runs: Vec::new(),
            changes_announced: true,
        };
        let found = judge(&status, failed);
        found.iter().map(|one| one.level).collect()
    }

    #[test]
    fn devices_that_are_late_are_a_warning_and_a_run_that_failed_is_a_problem() {
        assert_eq!(levels(0, None), []);
        assert_eq!(levels(3, None), [Level::Warning]);
        assert_eq!(levels(0, Some("Throttled")), [Level::Problem]);
    }

    #[test]
    fn a_day_without_a_run_is_a_problem() {
        assert_eq!(judge_age(0, OLD), None);
        let found = judge_age(0, OLD + 3600).unwrap();
        assert_eq!(found.level, Level::Problem);
        assert!(found.said.contains("37 hours"), "{}", found.said);
    }
}
