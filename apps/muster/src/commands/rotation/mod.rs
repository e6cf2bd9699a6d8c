//! `muster rotation`: certificates that are due, as the operator on call sees them.

mod chart;
mod follow;
mod order;
mod plan;
mod run;
mod status;

use super::Failure;
use crate::output::Output;
use crate::target::{Target, TargetArguments};
use clap::{Args, Subcommand};
use std::process::ExitCode;

/// See which devices are due to renew their certificates, order it, and run the workflow that tells them
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
    Plan(plan::Arguments),
    Run(run::Arguments),
    Order(order::Arguments),
    Follow(follow::Arguments),
}

/// Runs the command.
pub async fn run(arguments: Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let target = Target::choose(&arguments.target).await?;
    match arguments.command {
        Command::Status(asked) => status::run(&target, &asked, output).await,
        Command::Plan(asked) => plan::run(&target, &asked, output).await,
        Command::Run(asked) => run::run(&target, &asked, output).await,
        Command::Order(asked) => order::run(&target, asked, output).await,
        Command::Follow(_) => follow::run(&target, output).await,
    }
}
