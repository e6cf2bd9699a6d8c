//! Whether a fleet lets a device in. It is not let in unless every rule here says so, each time anew.

mod asked;
#[cfg(test)]
mod desk;
mod rotation;
mod ruling;
mod surge;
mod voucher;

pub use asked::{Asked, serial, timeline_key};
pub use rotation::{RotationRuling, rule_rotation};
pub use ruling::{Ruling, Terms, rule};
pub use surge::SurgeRule;
pub use voucher::voucher_hash;

use jiff::Timestamp;

/// The hour of a time in milliseconds since 1970, `yyyy-mm-ddThh` in UTC.
pub fn hour(milliseconds: i64) -> String {
    utc(milliseconds).strftime("%Y-%m-%dT%H").to_string()
}

/// A time that lies beyond the year 9999 is none.
fn utc(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_that_of_utc() {
        let newyear = 1_767_225_600_000;
        assert_eq!(hour(newyear), "2026-01-01T00");
        assert_eq!(hour(newyear - 1), "2025-12-31T23");
    }
}
