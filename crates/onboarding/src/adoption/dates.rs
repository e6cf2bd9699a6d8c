//! The days of a device that is adopted.

use crate::rotation::{Day, RotationPolicy, spread_of};
use muster_documents::Serial;

/// Since when a certificate is in force: what the thing says, if that is a day; else the first day of its validity,
/// `not_before` in seconds since 1970, or `today` if that has yet to come.
pub fn in_force_since(things_date: Option<&str>, not_before: i64, today: Day) -> Day {
    let said = things_date.and_then(|date| date.parse().ok());
    said.unwrap_or_else(|| Day::of(not_before.saturating_mul(1000)).min(today))
}

/// The day on which an adopted device is notified first. Whoever is due already gets one of the `spread` days (1 at least)
/// from `today` on, by its serial, so that an old fleet is not due all at once; but none that is later than the grace before
/// its certificate ends. `not_after` is the last second of its validity, since 1970.
pub fn first_day(
    serial: &Serial,
    issued_on: Day,
    not_after: i64,
    policy: &RotationPolicy,
    today: Day,
    spread: u32,
) -> Day {
    let due_on = policy.due_on(issued_on, Some(not_after));
    if due_on > today {
        return due_on;
    }
    // As if it had been issued today: what is left is its end.
    let latest = policy.due_on(today, Some(not_after)).max(today);
    let later = spread_of(serial) % spread.max(1);
    today.plus(i64::from(later)).min(latest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const POLICY: RotationPolicy = RotationPolicy {
        age: 365,
        grace: 30,
        proof: 14,
        retention: 30,
    };
    /// AWS IoT's own end in 2049.
    const FAR: i64 = 2_524_607_999;
    /// 2026-01-01T00:00:00Z.
    const NEW_YEAR: i64 = 1_767_225_600;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn first(number: u32, issued_on: &str, not_after: i64, spread: u32) -> Day {
        let serial = Serial::new(format!("sensor-{number}")).unwrap();
        let today = day("20260101");
        first_day(&serial, day(issued_on), not_after, &POLICY, today, spread)
    }

    #[test]
    fn the_things_date_counts_and_what_is_none_does_not() {
        let today = day("20260601");
        let since = |date| in_force_since(date, NEW_YEAR, today);
        assert_eq!(since(Some("20240229")), day("20240229"));
        assert_eq!(since(Some("2024-02-29")), day("20260101"));
        assert_eq!(since(None), day("20260101"));
    }

    #[test]
    fn a_certificate_that_is_not_valid_yet_is_in_force_since_today() {
        let today = day("20251231");
        assert_eq!(in_force_since(None, NEW_YEAR, today), today);
        assert_eq!(in_force_since(None, i64::MIN, today), day("19700101"));
    }

    #[test]
    fn who_is_not_due_yet_has_its_own_day() {
        assert_eq!(first(1, "20250102", FAR, 30), day("20260102"));
        assert_eq!(first(1, "20251231", FAR, 1), day("20261231"));
    }

    #[test]
    fn who_is_due_already_is_spread_evenly_from_today_on() {
        let mut counts: BTreeMap<Day, u32> = BTreeMap::new();
        for number in 0..3000 {
            *counts
                .entry(first(number, "20180630", FAR, 30))
                .or_default() += 1;
        }
        let days = (0..30).map(|later| day("20260101").plus(later));
        assert!(counts.keys().copied().eq(days), "{counts:?}");
        assert!(
            counts.values().all(|count| (60..140).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn a_spread_of_one_day_is_today() {
        for number in 0..100 {
            assert_eq!(first(number, "20250101", FAR, 1), day("20260101"));
        }
    }

    #[test]
    fn nobody_is_put_off_for_longer_than_its_certificate_allows() {
        let in_days = |days: i64| NEW_YEAR + days * 86_400;
        for number in 0..100 {
            let soon = first(number, "20180630", in_days(40), 300);
            assert!(soon <= day("20260110"), "{soon}");
            let at_once = first(number, "20180630", in_days(10), 300);
            assert_eq!(at_once, day("20260101"));
        }
    }

    #[test]
    fn the_devices_of_a_day_are_in_all_parts_of_the_index() {
        let of_a_day = (0..16_000)
            .map(|number| Serial::new(format!("sensor-{number}")).unwrap())
            .filter(|serial| spread_of(serial).is_multiple_of(16));
        let shards: std::collections::BTreeSet<_> = of_a_day
            .map(|serial| crate::rotation::shard_of(&serial))
            .collect();
        assert_eq!(shards.len(), 16);
    }
}
