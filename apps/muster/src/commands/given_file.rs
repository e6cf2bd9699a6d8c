//! A file that the command line names, or standard input.

use super::Failure;
use std::io::Read;
use std::path::Path;

/// All of the file; of standard input, if it is `-`.
pub fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    if file == Path::new("-") {
        let mut text = Vec::new();
        std::io::stdin().read_to_end(&mut text)?;
        return Ok(text);
    }
    std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()).into())
}
