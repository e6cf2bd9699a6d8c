//! `muster rotation follow`.

use crate::commands::Failure;
use crate::output::Output;
use crate::target::Target;
use serde_json::json;
use std::process::ExitCode;

/// Have AWS IoT announce changes of things, so that an edited `cert_issuance` makes a device due; for the whole account
///
/// It is a setting of the account in its region, which CloudFormation cannot make. Every change of a thing is then a
/// message in the stack's registry queue. What is set for other events stays.
#[derive(Debug, clap::Args)]
pub struct Arguments {}

pub async fn run(target: &Target, output: &Output) -> Result<ExitCode, Failure> {
    let announcements = target.thing_announcements();
    let before = announcements.are_on().await?;
    if !before {
        announcements.turn_on().await?;
    }
    let text = if before {
        "AWS IoT announces changes of things already"
    } else {
        "AWS IoT announces changes of things from now on, in the whole account and region"
    };
    output.result(
        &json!({ "changesAnnounced": true, "announcedBefore": before }),
        &text,
    );
    Ok(ExitCode::SUCCESS)
}
