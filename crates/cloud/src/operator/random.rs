//! Randomness for secrets.

use muster_onboarding::{CloudFailure, FailureKind};

/// 128 random bits for a secret; `action` names what they are for where the system has none.
pub(super) fn random(action: &'static str) -> Result<u128, CloudFailure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| CloudFailure {
        kind: FailureKind::Unavailable,
        action,
        message: "the system's randomness failed".to_owned(),
        source: Some(Box::new(error)),
    })?;
    Ok(u128::from_be_bytes(bytes))
}
