//! `muster dlq`: what functions could not take.

mod drop;
mod list;
mod meaning;
mod queue;
mod redrive;
mod show;
mod times;

use super::Failure;
use crate::output::Output;
use crate::target::{Target, TargetArguments};
use clap::{Args, Subcommand};
use std::process::ExitCode;

/// Look at what is in dead-letter queues, put it back, or drop it
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    target: TargetArguments,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Arguments),
    Show(show::Arguments),
    Redrive(redrive::Arguments),
    Drop(drop::Arguments),
}

/// Runs the command.
pub async fn run(arguments: Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let target = Target::choose(&arguments.target).await?;
    let now = jiff::Timestamp::now().as_millisecond();
    match arguments.command {
        Command::List(_) => list::run(&target, now, output).await,
        Command::Show(asked) => show::run(&target, asked, output).await,
        Command::Redrive(asked) => redrive::run(&target, asked, now, output).await,
        Command::Drop(asked) => drop::run(&target, asked, now, output).await,
    }
}
