//! `muster fleet bundle`.

use crate::commands::Failure;
use crate::output::Output;
use crate::target::Target;
use clap::Args;
use muster_documents::{FleetName, bundle};
use muster_onboarding::ports::FileStore;
use serde_json::json;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// Get a fleet's bundles: each is a zip with all that a device of one model needs
#[derive(Debug, Args)]
pub struct Arguments {
    /// The fleet
    name: String,
    /// One model's alone [default: all]
    #[arg(long)]
    model: Option<String>,
    /// Where to write them
    #[arg(long, value_name = "DIRECTORY", default_value = ".")]
    out: PathBuf,
}

pub async fn run(target: &Target, asked: &Arguments, output: &Output) -> Result<(), Failure> {
    let fleet = FleetName::new(asked.name.as_str())?;
    let files = target.files()?;
    let folder = bundle::folder(&fleet);
    let wanted = asked
        .model
        .as_ref()
        .map(|model| format!("{folder}{model}.zip"));
    let mut keys = files.list_objects(&folder).await?;
    keys.retain(|key| wanted.as_ref().is_none_or(|wanted| wanted == key));
    if keys.is_empty() {
        return Err(format!(
            "there is no such bundle; `muster fleet show {fleet}` says which there are"
        )
        .into());
    }
    std::fs::create_dir_all(&asked.out)?;
    let mut written = Vec::new();
    for key in keys {
        let contents = files.read_object(&key).await?;
        let contents = contents.ok_or_else(|| format!("{key} has just been removed"))?;
        let path = asked.out.join(&key[folder.len()..]);
        // The claim certificate's key is in it.
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        file.write_all(&contents)?;
        written.push(path);
    }
    let lines: Vec<_> = written
        .iter()
        .map(|path| format!("wrote {}", path.display()))
        .collect();
    output.result(&json!({ "bundles": written }), &lines.join("\n"));
    Ok(())
}
