//! When a certificate has to be renewed, and what becomes of the one before. Decision 0020 has the reasons.

mod correction;
mod day;
mod schedule;
mod shard;
mod standing;

/// The attribute of a thing that says since when its certificate is in force, `yyyymmdd`.
pub const CERT_ISSUANCE: &str = "cert_issuance";

pub use correction::corrected_day;
pub use day::{Day, DayError};
pub use schedule::RotationPolicy;
pub use shard::{SHARDS, shard_of, shard_on, shards, spread_of};
pub use standing::due_since;
