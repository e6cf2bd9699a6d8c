//! Says which verifiers a certificate authority can name, so that who registers one need not guess.

use muster_documents::Verifiers;
use std::convert::Infallible;

/// The answer, which is the same whatever is asked.
pub fn fetch(names: &[String]) -> Result<Verifiers, Infallible> {
    Ok(Verifiers {
        verifiers: names.to_vec(),
    })
}
