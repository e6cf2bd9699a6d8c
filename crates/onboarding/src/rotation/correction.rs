//! Whether the day on which a device is to be seen to is the right one.

use super::{Day, RotationPolicy, due_since};
use crate::ports::HeldDevice;

/// The day that a device's `rotation_day` should be, where it is missing, or so late that the device would be asked too
/// late: since somebody has set the age of certificates lower, or an earlier version has written it. One that is too early
/// is put right by the run that finds the device.
pub fn corrected_day(
    held: &HeldDevice,
    rotation_day: Option<Day>,
    policy: &RotationPolicy,
    today: Day,
) -> Option<Day> {
    // Nobody knows how old it is, which is too old.
    let right = due_since(held, None, policy).unwrap_or(today).max(today);
    let Some(rotation_day) = rotation_day else {
        return Some(right);
    };
    let rotation = &held.rotation;
    // Adopted devices are spread over days, so that not all of a fleet are asked on the first.
    let under_way = held.is_as_adopted()
        || rotation.ordered
        || rotation.next.is_some()
        || rotation.overdue.is_some();
    // Who was seen to today is seen to tomorrow.
    let latest = right.max(today.plus(1));
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
        corrected_day(held, rotation_day.map(day), &POLICY, day("20260601"))
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
        assert_eq!(
            corrected(&issued(Some("20260401")), Some("20270401")),
            Some(day("20260710"))
        );
        assert_eq!(
            corrected(&issued(Some("20250901")), Some("20260901")),
            Some(day("20260601"))
        );
    }

    #[test]
    fn who_has_no_day_gets_one() {
        assert_eq!(
            corrected(&issued(Some("20260401")), None),
            Some(day("20260710"))
        );
        assert_eq!(corrected(&issued(None), None), Some(day("20260601")));
        assert_eq!(
            corrected(&issued(None), Some("20270101")),
            Some(day("20260601"))
        );
    }

    #[test]
    fn the_days_over_which_adopted_devices_are_spread_stay() {
        let mut held = issued(Some("20240101"));
        held.current = Some(Certificate {
            id: "ab".to_owned(),
            arn: String::new(),
            der: Vec::new(),
        });
        held.execution = Some("adopted-ab".to_owned());
        assert_eq!(corrected(&held, Some("20260620")), None);
        assert_eq!(corrected(&held, None), Some(day("20260601")));
        // It has renewed its certificate since.
        held.execution = Some("adopted-cd".to_owned());
        assert_eq!(corrected(&held, Some("20260620")), Some(day("20260601")));
    }

    #[test]
    fn what_is_under_way_has_days_of_its_own() {
        let mut held = issued(Some("20250101"));
        held.rotation.ordered = true;
        assert_eq!(corrected(&held, Some("20260710")), None);
        assert_eq!(corrected(&held, None), Some(day("20260601")));
    }
}
