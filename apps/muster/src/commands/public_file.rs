//! Files whose contents travel.

use super::Failure;
use std::path::Path;

/// A file's text. A private key is kept from travelling, whatever it was given as.
pub fn read(path: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    if text.contains("PRIVATE KEY-----") {
        let path = path.display();
        return Err(format!("{path} has a private key in it, which is never sent").into());
    }
    Ok(text)
}
