//! `muster token`: what a device shows that has nothing else, over HTTPS.

mod batch;
mod devices;
mod issue;
mod revoke;

use super::{Failure, serials};
use crate::output::Output;
use crate::table;
use crate::target::{Target, TargetArguments};
use crate::token::{Standing, time};
use clap::{Args, Subcommand};
use muster_cloud::operator::Tokens;
use muster_documents::Serial;
use serde_json::json;
use std::process::ExitCode;

/// Issue, show, list and revoke tokens, with which devices ask for a certificate or their shadow over HTTPS
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    target: TargetArguments,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Issue(issue::Arguments),
    /// List all tokens, without their texts, which nobody has
    List,
    /// Show how a device's token stands, without its text, which nobody has
    Show {
        /// The device
        #[arg(value_parser = serials::argument)]
        serial: Serial,
    },
    Revoke(revoke::Arguments),
}

/// Runs the command.
pub async fn run(arguments: Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let target = Target::choose(&arguments.target).await?;
    let now = jiff::Timestamp::now().as_second();
    match arguments.command {
        Command::Issue(asked) => issue::run(&target, asked, now, output).await,
        Command::List => list(&target.tokens()?, now, output).await,
        Command::Show { serial } => show(&target.tokens()?, &serial, now, output).await,
        Command::Revoke(asked) => revoke::run(&target.tokens()?, asked, output).await,
    }
}

async fn list(tokens: &Tokens, now: i64, output: &Output) -> Result<ExitCode, Failure> {
    let all = tokens.list().await?.into_iter();
    let all: Vec<_> = all.map(|token| Standing::new(token, now)).collect();
    let mut shown = table::new(&["serial", "opens", "issued", "good until", "state"]);
    for standing in &all {
        let token = &standing.token;
        shown.add_row([
            token.serial.as_str(),
            &token.opens,
            &time(token.created_at),
            &time(token.expires_at),
            &standing.said(),
        ]);
    }
    let none = "no tokens; `muster token issue SERIAL` makes one";
    output.result(&json!({ "tokens": all }), &table::or(&shown, none));
    Ok(ExitCode::SUCCESS)
}

async fn show(
    tokens: &Tokens,
    serial: &Serial,
    now: i64,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let token = tokens.show(serial).await?;
    let token =
        token.ok_or_else(|| format!("{serial} has no token; `muster token issue` makes one"))?;
    let standing = Standing::new(token, now);
    output.result(&standing, &standing);
    Ok(ExitCode::SUCCESS)
}

/// Serials in a sentence.
fn listed(serials: &[Serial]) -> String {
    let serials: Vec<_> = serials.iter().map(Serial::as_str).collect();
    serials.join(", ")
}
