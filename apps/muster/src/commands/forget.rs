//! `muster device forget`.

use super::{Failure, given_file, serials};
use crate::output::Output;
use crate::target::Target;
use clap::Args;
use muster_onboarding::FailureKind;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Which serials.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A CSV file with the column serial, or with a serial on each line; - reads standard input
    file: PathBuf,
}

/// Runs the command.
pub async fn run(
    target: &Target,
    arguments: &Arguments,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let given = serials::read(&given_file::read(&arguments.file)?)?;
    let devices = target.devices()?;
    let (mut forgotten, mut unknown, mut stay) = (0u64, 0u64, Vec::new());
    for serial in &given.serials {
        match devices.forget(serial).await {
            Ok(true) => forgotten += 1,
            Ok(false) => unknown += 1,
            Err(error) if error.kind == FailureKind::ConditionFailed => stay.push(serial),
            Err(error) => return Err(error.into()),
        }
    }
    let mut text = format!(
        "{forgotten} forgotten, {unknown} not known, {} stay, {} refused",
        stay.len(),
        given.refused.len()
    );
    let stays = stay.iter().map(|serial| {
        format!("{serial} has come in or is at it; `muster device release {serial}` takes its certificate")
    });
    for line in stays.chain(given.refused.iter().cloned()) {
        text.extend(["\n  ", &line]);
    }
    let all = stay.is_empty() && given.refused.is_empty();
    output.result(
        &json!({ "forgotten": forgotten, "notKnown": unknown, "stay": stay, "refused": given.refused }),
        &text,
    );
    Ok(if all {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
