//! `muster up`: starts the local stack, and stays with it.

use super::Failure;
use super::status::Shown;
use crate::local::{self, Checkout, LocalStack, StackOptions, WantedPorts};
use crate::output::Output;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Start the local stack: the AWS emulator with the template deployed in it
///
/// It runs until Ctrl-C, or with --detach until `muster down`. A killed `muster up` leaves nothing running either.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The port for all AWS APIs [default: a free one]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// The port for MQTT over TLS [default: a free one]
    #[arg(long, value_name = "PORT")]
    mqtt_port: Option<u16>,
    /// A parameter of the template; may be given again for each
    #[arg(long = "parameter", value_name = "KEY=VALUE", value_parser = key_and_value)]
    parameters: Vec<(String, String)>,
    /// The template to deploy [default: template.yaml of this checkout]
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// Leave it running and return once it is ready
    #[arg(long)]
    detach: bool,
}

fn key_and_value(argument: &str) -> Result<(String, String), String> {
    match argument.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as KEY=VALUE".to_owned()),
    }
}

/// Runs the command.
pub async fn run(arguments: Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    let ended_by_person = async {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    };
    tokio::pin!(ended_by_person);

    let checkout = Checkout::find()?;
    let (directory, _lock) = local::claim(&checkout)?;
    let mut options = StackOptions::new(&checkout);
    options.ports = WantedPorts {
        gateway: arguments.port,
        mqtt: arguments.mqtt_port,
    };
    options.parameters = arguments.parameters;
    if let Some(template) = arguments.template {
        options.template = std::path::absolute(template)?;
    }

    let say = |line: &str| output.progress(line);
    let started = LocalStack::start(&checkout, directory, &options, &say);
    let mut stack = tokio::select! {
        stack = started => stack?,
        // Dropping the future ends what it has started.
        () = &mut ended_by_person => {
            output.progress("stopped before the local stack was ready");
            return Ok(ExitCode::FAILURE);
        }
    };
    output.progress("the local stack is ready");
    let shown = Shown::of(stack.state());
    output.result(&shown, &shown);
    if arguments.detach {
        stack.detach().await?;
        output.progress("it runs on; `muster down` ends it");
        return Ok(ExitCode::SUCCESS);
    }
    output.progress("Ctrl-C ends it");
    tokio::select! {
        failure = stack.died() => {
            if !stack.was_taken_down() {
                return Err(failure.into());
            }
            output.progress("ended by `muster down`");
        }
        () = &mut ended_by_person => {
            stack.stop().await;
            output.progress("the local stack has ended");
        }
    }
    Ok(ExitCode::SUCCESS)
}
