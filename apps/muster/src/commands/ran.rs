//! A run of a daily workflow by hand, as its command tells of it.

use super::Failure;
use crate::daily_run::{Begun, wait};
use crate::output::Output;
use muster_cloud::operator::{DailyRuns, RunEnd, RunProgress};
use muster_onboarding::CloudFailure;
use serde::Serialize;
use serde_json::Value;
use std::fmt::{self, Display, Formatter};
use std::process::ExitCode;

/// A run.
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
    /// The command that shows how the last runs went.
    #[serde(skip)]
    status: &'static str,
    /// Says for people what it counted, beginning with a new line.
    #[serde(skip)]
    counted: fn(&Value) -> String,
}

/// How a workflow's runs are told of.
pub struct Telling {
    /// What an execution's name begins with: names say where an execution comes from, the schedule's are UUIDs.
    pub stem: &'static str,
    /// What is seen to part by part.
    pub parts: &'static str,
    /// See [`Ran`].
    pub status: &'static str,
    /// See [`Ran`].
    pub counted: fn(&Value) -> String,
}

impl Telling {
    /// The name of an execution that is started now.
    pub fn name(&self) -> String {
        format!("{}-{}", self.stem, jiff::Timestamp::now().as_millisecond())
    }
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

/// Waits for the end of a run that was begun, if it is to, and tells of it.
pub async fn follow(
    runs: &DailyRuns,
    begun: Result<Begun, CloudFailure>,
    telling: &Telling,
    to_its_end: bool,
    output: &Output,
) -> Result<Ran, Failure> {
    let begun = begun?;
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
        status: telling.status,
        counted: telling.counted,
    };
    if to_its_end {
        let told = |RunProgress { done, of }| {
            output.progress(&format!("{done} of {of} {}", telling.parts));
        };
        match wait(runs, &begun.run, told).await? {
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
            (None, Some(totals)) => write!(f, "{name} is done{}", (self.counted)(totals)),
            (None, None) => write!(
                f,
                "{name} runs; `{}` shows how it went once it has ended",
                self.status
            ),
        }
    }
}
