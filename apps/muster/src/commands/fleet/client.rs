//! `muster fleet client`.

use crate::commands::Failure;
use crate::output::Output;
use crate::target::Target;
use clap::Args;
use muster_documents::{ModelName, bundle};
use muster_onboarding::ports::FileStore;
use serde_json::json;
use std::path::PathBuf;

/// Put an edge client that was built for a platform where the bundles of models with this platform take it from; they get
/// it when the fleet is set up again
#[derive(Debug, Args)]
pub struct Arguments {
    /// The program
    file: PathBuf,
    /// The target that it was built for, as Rust names it, for example aarch64-unknown-linux-gnu
    #[arg(long)]
    platform: String,
}

pub async fn run(target: &Target, asked: &Arguments, output: &Output) -> Result<(), Failure> {
    let platform = ModelName::new(asked.platform.as_str())?;
    let program = std::fs::read(&asked.file)
        .map_err(|error| format!("cannot read {}: {error}", asked.file.display()))?;
    let key = bundle::edge_client_key(&platform);
    target.files()?.keep_object(&key, program).await?;
    output.result(&json!({ "key": key }), &format!("stored as {key}"));
    Ok(())
}
