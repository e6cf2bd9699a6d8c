//! Times of messages.

/// In milliseconds.
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A time in milliseconds since 1970, ISO 8601 to the second.
pub fn time(milliseconds: i64) -> String {
    crate::token::time(milliseconds.div_euclid(1000))
}

/// How old something is, in the largest unit of which it has two.
pub fn age(milliseconds: i64) -> String {
    for (unit, name) in [(DAY, "days"), (HOUR, "hours"), (MINUTE, "minutes")] {
        if milliseconds >= 2 * unit {
            return format!("{} {name}", milliseconds / unit);
        }
    }
    format!("{} seconds", milliseconds.max(0) / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_in_a_unit_that_a_person_would_take() {
        for (milliseconds, said) in [
            (-5, "0 seconds"),
            (119_999, "119 seconds"),
            (120_000, "2 minutes"),
            (HOUR, "60 minutes"),
            (47 * HOUR, "47 hours"),
            (49 * HOUR, "2 days"),
        ] {
            assert_eq!(age(milliseconds), said);
        }
        assert_eq!(time(1999), "1970-01-01T00:00:01Z");
    }
}
