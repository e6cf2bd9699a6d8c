//! `muster demo`: the whole way, with real devices over mutual TLS.

use super::Failure;
use crate::demo::{self, Demo, Leavings, Report, Routes};
use crate::local::{Checkout, LocalStack, StackDirectory, StackOptions};
use crate::output::Output;
use crate::target::{Target, TargetArguments};
use clap::Args;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Bring devices in on every way, from their request to their first message, and show how it went
///
/// Without --stack it starts a local stack of its own, with legacy mode on, and takes it down at the end. On a stack on
/// AWS it takes away what it made there. Exit status 1 if any device failed.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    target: TargetArguments,
    /// Which ways in
    #[arg(long, value_name = "ROUTE", default_value = "all")]
    route: Routes,
    /// How many devices; they take the ways in by turns
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    devices: u16,
    /// How many of them at a time
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    at_once: u16,
    /// The largest MQTT packet that the chunked devices take, in bytes
    #[arg(long, default_value_t = 256)]
    packet_size: usize,
}

/// Runs the command.
pub async fn run(arguments: Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let demo = Demo {
        routes: arguments.route,
        devices: arguments.devices,
        at_once: arguments.at_once,
        packet_size: arguments.packet_size,
    };
    let report = if arguments.target.stack.is_some() {
        let target = Target::choose(&arguments.target).await?;
        let leavings = Leavings::default();
        let played = demo::run(&target, &demo, &leavings, output);
        let report = Box::pin(unless_stopped(played)).await;
        let cleaned = demo::clean_up(&target, &leavings, output).await;
        // What went wrong first is what the person wants to know.
        let report = report?;
        cleaned?;
        report
    } else {
        // Dropped halfway, it ends the local stack that it has started.
        Box::pin(unless_stopped(on_a_local_stack(&demo, output))).await?
    };
    output.result(&report, &report);
    Ok(if report.failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Runs something to its end, or until the program is told to stop.
async fn unless_stopped<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        result = work => result,
        _ = interrupted.recv() => Err("interrupted".into()),
        _ = terminated.recv() => Err("terminated".into()),
    }
}

async fn on_a_local_stack(demo: &Demo, output: &Output) -> Result<Report, Failure> {
    let checkout = Checkout::find()?;
    let mut options = StackOptions::new(&checkout);
    options.parameters = vec![("LegacyMode".to_owned(), "on".to_owned())];
    let directory = StackDirectory::private(&checkout)?;
    let stack = LocalStack::start(&checkout, directory, &options, &|line| {
        output.progress(line);
    })
    .await?;
    let target = Target::local(stack.state());
    let report = demo::run(&target, demo, &Leavings::default(), output).await?;
    stack.stop().await;
    Ok(report)
}
