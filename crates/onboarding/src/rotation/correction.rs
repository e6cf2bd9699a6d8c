//! Whether the day on which a device is to be seen to is the right one.

use super::{Day, RotationPolicy, due_since, spread_of};
use crate::ports::HeldDevice;
use muster_documents::Serial;

/// The longest that adopted devices are spread over (`muster fleet import --spread-days`).
const LONGEST_SPREAD: i64 = 365;

/// The day that a device's `rotation_day` should be, where it is missing, or so late that the device would be asked too
/// late: since somebody has set the age of certificates lower, or an earlier version has written it. One that is too early
/// is put right by the run that finds the device.
///
/// Devices that are due by then are spread over half of the grace, so that a lower age does not make a whole fleet renew
/// its certificates in one night; a day that is no later than that is left alone.
pub fn corrected_day(
    serial: &Serial,
    held: &HeldDevice,
    rotation_day: Option<Day>,
    policy: &RotationPolicy,
    today: Day,
) -> Option<Day> {
    let spread = (policy.grace / 2).max(1);
    // Nobody knows how old it is, which is too old.
    let due = due_since(held, None, policy).unwrap_or(today);
    let right = if due > today {
        due
    } else {
        today.plus(i64::from(spread_of(serial)) % spread)
    };
    let Some(rotation_day) = rotation_day else {
        return Some(right);
    };
    let rotation = &held.rotation;
    // Adopted devices are spread over days of their own.
    let spread_out = held.is_as_adopted() && rotation_day <= today.plus(LONGEST_SPREAD);
    let under_way =
        spread_out || rotation.ordered || rotation.next.is_some() || rotation.overdue.is_some();
    let latest = due.max(today.plus(spread));
    (!under_way && rotation_day > latest).then_some(right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Certificate;

    const POLICY: RotationPolicy = RotationPolicy {
        age: 100,
        grace: 30,
        proof: 14,
        retention: 30,
    };

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn issued(on: Option<&str>) -> HeldDevice {
        HeldDevice {
            issued_on: on.map(day),
            ..HeldDevice::default()
        }
    }

    fn corrected(held: &HeldDevice, rotation_day: Option<&str>) -> Option<Day> {
        let serial = Serial::new("sensor-1").unwrap();
        let today = day("20260601");
        corrected_day(&serial, held, rotation_day.map(day), &POLICY, today)
    }

    #[test]
    fn a_day_that_is_right_stays() {
        // Due on 2026-07-10.
        let held = issued(Some("20260401"));
        assert_eq!(corrected(&held, Some("20260710")), None);
        // Due long since, and asked today.
        let old = issued(Some("20250101"));
        assert_eq!(corrected(&old, Some("20260602")), None);
        assert_eq!(corrected(&old, Some("20260601")), None);
    }

    #[test]
    fn a_day_that_is_too_early_is_left_to_the_run_that_finds_it() {
        assert_eq!(corrected(&issued(Some("20260401")), Some("20260101")), None);
    }

    #[test]
    fn a_day_by_another_age_is_put_right() {
        let held = issued(Some("20260401"));
        assert_eq!(corrected(&held, Some("20270401")), Some(day("20260710")));
    }

    #[test]
    fn who_is_due_by_a_lower_age_is_asked_within_half_the_grace_and_not_put_off_again() {
        let old = issued(Some("20250901"));
        let asked = corrected(&old, Some("20260901")).unwrap();
        assert!(
            (day("20260601")..day("20260616")).contains(&asked),
            "{asked}"
        );
        for days in 0..15 {
            let later = day("20260601").plus(days);
            let serial = Serial::new("sensor-1").unwrap();
            assert_eq!(
                corrected_day(&serial, &old, Some(asked), &POLICY, later),
                None
            );
        }
        // Not all on one day.
        let days = (0..100).map(|number| {
            let serial = Serial::new(format!("sensor-{number}")).unwrap();
            corrected_day(&serial, &old, None, &POLICY, day("20260601"))
        });
        assert_eq!(days.collect::<std::collections::HashSet<_>>().len(), 15);
    }

    #[test]
    fn who_has_no_day_gets_one() {
        let held = issued(Some("20260401"));
        assert_eq!(corrected(&held, None), Some(day("20260710")));
        assert!(corrected(&issued(None), None) < Some(day("20260616")));
        assert!(corrected(&issued(None), Some("20270101")) < Some(day("20260616")));
    }

    #[test]
    fn the_days_over_which_adopted_devices_are_spread_stay() {
        let mut held = issued(Some("20240101"));
        held.current = Some(Certificate {
            id: "ab".to_owned(),
            arn: String::new(),
            der: Vec::new(),
        });
        held.adopted = Some("ab".to_owned());
        assert_eq!(corrected(&held, Some("20260701")), None);
        assert!(corrected(&held, None).is_some());
        // It has renewed its certificate since.
        held.adopted = Some("cd".to_owned());
        assert!(corrected(&held, Some("20260701")).is_some());
    }

    #[test]
    fn what_is_under_way_has_days_of_its_own() {
        let mut held = issued(Some("20250101"));
        held.rotation.ordered = true;
        assert_eq!(corrected(&held, Some("20260710")), None);
        assert!(corrected(&held, None).is_some());
    }
}
