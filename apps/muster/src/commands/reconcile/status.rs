//! `muster reconcile status`.

use super::advice::advice;
use crate::commands::Failure;
use crate::output::Output;
use crate::table;
use crate::target::Target;
use muster_cloud::operator::ReconciliationRecord;
use serde_json::json;
use std::fmt::{self, Display, Formatter};
use std::process::ExitCode;

/// How many runs are shown.
const RUNS: i32 = 5;

/// Show what the last comparison has found, what was repaired, and what to do about the rest
#[derive(Debug, clap::Args)]
pub struct Arguments {}

pub async fn run(target: &Target, output: &Output) -> Result<ExitCode, Failure> {
    let runs = target.reconciliations()?.last_reconciliations(RUNS).await?;
    output.result(&json!({ "runs": runs }), &Shown(&runs));
    Ok(ExitCode::SUCCESS)
}

struct Shown<'a>(&'a [ReconciliationRecord]);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut shown = table::new(&[
            "run ended",
            "seen",
            "found",
            "repaired",
            "failed",
            "failure",
        ]);
        for run in self.0 {
            shown.add_row(row(run));
        }
        let runs = table::or(&shown, "no run yet; `muster reconcile run` starts one");
        write!(f, "{runs}")?;
        // One that ended early has found nothing that it could tell of.
        let told = self.0.iter().find(|run| run.totals.is_some());
        match told {
            Some(run) => found(f, run),
            None => Ok(()),
        }
    }
}

fn row(run: &ReconciliationRecord) -> [String; 6] {
    let totals = run.totals.as_ref();
    let sum = |of: fn(&muster_cloud::operator::Totals) -> u64| {
        totals.map_or("-".to_owned(), |totals| of(totals).to_string())
    };
    [
        run.at.clone(),
        sum(|totals| totals.seen),
        sum(|totals| totals.found.values().map(|counted| counted.count).sum()),
        sum(|totals| totals.found.values().map(|counted| counted.repaired).sum()),
        sum(|totals| totals.failed),
        run.failure.clone().unwrap_or_default(),
    ]
}

fn found(f: &mut Formatter<'_>, run: &ReconciliationRecord) -> fmt::Result {
    let found = run.totals.iter().flat_map(|totals| &totals.found);
    for (finding, counted) in found {
        let (count, repaired) = (counted.count, counted.repaired);
        write!(f, "\n\n{}: {count}, repaired {repaired}", finding.name())?;
        write!(f, "\n  {}", advice(*finding))?;
        let named: Vec<_> = run
            .findings
            .iter()
            .filter(|named| named.finding == *finding)
            .collect();
        for one in &named {
            write!(f, "\n    {}  {}", one.subject, one.detail)?;
        }
        let left = count.saturating_sub(named.len() as u64);
        if left > 0 {
            write!(f, "\n    and {left} more")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_cloud::operator::{Counted, Totals};
    use muster_documents::reconciliation_tasks::{Finding, NamedFinding};

    fn run(count: u64) -> ReconciliationRecord {
        let counted = Counted { count, repaired: 0 };
        ReconciliationRecord {
            at: "2026-11-22T01:00:00.000Z".to_owned(),
            execution: "run-1".to_owned(),
            totals: Some(Totals {
                seen: 100,
                failed: 0,
                found: [(Finding::Stray, counted)].into(),
            }),
            findings: vec![NamedFinding {
                finding: Finding::Stray,
                subject: "a1b2".to_owned(),
                detail: "active, and attached to the thing sensor-1".to_owned(),
                repaired: false,
            }],
            failure: None,
        }
    }

    #[test]
    fn each_kind_is_counted_named_and_comes_with_what_to_do() {
        let text = Shown(&[run(12)]).to_string();
        for part in [
            "stray: 12, repaired 0",
            "muster reconcile remove CERTIFICATE",
            "a1b2  active, and attached to the thing sensor-1",
            "and 11 more",
        ] {
            assert!(text.contains(part), "{part} is missing in:\n{text}");
        }
    }

    #[test]
    fn a_run_that_ended_early_does_not_hide_what_the_one_before_has_found() {
        let early = ReconciliationRecord {
            totals: None,
            findings: Vec::new(),
            failure: Some("ReconciliationIncomplete".to_owned()),
            ..run(0)
        };
        let text = Shown(&[early, run(1)]).to_string();
        assert!(
            text.contains("ReconciliationIncomplete") && text.contains("a1b2"),
            "{text}"
        );
        assert!(Shown(&[]).to_string().contains("muster reconcile run"));
    }
}
