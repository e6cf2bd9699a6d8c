//! The command line: options that all commands share, and which command is meant.

use crate::commands::{
    Failure, ca, claim, completions, demo, device, dlq, doctor, down, fleet, man, reconcile,
    rotation, status, teardown, token, up, verifiers, voucher,
};
use crate::output::Output;
use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

/// Onboards devices to AWS IoT Core, and runs all of it on one machine.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
pub struct Cli {
    /// Print results as JSON on standard output
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Arguments),
    Fleet(fleet::Arguments),
    Claim(claim::Arguments),
    Ca(ca::Arguments),
    Verifiers(verifiers::Arguments),
    Device(device::Arguments),
    Token(token::Arguments),
    Voucher(voucher::Arguments),
    Rotation(rotation::Arguments),
    Reconcile(reconcile::Arguments),
    Dlq(dlq::Arguments),
    Doctor(doctor::Arguments),
    Up(up::Arguments),
    Down(down::Arguments),
    Status(status::Arguments),
    Teardown(teardown::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

impl Cli {
    /// Runs the command. Failures are told on standard error, with what to do next.
    pub async fn run(self) -> ExitCode {
        let output = Output::new(self.json);
        let result: Result<ExitCode, Failure> = match self.command {
            Command::Demo(arguments) => Box::pin(demo::run(arguments, &output)).await,
            Command::Fleet(arguments) => fleet::run(arguments, &output).await,
            Command::Claim(arguments) => claim::run(arguments, &output).await,
            Command::Ca(arguments) => ca::run(arguments, &output).await,
            Command::Verifiers(arguments) => verifiers::run(&arguments, &output).await,
            Command::Device(arguments) => device::run(arguments, &output).await,
            Command::Token(arguments) => token::run(arguments, &output).await,
            Command::Voucher(arguments) => voucher::run(arguments, &output).await,
            Command::Rotation(arguments) => rotation::run(arguments, &output).await,
            Command::Reconcile(arguments) => reconcile::run(arguments, &output).await,
            Command::Dlq(arguments) => dlq::run(arguments, &output).await,
            Command::Doctor(arguments) => doctor::run(&arguments, &output).await,
            Command::Up(arguments) => up::run(arguments, &output).await,
            Command::Down(arguments) => down::run(arguments, &output).await,
            Command::Status(arguments) => status::run(&arguments, &output),
            Command::Teardown(arguments) => teardown::run(&arguments, &output).await,
            Command::Completions(arguments) => completions::run(&arguments, Self::command()),
            Command::Man(arguments) => man::run(&arguments, Self::command(), &output),
        };
        result.unwrap_or_else(|failure| {
            output.failure(failure.as_ref());
            ExitCode::FAILURE
        })
    }
}
