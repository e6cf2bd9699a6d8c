//! `muster verifiers`: which verifiers a certificate authority can name.

use super::Failure;
use crate::output::Output;
use crate::table;
use crate::target::{Target, TargetArguments};
use clap::Args;
use muster_documents::Verifiers;
use std::process::ExitCode;

/// List the verifiers that a certificate authority can name
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    target: TargetArguments,
}

/// Runs the command.
pub async fn run(arguments: &Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let target = Target::choose(&arguments.target).await?;
    let found: Verifiers = target.api()?.get("/verifiers").await?;
    let mut shown = table::new(&["verifier"]);
    for name in &found.verifiers {
        shown.add_row([name]);
    }
    output.result(&found, &table::or(&shown, "no verifiers"));
    Ok(ExitCode::SUCCESS)
}
