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
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..))]
    devices: u16,
    /// How many of them at a time
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    at_once: u16,
    /// The largest MQTT packet that the chunked devices take, in bytes
    #[arg(long, default_value_t = 256)]
    packet_size: usize,
    /// Afterwards have those devices that can renew their certificates by themselves, as they are told to every year; on a
    /// local stack alone, since it takes a run that sees to all devices of the stack that are due
    #[arg(long, conflicts_with = "stack")]
    rotate: bool,
}

impl Arguments {
    /// Before anything is started.
    fn can_be_played(&self) -> Result<(), Failure> {
        if self.rotate && !self.route.rotates() {
            return Err(
                "no device of this route can renew its certificate: a CA has signed it. --rotate takes the route claim, \
                 fleet, vending or all"
                    .into(),
            );
        }
        Ok(())
    }
}

/// Runs the command.
pub async fn run(arguments: Arguments, output: &Output) -> Result<ExitCode, Failure> {
    arguments.can_be_played()?;
    let demo = Demo {
        routes: arguments.route,
        devices: arguments.devices,
        at_once: arguments.at_once,
        packet_size: arguments.packet_size,
        rotate: arguments.rotate,
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        asked: Arguments,
    }

    fn read(line: &str) -> Result<Arguments, clap::Error> {
        let words = ["demo"].into_iter().chain(line.split_whitespace());
        Line::try_parse_from(words).map(|line| line.asked)
    }

    #[test]
    fn certificates_are_renewed_by_who_can_and_where_nobody_elses_devices_are() {
        for route in ["claim", "fleet", "vending", "all"] {
            let asked = read(&format!("--rotate --route {route}")).unwrap();
            assert!(asked.can_be_played().is_ok(), "{route}");
        }
        for route in ["jitr", "jitp"] {
            let asked = read(&format!("--rotate --route {route}")).unwrap();
            let refused = asked.can_be_played().unwrap_err().to_string();
            assert!(
                refused.contains("claim, fleet, vending or all"),
                "{refused}"
            );
            let asked = read(&format!("--route {route}")).unwrap();
            assert!(asked.can_be_played().is_ok(), "{route}");
        }
        assert!(read("--rotate --stack plant").is_err());
    }
}
