//! `muster reconcile`: what the ledger and AWS IoT say differently.

mod advice;
mod remove;
mod run;
mod status;

use super::Failure;
use crate::output::Output;
use crate::target::{Target, TargetArguments};
use clap::{Args, Subcommand};
use std::process::ExitCode;

/// See what the ledger and AWS IoT say differently, and look again
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    target: TargetArguments,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Status(status::Arguments),
    Run(run::Arguments),
    Remove(remove::Arguments),
}

/// Runs the command.
pub async fn run(arguments: Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let target = Target::choose(&arguments.target).await?;
    match arguments.command {
        Command::Status(_) => status::run(&target, output).await,
        Command::Run(asked) => run::run(&target, &asked, output).await,
        Command::Remove(asked) => remove::run(&target, &asked, output).await,
    }
}
