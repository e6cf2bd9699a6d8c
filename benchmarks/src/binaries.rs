//! The functions' release binaries.

use std::io;
use std::path::PathBuf;
use std::process::Command;

/// Why there are none.
#[derive(Debug, thiserror::Error)]
pub enum BinariesError {
    /// cargo did not start.
    #[error("cargo could not be run: {0}")]
    NoCargo(#[source] io::Error),
    /// It could not build them; its own words stand above.
    #[error("cargo could not build the functions; what it says stands above")]
    Build,
    /// The demo did not build, or not every device got its certificate.
    #[error("the demo failed; what it says stands above")]
    Demo,
}

/// The checkout that this program was built from.
const CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// cargo, in the checkout.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(CHECKOUT);
    command
}

/// Builds the packages' binaries with the release profile, in one go, and answers the folder that they are in.
pub fn build(packages: &[&str]) -> Result<PathBuf, BinariesError> {
    let mut command = cargo();
    command.args(["build", "--release", "--bins"]);
    for package in packages {
        command.args(["--package", package]);
    }
    if !command.status().map_err(BinariesError::NoCargo)?.success() {
        return Err(BinariesError::Build);
    }
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| PathBuf::from(CHECKOUT).join("target"), PathBuf::from);
    Ok(target.join("release"))
}
