//! `muster completions`.

use super::Failure;
use clap_complete::Shell;
use std::io::Write;
use std::process::ExitCode;

/// Write what a shell needs to complete muster's commands and options, on standard output
///
/// For bash: muster completions bash > ~/.local/share/bash-completion/completions/muster
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs the command; `command` is all of the command line.
pub fn run(arguments: &Arguments, mut command: clap::Command) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "muster", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}
