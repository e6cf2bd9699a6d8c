//! Whether a fleet lets a device in. It is not let in unless every rule here says so, each time anew.

mod asked;
mod ruling;
mod surge;
mod voucher;

pub use asked::{Asked, serial, timeline_key};
pub use ruling::{Ruling, rule};
pub use surge::SurgeRule;
pub use voucher::{voucher_hash, voucher_text};

use jiff::Timestamp;

/// The day of a time in milliseconds since 1970, `yyyymmdd` in UTC.
pub fn day(milliseconds: i64) -> String {
    utc(milliseconds).strftime("%Y%m%d").to_string()
}

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
    fn a_day_and_an_hour_are_those_of_utc() {
        let newyear = 1_767_225_600_000;
        assert_eq!(day(newyear), "20260101");
        assert_eq!(hour(newyear), "2026-01-01T00");
        assert_eq!(day(newyear - 1), "20251231");
        assert_eq!(hour(newyear - 1), "2025-12-31T23");
    }
}
