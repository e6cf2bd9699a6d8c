//! The program that runs on an edge device.

mod arguments;
mod saying;
mod signals;

use arguments::{Arguments, Command, StatusArguments, Task, Vend};
use clap::Parser;
use edge_client::{
    Progress, RunError, fleet, join, request, rotate, rotate_fleet, rotate_vended, run, status,
    stay, stay_fleet, stay_vended, vend, vend_again,
};
use signals::told_to_end;
use std::error::Error;
use std::process::ExitCode;

/// Anything that is neither a refusal nor giving up: wrong arguments, unreadable files.
const WRONG: u8 = 1;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // clap's own exit status for wrong arguments, 2, means a refusal here.
            let code = if error.use_stderr() { WRONG } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    match arguments.command {
        Command::Provision(provision) => {
            let json = provision.common.json;
            let task = provision.rotation.task();
            let config = (*provision).into();
            let watch = |progress: &Progress| saying::progress(progress, json);
            match task {
                Task::Get => until_it_ends(run(config, watch), saying::outcome, json),
                Task::Rotate => until_it_ends(rotate(config, watch), saying::outcome, json),
                Task::Stay => {
                    let staying = async { stay(config, told_to_end(), watch).await };
                    until_it_ends(staying, |(), json| saying::stopped(json), json)
                }
            }
        }
        Command::Fleet(member) => {
            let json = member.json;
            let task = member.rotation.task();
            let config = match member.config() {
                Ok(config) => config,
                Err(error) => return ended_badly(&error, json),
            };
            let watch = |progress: &Progress| saying::progress(progress, json);
            match task {
                Task::Get => until_it_ends(fleet(config, watch), saying::outcome, json),
                Task::Rotate => until_it_ends(rotate_fleet(config, watch), saying::outcome, json),
                Task::Stay => {
                    let staying = async { stay_fleet(config, told_to_end(), watch).await };
                    until_it_ends(staying, |(), json| saying::stopped(json), json)
                }
            }
        }
        Command::Vend(asked) => get_vended(*asked),
        Command::Join(brought) => {
            let json = brought.common.json;
            let joined = join((*brought).into(), |progress| {
                saying::progress(progress, json);
            });
            until_it_ends(joined, saying::joined, json)
        }
        Command::Request(asked) => match request(&asked.store, &asked.common_name) {
            Ok(requested) => {
                saying::requested(&requested, asked.json);
                ExitCode::SUCCESS
            }
            Err(error) => fail(&error, RunError::exit_code(&error)),
        },
        Command::Status(arguments) => show_status(&arguments),
    }
}

fn get_vended(asked: Vend) -> ExitCode {
    let (json, again, task) = (asked.json, asked.again, asked.rotation.task());
    let config = match asked.config() {
        Ok(config) => config,
        Err(error) => return ended_badly(&error, json),
    };
    let watch = |progress: &Progress| saying::progress(progress, json);
    match task {
        Task::Get if again => until_it_ends(vend_again(config, watch), saying::outcome, json),
        Task::Get => until_it_ends(vend(config, watch), saying::outcome, json),
        Task::Rotate => until_it_ends(rotate_vended(config, watch), saying::outcome, json),
        Task::Stay => {
            let staying = async { stay_vended(config, told_to_end(), watch).await };
            until_it_ends(staying, |(), json| saying::stopped(json), json)
        }
    }
}

fn until_it_ends<T>(
    work: impl Future<Output = Result<T, RunError>>,
    say: impl FnOnce(&T, bool),
    json: bool,
) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error, WRONG),
    };
    match runtime.block_on(work) {
        Ok(outcome) => {
            say(&outcome, json);
            ExitCode::SUCCESS
        }
        Err(error) => ended_badly(&error, json),
    }
}

fn ended_badly(error: &RunError, json: bool) -> ExitCode {
    if json {
        saying::failure(error);
    }
    fail(error, error.exit_code())
}

fn show_status(arguments: &StatusArguments) -> ExitCode {
    if !arguments.store.is_dir() {
        eprintln!(
            "edge-client: there is no credential store at {}",
            arguments.store.display()
        );
        return ExitCode::from(WRONG);
    }
    match status(&arguments.store) {
        Ok(status) => {
            saying::status(&status, arguments.json);
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error, WRONG),
    }
}

/// Says what failed and why, down to the cause.
fn fail(error: &dyn Error, code: u8) -> ExitCode {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    eprintln!("edge-client: {text}");
    ExitCode::from(code)
}
