//! Builds the functions' binaries for this machine, which the emulator runs as processes.

use super::checkout::Checkout;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

/// How the binaries are compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Quick to build.
    Dev,
    /// As on AWS: small and quick to start.
    Release,
}

impl Profile {
    /// The profile of the program that asks. What both need is then compiled once.
    pub fn of_this_program() -> Self {
        if cfg!(debug_assertions) {
            Self::Dev
        } else {
            Self::Release
        }
    }
}

/// Why there are no binaries.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// There is no cargo to run.
    #[error(
        "cannot run cargo to build the functions. Install Rust (https://rustup.rs) or put cargo on the PATH"
    )]
    NoCargo(#[source] io::Error),
    /// The compiler's own messages went to standard error.
    #[error(
        "the functions do not compile; see cargo's messages above. Run `cargo build {arguments}` to see them again"
    )]
    Failed {
        /// What cargo was asked for.
        arguments: String,
    },
    /// A package without a binary of its own name.
    #[error(
        "functions/{0} has no binary of that name. The package, its directory and its binary share one name"
    )]
    NoBinary(String),
}

/// Builds the named functions, and says where each one's binary is. Cargo's messages go to standard error.
pub async fn build(
    checkout: &Checkout,
    profile: Profile,
    functions: impl IntoIterator<Item = &str>,
) -> Result<BTreeMap<String, PathBuf>, BuildError> {
    let functions: Vec<_> = functions.into_iter().collect();
    if functions.is_empty() {
        return Ok(BTreeMap::new());
    }
    // Binaries of the workspace's default members, not packages: so cargo chooses the same features of common
    // dependencies as for `cargo run`, and does not compile them again.
    let mut arguments = Vec::new();
    if profile == Profile::Release {
        arguments.push("--release");
    }
    arguments.extend(functions.iter().flat_map(|name| ["--bin", name]));

    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut building = Command::new(cargo);
    for (variable, _) in std::env::vars_os().filter(|(variable, _)| is_of_a_package(variable)) {
        building.env_remove(variable);
    }
    if !io::stderr().is_terminal() {
        // A person wants to see that it goes on; a log does not.
        building.env("CARGO_TERM_QUIET", "true");
    }
    let mut building = building
        .args(["build", "--message-format", "json-render-diagnostics"])
        .args(&arguments)
        .current_dir(checkout.root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(BuildError::NoCargo)?;

    let mut binaries = BTreeMap::new();
    if let Some(messages) = building.stdout.take() {
        let mut lines = BufReader::new(messages).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            binaries.extend(binary(&line));
        }
    }
    let status = building.wait().await.map_err(BuildError::NoCargo)?;
    if !status.success() {
        return Err(BuildError::Failed {
            arguments: arguments.join(" "),
        });
    }
    match functions.iter().find(|name| !binaries.contains_key(**name)) {
        Some(name) => Err(BuildError::NoBinary((*name).to_owned())),
        None => Ok(binaries),
    }
}

/// Whether `cargo run` and `cargo test` set the variable, for the package whose program they start.
///
/// Handed on, they would have cargo run again those build scripts that depend on them, such as ring's, and compile
/// all that follows, each time in turn with a build from a shell.
fn is_of_a_package(variable: &OsStr) -> bool {
    let variable = variable.to_string_lossy();
    [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
    ]
    .iter()
    .any(|prefix| variable.starts_with(prefix))
        || ["CARGO_PRIMARY_PACKAGE", "OUT_DIR"].contains(&&*variable)
}

/// The binary that a message of cargo speaks of.
fn binary(message: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(message).ok()?;
    let executable = message["executable"].as_str()?;
    let name = message["target"]["name"].as_str()?;
    Some((name.to_owned(), executable.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_gets_what_the_person_set_and_nothing_of_the_package_that_asks() {
        for set_by_person in ["CARGO_TARGET_DIR", "CARGO_HOME", "CARGO", "RUSTFLAGS"] {
            assert!(!is_of_a_package(set_by_person.as_ref()), "{set_by_person}");
        }
        for set_by_cargo in ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR", "OUT_DIR"] {
            assert!(is_of_a_package(set_by_cargo.as_ref()), "{set_by_cargo}");
        }
    }

    #[test]
    fn a_binary_is_found_among_cargos_messages() {
        let message = r#"{"reason":"compiler-artifact","target":{"name":"claim-intake"},"executable":"/t/claim-intake"}"#;
        assert_eq!(
            binary(message),
            Some(("claim-intake".to_owned(), "/t/claim-intake".into()))
        );
        assert_eq!(
            binary(r#"{"reason":"build-finished","success":true}"#),
            None
        );
    }
}
