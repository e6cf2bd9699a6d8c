//! Files that secrets are written into.

use super::Failure;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// A file that was not there before: what is secret is never written over, nor over something else.
pub fn new_file(path: &Path, mode: u32) -> Result<std::fs::File, Failure> {
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path);
    file.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            format!("{} exists already; give another name", path.display()).into()
        }
        _ => format!("cannot write {}: {error}", path.display()).into(),
    })
}
