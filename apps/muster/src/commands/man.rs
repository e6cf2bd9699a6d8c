//! `muster man`.

use super::Failure;
use crate::output::Output;
use clap_mangen::Man;
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Write muster's manual page on standard output, or the pages of all commands into a directory
///
/// For example: muster man --dir ~/.local/share/man/man1, and then man muster-dlq-redrive
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Where all pages go, one a command; is made if it is not there
    #[arg(long)]
    dir: Option<PathBuf>,
}

/// Runs the command; `command` is all of the command line.
pub fn run(
    arguments: &Arguments,
    command: clap::Command,
    output: &Output,
) -> Result<ExitCode, Failure> {
    // `help` has the pages of all the others once more.
    let command = command.disable_help_subcommand(true);
    let Some(directory) = &arguments.dir else {
        let mut page = Vec::new();
        Man::new(command).render(&mut page)?;
        std::io::stdout().write_all(&page)?;
        return Ok(ExitCode::SUCCESS);
    };
    let unwritten = |error| format!("cannot write into {}: {error}", directory.display());
    std::fs::create_dir_all(directory).map_err(unwritten)?;
    clap_mangen::generate_to(command, directory).map_err(unwritten)?;
    let text = format!("the manual pages are in {}", directory.display());
    output.result(&json!({ "directory": directory }), &text);
    Ok(ExitCode::SUCCESS)
}
