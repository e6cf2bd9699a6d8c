//! Whether ledger and AWS IoT say the same, as far as the last comparison knows.

use super::{Finding, Patient};
use crate::commands::Failure;
use muster_cloud::operator::ReconciliationRecord;

/// A comparison that ended longer ago is old, in seconds: it runs once a day.
const OLD: i64 = 36 * 3600;

pub async fn look(patient: &Patient<'_>) -> Result<Vec<Finding>, Failure> {
    let runs = patient.target.reconciliations()?;
    let last = runs.last_reconciliations(1).await?.into_iter().next();
    Ok(judge(last.as_ref(), patient.now))
}

fn judge(last: Option<&ReconciliationRecord>, now: i64) -> Vec<Finding> {
    let look = "muster reconcile status";
    let again = "muster reconcile run";
    let Some(last) = last else {
        return vec![Finding::warning("it has not run yet", again)];
    };
    let mut found = Vec::new();
    if let Some(failure) = &last.failure {
        let said = format!("the last one failed with {failure}");
        found.push(Finding::problem(said, look));
    }
    let ended = last.at.parse::<jiff::Timestamp>();
    if ended.is_ok_and(|at| now - at.as_second() > OLD) {
        let said = format!("the last one ended at {}", last.at);
        found.push(Finding::warning(said, again));
    }
    let kinds = last.totals.iter().flat_map(|totals| &totals.found);
    for (kind, counted) in kinds {
        let left = counted.count.saturating_sub(counted.repaired);
        if left > 0 {
            let said = format!("{} {left} times", kind.name());
            found.push(Finding::warning(said, look));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;
    use muster_cloud::operator::{Counted, Totals};
    use muster_documents::reconciliation_tasks::Finding as Kind;

    const DAY: i64 = 86_400;

    fn run(count: u64, failure: Option<&str>) -> ReconciliationRecord {
        let counted = Counted { count, repaired: 1 };
        ReconciliationRecord {
            at: "1970-01-02T00:00:00Z".to_owned(),
            execution: "run-1".to_owned(),
            totals: Some(Totals {
                seen: 9,
                failed: 0,
                found: [(Kind::Stray, counted)].into(),
            }),
            findings: Vec::new(),
            failure: failure.map(str::to_owned),
        }
    }

    fn levels(last: Option<&ReconciliationRecord>, now: i64) -> Vec<Level> {
        let found = judge(last, now);
        found.iter().map(|one| one.level).collect()
    }

    #[test]
    fn what_is_old_failed_or_found_something_is_told_of() {
        assert_eq!(levels(Some(&run(1, None)), 2 * DAY), []);
        assert_eq!(levels(None, 0), [Level::Warning]);
        assert_eq!(levels(Some(&run(1, None)), 3 * DAY), [Level::Warning]);
        assert_eq!(levels(Some(&run(2, None)), DAY), [Level::Warning]);
        assert_eq!(
            levels(Some(&run(0, Some("Throttled"))), DAY),
            [Level::Problem]
        );
    }
}
