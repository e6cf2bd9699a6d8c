//! Whole provisionings: what `muster demo` measures, in the debug build that a newcomer runs.

use crate::binaries::{BinariesError, cargo};

/// Runs the demo, which prints its own table.
pub fn print(devices: usize) -> Result<(), BinariesError> {
    let mut command = cargo();
    command
        .args(["run", "--quiet", "--", "demo", "--devices"])
        .arg(devices.to_string());
    if command.status().map_err(BinariesError::NoCargo)?.success() {
        Ok(())
    } else {
        Err(BinariesError::Demo)
    }
}
