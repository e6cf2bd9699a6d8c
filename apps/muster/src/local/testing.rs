//! What tests of the local stack share.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// Makes a program of a script. It is written by another process: one that this process forks meanwhile would hold it open for
/// writing, and then it cannot be executed.
pub fn program(path: &Path, script: &str) {
    let text = path.with_extension("txt");
    fs::write(&text, script).unwrap();
    let copied = Command::new("cp").arg(text).arg(path).status();
    assert!(copied.unwrap().success());
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
