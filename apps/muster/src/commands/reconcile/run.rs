//! `muster reconcile run`.

use crate::commands::Failure;
use crate::commands::ran::{Telling, follow};
use crate::daily_run::begin;
use crate::output::Output;
use crate::target::Target;
use serde_json::{Value, json};
use std::process::ExitCode;

/// Start the daily comparison now; it repairs if the stack does (`ReconciliationRepairs`)
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Repair nothing, whatever the stack's own setting is
    #[arg(long)]
    report_only: bool,
    /// Do not wait for its end
    #[arg(long)]
    no_wait: bool,
}

const TELLING: Telling = Telling {
    stem: "muster-reconcile-run",
    parts: "parts are compared",
    status: "muster reconcile status",
    counted,
};

fn counted(totals: &Value) -> String {
    let found = totals["found"].as_object().into_iter().flatten();
    let line = |(finding, counted): (&String, &Value)| {
        let (count, repaired) = (&counted["count"], &counted["repaired"]);
        format!("\n  {finding}: {count}, repaired {repaired}")
    };
    let found: String = found.map(line).collect();
    let named = if found.is_empty() {
        ""
    } else {
        "\n`muster reconcile status` names them"
    };
    let (seen, failed) = (&totals["seen"], &totals["failed"]);
    format!("\n  seen    {seen}\n  failed  {failed}{found}{named}")
}

pub async fn run(target: &Target, asked: &Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let runs = target.reconciliation_runs()?;
    let input = if asked.report_only {
        json!({ "repair": false })
    } else {
        json!({})
    };
    let begun = begin(&runs, &TELLING.name(), &input).await;
    if let Ok(begun) = &begun
        && begun.joined
        && asked.report_only
    {
        let name = &begun.run.name;
        return Err(
            format!("the execution {name} is under way, and may repair: wait for its end").into(),
        );
    }
    let ran = follow(&runs, begun, &TELLING, !asked.no_wait, output).await?;
    output.result(&ran, &ran);
    Ok(ran.exit_code())
}
