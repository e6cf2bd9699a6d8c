//! `muster reconcile status`.

use super::advice::advice;
use crate::commands::Failure;
use crate::output::Output;
use crate::table;
use crate::target::Target;
use muster_cloud::operator::ReconciliationRecord;
use muster_documents::reconciliation_tasks::{Finding, NamedFinding};
use serde_json::json;
use std::fmt::{self, Display, Formatter};
use std::process::ExitCode;

/// How many runs are shown: each device's thing is looked up in one of sixteen.
const RUNS: i32 = 16;

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
        let Some(last) = self.0.iter().position(|run| run.totals.is_some()) else {
            return Ok(());
        };
        found(f, &self.0[last])?;
        lost(f, &self.0[last + 1..])
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
        let of_kind = |named: &&NamedFinding| named.finding == *finding;
        let named: Vec<_> = run.findings.iter().filter(of_kind).collect();
        for one in &named {
            write!(f, "\n    {}", line(one))?;
        }
        let left = count.saturating_sub(named.len() as u64);
        if left > 0 {
            write!(f, "\n    and {left} more")?;
        }
    }
    Ok(())
}

fn line(named: &NamedFinding) -> String {
    let left = if named.repaired {
        ""
    } else {
        " (not repaired)"
    };
    format!("{}  {}{left}", named.subject, named.detail)
}

/// Devices that runs before the last one have found lost: the last one has looked at others.
fn lost(f: &mut Formatter<'_>, before: &[ReconciliationRecord]) -> fmt::Result {
    let mut told = false;
    for run in before {
        let is_lost = |named: &&NamedFinding| {
            matches!(
                named.finding,
                Finding::ThingMissing | Finding::CertificateMissing
            )
        };
        for one in run.findings.iter().filter(is_lost) {
            if !told {
                write!(f, "\n\nfound before, and not looked at again since")?;
                told = true;
            }
            write!(f, "\n    {}  {}  {}", run.at, one.finding.name(), line(one))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_cloud::operator::{Counted, Totals};

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
            "set it inactive first",
            "a1b2  active, and attached to the thing sensor-1",
            "and 11 more",
        ] {
            assert!(text.contains(part), "{part} is missing in:\n{text}");
        }
    }

    #[test]
    fn a_device_that_was_lost_some_days_ago_is_still_told_of() {
        let mut before = run(0);
        before.findings[0].finding = Finding::ThingMissing;
        before.findings[0].subject = "sensor-9".to_owned();
        let text = Shown(&[run(1), before]).to_string();
        assert!(text.contains("thing-missing  sensor-9"), "{text}");
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
