//! `muster rotation run`.

use crate::commands::Failure;
use crate::commands::ran::{Ran, Telling, follow};
use crate::output::Output;
use crate::rotation::begin;
use crate::target::Target;
use std::process::ExitCode;

/// What a run counts, in the order of its work.
pub const TOTALS: [&str; 9] = [
    "read",
    "due",
    "overdue",
    "notified",
    "enforced",
    "reinstated",
    "deleted",
    "undone",
    "failed",
];

/// Start the daily workflow now: it notifies who is due, and takes away what is over; nobody is notified twice a day
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Do not spread the notices over the stack's window
    #[arg(long)]
    at_once: bool,
    /// Do not wait for its end
    #[arg(long)]
    no_wait: bool,
}

pub async fn run(target: &Target, asked: &Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let ran = start(target, asked.at_once, !asked.no_wait, output).await?;
    output.result(&ran, &ran);
    Ok(ran.exit_code())
}

const TELLING: Telling = Telling {
    stem: "muster-rotation-run",
    parts: "parts of the ledger are seen to",
    status: "muster rotation status",
    counted: |totals| {
        let line = |total| format!("\n  {total:11}  {}", totals[total]);
        TOTALS.map(line).concat()
    },
};

/// Starts a run, or joins the one that is under way, and waits for its end if it is to.
pub async fn start(
    target: &Target,
    at_once: bool,
    to_its_end: bool,
    output: &Output,
) -> Result<Ran, Failure> {
    let runs = target.rotation_runs()?;
    let begun = begin(&runs, &TELLING.name(), at_once).await;
    follow(&runs, begun, &TELLING, to_its_end, output).await
}
