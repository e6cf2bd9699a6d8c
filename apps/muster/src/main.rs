//! `muster`: the operator's CLI.

use clap::Parser;
use muster::cli::Cli;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    Cli::parse().run().await
}
