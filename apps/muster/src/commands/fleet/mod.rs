//! `muster fleet`: devices that get their identity by AWS IoT's fleet provisioning.

mod bundle;
mod client;
mod create;
mod import;
mod shown;

use super::Failure;
use crate::output::Output;
use crate::table;
use crate::target::{Target, TargetArguments};
use clap::{Args, Subcommand};
use muster_documents::{FleetName, RemovedFleet};
use serde_json::json;
use std::process::ExitCode;

/// Set up, list, show and delete fleets, get their bundles, and import devices that AWS IoT has already
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    target: TargetArguments,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Create(Box<create::Arguments>),
    /// List the fleets
    List,
    /// Show a fleet, its claim certificates and what happened to it
    Show {
        /// Its name
        name: String,
    },
    /// Take a fleet down: templates, claim certificates, policies, bundles
    Delete {
        /// Its name
        name: String,
        /// Leave its devices their certificates, and the policy that they share; else a fleet with devices is not taken down
        #[arg(long)]
        keep_devices: bool,
    },
    Import(Box<import::Arguments>),
    Bundle(bundle::Arguments),
    Client(client::Arguments),
}

/// Runs the command.
pub async fn run(arguments: Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let target = Target::choose(&arguments.target).await?;
    match arguments.command {
        Command::Create(asked) => create::run(&target, *asked, output).await?,
        Command::List => list(&target, output).await?,
        Command::Show { name } => return shown::run(&target, &FleetName::new(name)?, output).await,
        Command::Delete { name, keep_devices } => {
            delete(&target, &FleetName::new(name)?, keep_devices, output).await?;
        }
        Command::Import(asked) => return import::run(&target, *asked, output).await,
        Command::Bundle(asked) => bundle::run(&target, &asked, output).await?,
        Command::Client(asked) => client::run(&target, &asked, output).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(target: &Target, output: &Output) -> Result<(), Failure> {
    let fleets = target.fleets()?.list().await?;
    let mut shown = table::new(&["fleet", "state", "models", "admission", "last change"]);
    for fleet in &fleets {
        let settings = fleet.settings.as_ref();
        let models = settings.map_or(0, |settings| settings.models.len());
        let admission = settings.map_or("-", |settings| settings.admission.name());
        shown.add_row([
            &fleet.template_name,
            &fleet.state,
            &models.to_string(),
            admission,
            fleet.updated_at.as_deref().unwrap_or("-"),
        ]);
    }
    output.result(
        &json!({ "fleets": fleets }),
        &table::or(&shown, "no fleets; `muster fleet create NAME` makes one"),
    );
    Ok(())
}

async fn delete(
    target: &Target,
    name: &FleetName,
    keep_devices: bool,
    output: &Output,
) -> Result<(), Failure> {
    let path = format!("/fleets/{name}?keepDevices={keep_devices}");
    let removed: RemovedFleet = target.api()?.delete(&path).await?;
    let mut kept = removed.kept_policies.clone();
    kept.extend(removed.kept_role_alias.clone());
    let kept = match kept.as_slice() {
        [] => String::new(),
        kept => format!("; its devices stay in, and keep {}", kept.join(", ")),
    };
    output.result(&removed, &format!("removed the fleet {name}{kept}"));
    Ok(())
}
