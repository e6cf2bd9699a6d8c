//! `muster rotation run`.

use crate::commands::Failure;
use crate::output::Output;
use crate::rotation::{begin, wait};
use crate::target::Target;
use muster_cloud::operator::RunEnd;
use serde::Serialize;
use serde_json::Value;
use std::fmt::{self, Display, Formatter};
use std::process::ExitCode;

/// What a run counts, in the order of its work.
pub const TOTALS: [&str; 7] = [
    "read",
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

/// A run by hand.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ran {
    execution: String,
    /// Whether it was under way before.
    joined: bool,
    /// What it counted; `None` if nobody waited for it, or it failed.
    totals: Option<Value>,
    /// The error's name, if it failed.
    failure: Option<String>,
    /// What the error says.
    cause: Option<String>,
}

impl Ran {
    /// Failure if it failed.
    pub fn exit_code(&self) -> ExitCode {
        if self.failure.is_some() {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}

/// Starts a run, or joins the one that is under way, and waits for its end if it is to.
pub async fn start(
    target: &Target,
    at_once: bool,
    to_its_end: bool,
    output: &Output,
) -> Result<Ran, Failure> {
    let runs = target.rotation_runs()?;
    // Names say where an execution comes from: the schedule's are UUIDs.
    let name = format!(
        "muster-rotation-run-{}",
        jiff::Timestamp::now().as_millisecond()
    );
    let begun = begin(&runs, &name, at_once).await?;
    let name = &begun.run.name;
    if begun.joined {
        output.progress(&format!(
            "the execution {name} is under way: no second one is started. Whom it has passed already the next one sees to"
        ));
    } else {
        output.progress(&format!("the execution {name} is started"));
    }
    let mut ran = Ran {
        execution: name.clone(),
        joined: begun.joined,
        totals: None,
        failure: None,
        cause: None,
    };
    if to_its_end {
        let told = |progress: muster_cloud::operator::RunProgress| {
            output.progress(&format!(
                "{} of {} parts of the ledger are seen to",
                progress.done, progress.of
            ));
        };
        match wait(&runs, &begun.run, told).await? {
            RunEnd::Done(totals) => ran.totals = Some(totals),
            RunEnd::Failed { error, cause } => {
                ran.failure = Some(error);
                ran.cause = Some(cause);
            }
        }
    }
    Ok(ran)
}

impl Display for Ran {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = &self.execution;
        match (&self.failure, &self.totals) {
            (Some(failure), _) => write!(
                f,
                "{name} failed with {failure} (docs/errors/{failure}.md)\n  {}",
                self.cause.as_deref().unwrap_or_default()
            ),
            (None, Some(totals)) => {
                write!(f, "{name} is done")?;
                for total in TOTALS {
                    write!(f, "\n  {total:11}  {}", totals[total])?;
                }
                Ok(())
            }
            (None, None) => write!(
                f,
                "{name} runs; `muster rotation status` shows how it went once it has ended"
            ),
        }
    }
}
