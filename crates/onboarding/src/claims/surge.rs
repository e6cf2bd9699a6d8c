//! When a claim certificate is used more than it should be: it may have leaked.

use jiff::Timestamp;

/// What this stack takes for a surge.
#[derive(Debug, Clone, Copy)]
pub struct SurgeRule {
    /// Requests in an hour that are never one.
    pub minimum: i64,
    /// How many times the average of the day before is not one yet.
    pub factor: i64,
    /// Whether the claim certificate is shut then.
    pub shuts: bool,
}

impl SurgeRule {
    /// How many requests of an hour are no surge, where the 24 hours before had `past_day`.
    pub fn threshold(&self, past_day: i64) -> i64 {
        (self.factor.saturating_mul(past_day) / 24).max(self.minimum)
    }
}

/// The hour of a time in milliseconds since 1970, `yyyy-mm-ddThh` in UTC. A time that lies beyond the year 9999 is none.
pub fn hour(milliseconds: i64) -> String {
    let time = Timestamp::from_millisecond(milliseconds).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H").to_string()
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

    #[test]
    fn a_surge_is_many_times_the_usual_and_never_a_few() {
        let rule = SurgeRule {
            minimum: 100,
            factor: 10,
            shuts: false,
        };
        assert_eq!(rule.threshold(0), 100);
        assert_eq!(rule.threshold(240), 100);
        assert_eq!(rule.threshold(24_000), 10_000);
        assert_eq!(rule.threshold(i64::MAX), i64::MAX / 24);
    }
}
