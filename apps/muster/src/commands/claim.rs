//! `muster claim`: the certificates that devices share until they have their own.

use super::Failure;
use super::new_file::new_file;
use crate::claims::revoke;
use crate::output::Output;
use crate::table;
use crate::target::{Target, TargetArguments};
use clap::{Args, Subcommand};
use muster_cloud::operator::{Claim, Claims};
use muster_documents::{DEFAULT_OVERLAP_HOURS, FleetAnswer, FleetName, RotateClaim};
use secrecy::ExposeSecret;
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Make, take in, list, rotate and revoke claim certificates
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    target: TargetArguments,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a claim certificate; its private key is made here and stored nowhere else
    Create {
        /// What you call it, for example the production line
        #[arg(long, default_value = "claim")]
        name: String,
        /// Where to write claim.cert.pem and claim.key.pem
        #[arg(long, value_name = "DIRECTORY", default_value = ".")]
        out: PathBuf,
    },
    /// Let devices ask with a claim certificate that another system has made, and that they hold already
    ///
    /// It gets the claim policies beside those that it has. They forbid connecting with a client id that does not end in a letter
    /// or a digit, or has one of * ? $ + # / in it. The undo is `muster claim revoke`, which leaves the certificate.
    Adopt {
        /// Its certificate id
        certificate_id: String,
        /// What you call it, for example the production line
        #[arg(long, default_value = "claim")]
        name: String,
    },
    /// Give a fleet another claim certificate, and its bundles with it; the old one lets devices in for a while yet
    Rotate {
        /// The fleet
        fleet: String,
        /// For how long devices may still come with the old one, 0 to 8640 [default: 720, which are 30 days]
        #[arg(long, value_name = "HOURS")]
        overlap_hours: Option<i64>,
    },
    /// Deactivate and delete a claim certificate, at once; one that another system has made is only let go
    Revoke {
        /// Its certificate id, or enough of its beginning
        certificate_id: String,
    },
    /// Let no device in with a claim certificate, at once, until it is reopened
    Shut {
        /// Its certificate id, or enough of its beginning
        certificate_id: String,
    },
    /// Let devices in again with a claim certificate that was shut, by hand or by a surge of requests
    Reopen {
        /// Its certificate id, or enough of its beginning
        certificate_id: String,
    },
    /// List the claim certificates
    List,
}

/// Runs the command.
pub async fn run(arguments: Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let target = Target::choose(&arguments.target).await?;
    let claims = target.claims()?;
    match arguments.command {
        Command::Create { name, out } => create(&claims, &name, &out, output).await?,
        Command::Adopt {
            certificate_id,
            name,
        } => adopt(&claims, &certificate_id, &name, output).await?,
        Command::Rotate {
            fleet,
            overlap_hours,
        } => rotate(&target, FleetName::new(fleet)?, overlap_hours, output).await?,
        Command::Revoke { certificate_id } => {
            let claim = find(claims.list().await?, &certificate_id)?;
            take_away(&target, &claim, output).await?;
        }
        Command::Shut { certificate_id } => {
            let claim = find(claims.list().await?, &certificate_id)?;
            claims.shut(&claim.certificate_id, "operator").await?;
            output.result(
                &json!({ "shut": claim.certificate_id }),
                &format!(
                    "{} lets no device in; the undo is `muster claim reopen`",
                    claim.certificate_id
                ),
            );
        }
        Command::Reopen { certificate_id } => {
            let claim = find(claims.list().await?, &certificate_id)?;
            claims.reopen(&claim.certificate_id).await?;
            output.result(
                &json!({ "reopened": claim.certificate_id }),
                &format!("{} lets devices in again", claim.certificate_id),
            );
        }
        Command::List => {
            let all = claims.list().await?;
            let mut shown = table::new(&["certificate id", "name", "fleet", "status", "made"]);
            for claim in &all {
                let made = jiff::Timestamp::from_second(claim.created_at)?.to_string();
                shown.add_row([
                    &claim.certificate_id,
                    &claim.name,
                    claim.fleet.as_deref().unwrap_or("-"),
                    &standing(claim),
                    &made,
                ]);
            }
            output.result(
                &json!({ "claims": all }),
                &table::or(
                    &shown,
                    "no claim certificates; `muster claim create` makes one",
                ),
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn create(claims: &Claims, name: &str, out: &Path, output: &Output) -> Result<(), Failure> {
    let (certificate, key) = (out.join("claim.cert.pem"), out.join("claim.key.pem"));
    std::fs::create_dir_all(out)?;
    // Taken before anything is made: a key that cannot be written would be lost.
    let mut certificate_file = new_file(&certificate, 0o644)?;
    let mut key_file = new_file(&key, 0o600).inspect_err(|_| forget(&certificate))?;
    let claim = claims
        .create(name, jiff::Timestamp::now().as_second())
        .await
        .inspect_err(|_| {
            forget(&certificate);
            forget(&key);
        })?;
    certificate_file.write_all(claim.certificate_pem.as_bytes())?;
    key_file.write_all(claim.private_key_pem.expose_secret().as_bytes())?;
    output.result(
        &json!({ "certificateId": claim.certificate_id, "certificate": certificate, "privateKey": key }),
        &format!(
            "claim certificate {}\n  certificate {}\n  private key {} (keep it out of repositories and logs)",
            claim.certificate_id,
            certificate.display(),
            key.display()
        ),
    );
    Ok(())
}

async fn adopt(
    claims: &Claims,
    certificate_id: &str,
    name: &str,
    output: &Output,
) -> Result<(), Failure> {
    let now = jiff::Timestamp::now().as_second();
    let (claim, policies) = claims.adopt(certificate_id, name, now).await?;
    let mut said = format!(
        "{certificate_id} is a claim certificate: {}",
        standing(&claim)
    );
    if !policies.is_empty() {
        said += "; what its other policies allow it may do still, detach them when nothing needs them: ";
        said += &policies.join(", ");
    }
    output.result(
        &json!({ "adopted": claim, "otherPolicies": policies }),
        &said,
    );
    Ok(())
}

async fn take_away(target: &Target, claim: &Claim, output: &Output) -> Result<(), Failure> {
    revoke(target, claim).await?;
    if claim.is_others() {
        output.result(
            &json!({ "letGo": claim.certificate_id }),
            &format!(
                "{} asks for nothing any more; it is there still ({}), with its other policies",
                claim.certificate_id, claim.status
            ),
        );
        return Ok(());
    }
    let rest = claim.fleet.as_ref().map_or_else(String::new, |fleet| {
        format!(
            "; `muster claim rotate {fleet}` makes another, if it was the one in the fleet's bundles"
        )
    });
    output.result(
        &json!({ "revoked": claim.certificate_id }),
        &format!("revoked {} ({}){rest}", claim.certificate_id, claim.name),
    );
    Ok(())
}

/// How one stands: with us, and in AWS IoT.
fn standing(claim: &Claim) -> String {
    let status = &claim.status;
    match &claim.shut {
        _ if !claim.known => format!("not known, {status}"),
        Some(why) => format!("shut ({why}), {status}"),
        None => status.clone(),
    }
}

async fn rotate(
    target: &Target,
    template_name: FleetName,
    overlap_hours: Option<i64>,
    output: &Output,
) -> Result<(), Failure> {
    let asked = RotateClaim {
        template_name,
        overlap_hours,
    };
    let made: FleetAnswer = target.api()?.post("/fleets/claims", &asked).await?;
    let claim = &made.provision_claim_certificate;
    output.result(
        &made,
        &format!(
            "claim certificate {} is in {} bundles of {}; the one before lets devices in for {} hours more",
            claim.provision_claim_certificate_id,
            made.bundles.len(),
            made.template_name,
            overlap_hours.unwrap_or(DEFAULT_OVERLAP_HOURS)
        ),
    );
    Ok(())
}

fn find(claims: Vec<Claim>, id: &str) -> Result<Claim, Failure> {
    let mut found: Vec<_> = claims
        .into_iter()
        .filter(|claim| claim.certificate_id.starts_with(id))
        .collect();
    match (found.len(), found.pop()) {
        (1, Some(claim)) => Ok(claim),
        (0, _) => Err(format!(
            "no claim certificate begins with {id}; `muster claim list` shows them"
        )
        .into()),
        (many, _) => {
            Err(format!("{many} claim certificates begin with {id}; give more of the id").into())
        }
    }
}

fn forget(path: &Path) {
    // It is empty; whoever finds it loses nothing.
    let _ = std::fs::remove_file(path);
}
