//! `muster ca`: the authorities whose devices come in with certificates of their own.

mod list;
mod register;
mod remove;

use super::Failure;
use crate::output::Output;
use crate::target::{Target, TargetArguments};
use clap::{Args, Subcommand};
use muster_cloud::operator::{Authorities, Authority};
use serde_json::json;
use std::process::ExitCode;

/// Register, list, disable, enable and remove certificate authorities
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    target: TargetArguments,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Register(Box<register::Arguments>),
    /// Show the account's registration code: the common name of the certificate that proves a CA's key
    RegistrationCode,
    List(list::Arguments),
    /// Let no more devices of a CA in; those that are in stay in
    Disable {
        /// The CA's certificate id, or enough of its beginning
        certificate_id: String,
    },
    /// Let a CA's devices in again
    Enable {
        /// The CA's certificate id, or enough of its beginning
        certificate_id: String,
    },
    /// Remove a CA that is disabled from AWS IoT, and its files, its key among them, from the vault; devices that are in
    /// stay in
    Remove {
        /// The CA's certificate id, or enough of its beginning
        certificate_id: String,
    },
}

/// Runs the command.
pub async fn run(arguments: Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let target = Target::choose(&arguments.target).await?;
    match arguments.command {
        Command::Register(asked) => register::run(&target, &asked, output).await?,
        Command::RegistrationCode => {
            let code = target.authorities().registration_code().await?;
            output.result(&json!({ "registrationCode": code }), &code);
        }
        Command::List(asked) => list::run(&target, &asked, output).await?,
        Command::Disable { certificate_id } => {
            let ca = set_admitting(&target.authorities(), &certificate_id, false).await?;
            output.result(
                &json!({ "disabled": ca.certificate_id }),
                &format!(
                    "disabled {} ({}): no further device of it gets in, at the latest in a minute; those that are in \
                     stay in",
                    ca.certificate_id, ca.common_name
                ),
            );
        }
        Command::Enable { certificate_id } => {
            let ca = set_admitting(&target.authorities(), &certificate_id, true).await?;
            output.result(
                &json!({ "enabled": ca.certificate_id }),
                &format!(
                    "enabled {} ({}): its devices get in again, at the latest in a minute",
                    ca.certificate_id, ca.common_name
                ),
            );
        }
        Command::Remove { certificate_id } => {
            remove::run(&target, &certificate_id, output).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn set_admitting(
    authorities: &Authorities,
    id: &str,
    admitting: bool,
) -> Result<Authority, Failure> {
    let ca = find(authorities.list().await?, id)?;
    authorities
        .set_admitting(&ca.certificate_id, admitting)
        .await?;
    Ok(ca)
}

/// Among those that Muster serves: another system's CAs are not Muster's to shut.
pub(super) fn find(all: Vec<Authority>, id: &str) -> Result<Authority, Failure> {
    let mut found: Vec<_> = all
        .into_iter()
        .filter(|ca| ca.served && ca.certificate_id.starts_with(id))
        .collect();
    match (found.len(), found.pop()) {
        (1, Some(ca)) => Ok(ca),
        (0, _) => Err(format!(
            "no CA that Muster serves begins with {id}; `muster ca list` shows them"
        )
        .into()),
        (many, _) => Err(format!("{many} CAs begin with {id}; give more of the id").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn ca(id: &str, served: bool) -> Authority {
        Authority {
            certificate_id: id.to_owned(),
            common_name: String::new(),
            status: String::new(),
            auto_registration: String::new(),
            verifier: None,
            route: "jitr",
            expires_at: 0,
            served,
        }
    }

    #[test]
    fn a_ca_is_found_by_the_beginning_of_its_id_if_it_is_musters_and_the_only_one() {
        let all = || vec![ca("ab1", true), ca("ab2", true), ca("cd1", false)];
        assert_eq!(find(all(), "ab2").unwrap().certificate_id, "ab2");
        for (id, said) in [("ab", "2 CAs"), ("cd", "no CA"), ("x", "no CA")] {
            let error = find(all(), id).unwrap_err().to_string();
            assert!(error.starts_with(said), "{id}: {error}");
        }
    }
}
