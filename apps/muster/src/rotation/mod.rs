//! What `muster rotation` finds out and does; its command prints it.

mod order;
mod outlook;
mod plan;
mod run;
mod standing;
mod status;

pub use order::{ClaimError, OrderError, Ordered, claimed, order};
pub use outlook::{Stretch, outlook};
pub use plan::{Planned, plan};
pub use run::begin;
pub use standing::Standing;
pub use status::{Counts, RotationStatus, status};

use crate::target::TargetError;
use muster_onboarding::CloudFailure;
use muster_onboarding::rotation::Day;

/// Why nothing is found out.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// See [`TargetError`].
    #[error(transparent)]
    Target(#[from] TargetError),
    /// A call failed.
    #[error("what is due cannot be read")]
    Cloud(#[from] CloudFailure),
}

/// Today, as the functions see it.
pub fn today() -> Day {
    Day::of(jiff::Timestamp::now().as_millisecond())
}
