//! Claim certificates: whether one may ask on the claim topics, and when one is used too much.

mod line;
mod surge;

pub use line::check_line_claim;
pub use surge::{SurgeRule, hour};
