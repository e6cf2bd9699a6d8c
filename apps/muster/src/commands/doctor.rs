//! `muster doctor`.

use super::Failure;
use crate::doctor::{Drift, Finding, Level, examine};
use crate::output::Output;
use crate::table;
use crate::target::{Target, TargetArguments};
use clap::Args;
use serde_json::json;
use std::process::ExitCode;

/// Look whether a stack is well, and say what to do; exit status 1 with warnings, 2 with problems
///
/// Changes nothing. A raised alarm is named with its runbook, and a quota that is too low with the command that asks for more.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    target: TargetArguments,
    /// Have CloudFormation look anew for what was changed by hand, which takes it a minute or several
    #[arg(long)]
    drift: bool,
}

/// Runs the command.
pub async fn run(arguments: &Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let target = Target::choose(&arguments.target).await?;
    let drift = if arguments.drift {
        output.progress(
            "CloudFormation looks last for what was changed by hand, a minute or several",
        );
        Drift::LookNow
    } else {
        Drift::AsLastSeen
    };
    let found = examine(&target, jiff::Timestamp::now().as_second(), drift).await;
    let mut shown = table::new(&["", "what", "how it stands", "what to do"]);
    for one in &found {
        shown.add_row([one.level.name(), one.check, &one.said, &one.advice]);
    }
    let worst = worst(&found);
    output.result(&json!({ "level": worst, "findings": found }), &shown);
    Ok(exit_code(worst))
}

fn worst(found: &[Finding]) -> Level {
    let levels = found.iter().map(|one| one.level);
    levels.max().unwrap_or(Level::Ok)
}

fn exit_code(worst: Level) -> ExitCode {
    match worst {
        Level::Ok => ExitCode::SUCCESS,
        Level::Warning => ExitCode::from(1),
        Level::Problem => ExitCode::from(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_finding_decides() {
        let all = [
            Finding::ok("a"),
            Finding::problem("b", "c"),
            Finding::warning("d", "e"),
        ];
        assert_eq!(worst(&all), Level::Problem);
        assert_eq!(worst(&all[..1]), Level::Ok);
        assert_eq!(worst(&[]), Level::Ok);
        assert_eq!(exit_code(Level::Ok), ExitCode::SUCCESS);
        assert_eq!(exit_code(Level::Warning), ExitCode::from(1));
        assert_eq!(exit_code(Level::Problem), ExitCode::from(2));
    }
}
