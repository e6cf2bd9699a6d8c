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
    let mut found = judge(&status, failed);
    found.extend(judge_age(last.map(|run| run.at.as_str()), patient.now));
    Ok(found)
}

fn judge_age(ended: Option<&str>, now: i64) -> Option<Finding> {
    let advice = "docs/runbooks/ScheduleFailure.md; then muster rotation run";
    let Some(ended) = ended else {
        let said = "certificate-rotation has not run yet, or not for as long as its runs are kept";
        return Some(Finding::warning(said, advice));
    };
    let at = ended.parse::<jiff::Timestamp>().ok()?;
    let said = format!("the last run of certificate-rotation ended at {ended}");
    (now - at.as_second() > OLD).then(|| Finding::warning(said, advice))
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
    fn a_day_without_a_run_is_a_warning() {
        let epoch = Some("1970-01-01T00:00:00Z");
        assert_eq!(judge_age(epoch, OLD), None);
        let old = judge_age(epoch, OLD + 1).unwrap();
        let never = judge_age(None, 0).unwrap();
        assert_eq!((old.level, never.level), (Level::Warning, Level::Warning));
    }
}
