//! `muster device`: who may be served, what became of them, and one played here.

use super::{Failure, certificate, forget, given_file, simulate};
use crate::output::Output;
use crate::release;
use crate::table;
use crate::target::{Target, TargetArguments};
use crate::timeline::{HandedOut, NOT_CONNECTED, Shown};
use crate::token::Standing;
use clap::{Args, Subcommand, ValueEnum};
use muster_cloud::operator::{Device, Import, Ways};
use muster_documents::Serial;
use muster_onboarding::ledger::WayIn;
use muster_onboarding::ports::HandingOutLedger;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Import, forget, show, list, release, certify and simulate devices
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    target: TargetArguments,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make serials known: a CSV file with the columns serial and, if you like, model; - reads standard input
    Import {
        /// The file
        file: PathBuf,
        /// Let them in this way only: with a claim certificate, with a certificate that a CA of yours or of Muster's has
        /// signed, or with a token over HTTPS; any lifts it [default: as they were imported before, else any]
        #[arg(long, value_name = "WAY")]
        only_by: Option<OnlyBy>,
    },
    /// Make imported serials unknown again; those that have come in, or are at it, stay and are named
    Forget(forget::Arguments),
    /// Show what happened to a device, and why
    Show {
        /// Its serial
        serial: String,
    },
    /// List the devices
    List {
        /// Only those in this state: known, provisioning or provisioned
        #[arg(long)]
        state: Option<String>,
    },
    /// Take a device's certificates and its token away, and free its serial; one that nobody imported is forgotten: for a
    /// device that lost its key, or whose serial somebody else is holding
    Release {
        /// Its serial
        serial: String,
    },
    /// Get a device a certificate of a CA of Muster's, with which it comes in by itself
    Certificate(Box<certificate::Arguments>),
    /// Play a device: provision it over mutual TLS, with the edge client's own code
    Simulate(simulate::Arguments),
}

/// As the command line names the ways in.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum OnlyBy {
    Claim,
    Certificate,
    Token,
    Any,
}

fn ways(only_by: Option<OnlyBy>) -> Ways {
    match only_by {
        None => Ways::AsBefore,
        Some(OnlyBy::Any) => Ways::Any,
        Some(OnlyBy::Claim) => Ways::Only(WayIn::Claim),
        Some(OnlyBy::Certificate) => Ways::Only(WayIn::Certificate),
        Some(OnlyBy::Token) => Ways::Only(WayIn::Token),
    }
}

/// Runs the command.
pub async fn run(arguments: Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let target = Target::choose(&arguments.target).await?;
    match arguments.command {
        Command::Import { file, only_by } => import(&target, &file, only_by, output).await,
        Command::Forget(arguments) => forget::run(&target, &arguments, output).await,
        Command::Show { serial } => show(&target, &Serial::new(serial)?, output).await,
        Command::List { state } => list(&target, state.as_deref(), output).await,
        Command::Release { serial } => release(&target, &Serial::new(serial)?, output).await,
        Command::Certificate(arguments) => certificate::run(&target, *arguments, output).await,
        Command::Simulate(arguments) => simulate::run(&target, arguments, output).await,
    }
}

/// Imports what is well-formed and names what is not: a bad line loses none of the others.
async fn import(
    target: &Target,
    file: &Path,
    only_by: Option<OnlyBy>,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let text = given_file::read(file)?;
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(text.as_slice());
    let column = |headers: &csv::StringRecord, name| {
        headers
            .iter()
            .position(|header| header.eq_ignore_ascii_case(name))
    };
    let headers = reader.headers()?.clone();
    let serial_column = column(&headers, "serial").ok_or_else(|| {
        format!("{} has no column serial: its first line has to name the columns, for example `serial,model`", file.display())
    })?;
    let model_column = column(&headers, "model");

    let devices = target.devices()?;
    let ways = ways(only_by);
    let now = jiff::Timestamp::now().to_string();
    let (mut imported, mut already, mut refused) = (0u64, 0u64, Vec::new());
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                refused.push(error.to_string());
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let serial = record.get(serial_column).unwrap_or_default();
        match Serial::new(serial) {
            Ok(serial) => {
                let model = model_column
                    .and_then(|column| record.get(column))
                    .filter(|model| !model.is_empty());
                match devices.import(&serial, model, ways, &now).await? {
                    Import::Imported => imported += 1,
                    Import::AlreadyThere => already += 1,
                }
            }
            Err(why) => refused.push(format!("line {line}: {serial:?} is no serial: {why}")),
        }
    }
    let mut text = format!(
        "{imported} imported, {already} known before, {} refused",
        refused.len()
    );
    for line in &refused {
        text.push_str("\n  ");
        text.push_str(line);
    }
    output.result(
        &json!({ "imported": imported, "knownBefore": already, "refused": refused }),
        &text,
    );
    Ok(if refused.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn show(target: &Target, serial: &Serial, output: &Output) -> Result<ExitCode, Failure> {
    let (device, timeline) = target.devices()?.show(serial).await?;
    let handed_out = target.ledger()?.handed_out(serial).await?;
    let handed_out = handed_out.into_iter().map(|one| {
        Ok(HandedOut {
            certificate_id: one.certificate.id,
            ca_certificate_id: one.ca_certificate_id,
            not_after: jiff::Timestamp::from_second(one.not_after)?.to_string(),
        })
    });
    let handed_out = handed_out.collect::<Result<Vec<_>, Failure>>()?;
    let asked_since = device
        .as_ref()
        .and_then(|device| device.rotation.asked_since);
    let deadline = asked_since
        .map(|since| Ok::<_, Failure>(target.rotation_policy()?.deadline(since)))
        .transpose()?;
    let (tokens, now) = (target.tokens()?, jiff::Timestamp::now().as_second());
    let token = tokens.show(serial).await?;
    let shown = Shown {
        serial,
        device,
        deadline,
        token: token.map(|token| Standing::new(token, now)),
        wrong_tokens_last_hour: tokens.wrong_in_last_hour(serial, now).await?,
        handed_out,
        timeline,
    };
    output.result(&shown, &shown);
    Ok(if shown.is_known() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn list(target: &Target, state: Option<&str>, output: &Output) -> Result<ExitCode, Failure> {
    let devices = target.devices()?.list(state).await?;
    let mut shown = table::new(&["serial", "model", "state", "certificate", "last change"]);
    for device in &devices {
        let cell = |text: &Option<String>| text.clone().unwrap_or_default();
        let certificate: String = cell(&device.certificate_id).chars().take(12).collect();
        shown.add_row([
            &device.serial,
            &cell(&device.model),
            &standing(device),
            &certificate,
            &cell(&device.updated_at),
        ]);
    }
    output.result(
        &json!({ "devices": devices }),
        &table::or(
            &shown,
            "no devices; `muster device import FILE.csv` makes serials known",
        ),
    );
    Ok(ExitCode::SUCCESS)
}

/// A device's state, and whether it has yet to show that it has its certificate.
fn standing(device: &Device) -> String {
    match device.unproven_certificate_id {
        Some(_) => format!("{}, {NOT_CONNECTED}", device.state),
        None => device.state.clone(),
    }
}

async fn release(target: &Target, serial: &Serial, output: &Output) -> Result<ExitCode, Failure> {
    let taken = release::release(target, serial).await?;
    let certificates = match taken.as_slice() {
        [] => "it had no certificate yet".to_owned(),
        ids => format!("taken away: {}", ids.join(", ")),
    };
    output.result(
        &json!({ "released": serial, "certificateIds": taken }),
        &format!("{serial} is free again, and no token of it is good any more; {certificates}"),
    );
    Ok(ExitCode::SUCCESS)
}
