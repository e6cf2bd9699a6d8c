//! What is not told by an argument: everybody on the machine can read those.

use edge_client::{RunError, Source};
use secrecy::{ExposeSecret, SecretString};
use std::path::PathBuf;

/// A secret, called `name` where its file holds none, that stands in this file or else in the environment.
pub(super) fn secret(
    file: Option<PathBuf>,
    variable: &str,
    name: &str,
) -> Result<Option<SecretString>, RunError> {
    let text = match &file {
        Some(file) => Source::File(file.clone()).read()?,
        None => std::env::var(variable).unwrap_or_default().into(),
    };
    match (text.expose_secret().trim(), file) {
        ("", Some(path)) => Err(RunError::Bundle {
            path,
            reason: format!("it holds no {name}"),
        }),
        ("", None) => Ok(None),
        (secret, _) => Ok(Some(secret.into())),
    }
}
