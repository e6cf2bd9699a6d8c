//! `muster down`: ends the local stack.

use super::Failure;
use crate::local::{self, Checkout};
use crate::output::Output;
use clap::Args;
use serde_json::json;
use std::process::ExitCode;

/// End the local stack of this checkout
#[derive(Debug, Args)]
pub struct Arguments {}

/// Runs the command. That nothing ran is no failure: it is what was wanted.
pub async fn run(Arguments {}: Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let ended = local::end(&Checkout::find()?).await?;
    let text = match &ended {
        Some(state) => format!("ended the local stack at {}", state.gateway),
        None => "no local stack was running".to_owned(),
    };
    output.result(&json!({ "ended": ended.is_some() }), &text);
    Ok(ExitCode::SUCCESS)
}
