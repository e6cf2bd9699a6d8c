//! A day, as things and ledger have it.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// The length of `yyyymmdd`.
const DIGITS: usize = 8;

/// A day in UTC, written `yyyymmdd` as in a thing's attribute `cert_issuance`. Days sort as their texts do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

/// A text that is no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no day: write it as yyyymmdd, for example 20260228")]
pub struct DayError(String);

impl Day {
    /// The day of a time in milliseconds since 1970. A time that lies beyond the year 9999 is none, and that of 1970.
    pub fn of(milliseconds: i64) -> Self {
        let time = Timestamp::from_millisecond(milliseconds).unwrap_or_default();
        Self(time.to_zoned(TimeZone::UTC).date())
    }

    /// The day so many days later, or earlier. What lies outside the calendar (years up to 9999) is its last or first
    /// day.
    #[must_use]
    pub fn plus(self, days: i64) -> Self {
        Self(self.0.saturating_add(days.clamp(-LIMIT, LIMIT).days()))
    }

    /// How many days there are from this day to `other`; negative where `other` was before.
    pub fn until(self, other: Self) -> i64 {
        self.0
            .until(other.0)
            .map_or(0, |span| i64::from(span.get_days()))
    }
}

/// More days than the calendar has.
const LIMIT: i64 = 4_000_000;

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        let wrong = || DayError(text.chars().take(DIGITS * 2).collect());
        if text.len() != DIGITS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        Date::strptime("%Y%m%d", text)
            .map(Self)
            .map_err(|_| wrong())
    }
}

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0.strftime("%Y%m%d"))
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_is_that_of_utc() {
        let newyear = 1_767_225_600_000;
        assert_eq!(Day::of(newyear).to_string(), "20260101");
        assert_eq!(Day::of(newyear - 1).to_string(), "20251231");
    }

    #[test]
    fn years_end_and_have_leap_days() {
        assert_eq!(day("20251231").plus(1), day("20260101"));
        assert_eq!(day("20240228").plus(1), day("20240229"));
        assert_eq!(day("20240229").plus(366), day("20250301"));
        assert_eq!(day("20240229").plus(365), day("20250228"));
        assert_eq!(day("20230228").plus(1), day("20230301"));
        assert_eq!(day("20260101").plus(-1), day("20251231"));
        assert_eq!(day("20240101").until(day("20250101")), 366);
        assert_eq!(day("20250101").until(day("20241231")), -1);
    }

    #[test]
    fn the_calendar_has_an_end_and_nothing_goes_beyond_it() {
        assert_eq!(day("99991231").plus(1), day("99991231"));
        assert_eq!(day("20260101").plus(i64::MAX), day("99991231"));
        assert_eq!(Day::of(i64::MAX).to_string(), "19700101");
    }

    #[test]
    fn what_is_no_day_is_said_to_be_none() {
        for text in [
            "",
            "2018063",
            "201806300",
            "2018-06-30",
            "20180631",
            "20230229",
            "20181301",
            "2018063٠",
            " 2018063",
            "abcdefgh",
            "20180600",
            "-2018063",
            "+2018063",
        ] {
            assert!(text.parse::<Day>().is_err(), "{text:?}");
        }
        assert!(
            "x".repeat(800)
                .parse::<Day>()
                .unwrap_err()
                .to_string()
                .len()
                < 100
        );
    }
}
