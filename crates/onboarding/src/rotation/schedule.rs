//! The days of a rotation.

use super::Day;

/// How long what may take, in days. The template's parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RotationPolicy {
    /// How old a certificate gets before it has to be renewed.
    pub age: i64,
    /// How long a device has from its first notice to its deadline.
    pub grace: i64,
    /// How long a new certificate may go without a connection before it is undone.
    pub proof: i64,
    /// How long a retired certificate stays, inactive, before it is deleted.
    pub retention: i64,
}

impl RotationPolicy {
    /// The day from which a certificate has to be renewed: when it is old enough; or earlier, so that the grace is over
    /// before the certificate itself is. `not_after` is the last second of its validity, since 1970, if that is known.
    pub fn due_on(&self, issued_on: Day, not_after: Option<i64>) -> Day {
        let old = issued_on.plus(self.age);
        let ends = not_after.and_then(|end| end.checked_mul(1000)).map(Day::of);
        // A day before, since the certificate may end in the first hour of its last.
        let before_it_ends = ends.map(|end| end.plus(-self.grace - 1));
        before_it_ends.map_or(old, |day| day.min(old))
    }

    /// The last day on which a device may still renew its certificate without being overdue.
    pub fn deadline(&self, asked_since: Day) -> Day {
        asked_since.plus(self.grace)
    }

    /// Whether the deadline has passed. Its own day is still in time.
    pub fn is_overdue(&self, asked_since: Day, today: Day) -> bool {
        today > self.deadline(asked_since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RotationPolicy = RotationPolicy {
        age: 365,
        grace: 30,
        proof: 14,
        retention: 30,
    };

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn a_certificate_is_due_when_it_is_old() {
        assert_eq!(POLICY.due_on(day("20250101"), None), day("20260101"));
        assert_eq!(POLICY.due_on(day("20240229"), None), day("20250228"));
        assert_eq!(POLICY.due_on(day("20231231"), None), day("20241230"));
    }

    #[test]
    fn a_certificate_that_ends_is_due_with_time_for_the_grace() {
        let end_of_2025 = 1_767_225_599;
        assert_eq!(
            POLICY.due_on(day("20250601"), Some(end_of_2025)),
            day("20251130")
        );
        // AWS IoT's own end in 2049.
        assert_eq!(
            POLICY.due_on(day("20250601"), Some(2_524_607_999)),
            day("20260601")
        );
        assert_eq!(
            POLICY.due_on(day("20250601"), Some(i64::MAX)),
            day("20260601")
        );
    }

    #[test]
    fn the_deadlines_own_day_is_in_time() {
        let asked = day("20260101");
        assert_eq!(POLICY.deadline(asked), day("20260131"));
        assert!(!POLICY.is_overdue(asked, asked));
        assert!(!POLICY.is_overdue(asked, day("20260131")));
        assert!(POLICY.is_overdue(asked, day("20260201")));
    }
}
