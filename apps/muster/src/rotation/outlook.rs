//! How many devices are due when.

use muster_onboarding::rotation::Day;
use serde::Serialize;

/// An outlook of more days than this is by week.
const MOST_DAYS: i64 = 45;
/// In days.
const WEEK: i64 = 7;

/// A stretch of days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stretch {
    /// Its first day; `None`: today and whatever was before.
    pub from: Option<Day>,
    /// Its last day.
    pub to: Day,
    /// How many devices are due in it.
    pub devices: usize,
}

/// Counts the days on which devices are due: up to today, and then each of the next `days` days or, if they are many, weeks.
/// `due` has no day after them.
pub fn outlook(due: impl Iterator<Item = Day>, today: Day, days: i64) -> Vec<Stretch> {
    let step = if days > MOST_DAYS { WEEK } else { 1 };
    let mut stretches = vec![Stretch {
        from: None,
        to: today,
        devices: 0,
    }];
    let mut day = 1;
    while day <= days {
        stretches.push(Stretch {
            from: Some(today.plus(day)),
            to: today.plus((day + step - 1).min(days)),
            devices: 0,
        });
        day += step;
    }
    for day in due {
        let at = stretches.partition_point(|stretch| stretch.to < day);
        if let Some(stretch) = stretches.get_mut(at) {
            stretch.devices += 1;
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn counts(stretches: &[Stretch]) -> Vec<usize> {
        stretches.iter().map(|stretch| stretch.devices).collect()
    }

    #[test]
    fn today_and_what_was_before_are_one_and_then_each_day_is_its_own() {
        let due = ["20251230", "20260101", "20260102", "20260104", "20260104"].map(day);
        let seen = outlook(due.into_iter(), day("20260101"), 3);
        assert_eq!(counts(&seen), [2, 1, 0, 2]);
        assert_eq!(seen[0].from, None);
        assert_eq!(seen[3].from, Some(day("20260104")));
    }

    #[test]
    fn many_days_are_weeks_and_the_last_one_is_as_long_as_is_left() {
        let today = day("20260101");
        let due = [today, today.plus(7), today.plus(8), today.plus(46)];
        assert_eq!(outlook(due.into_iter(), today, 45).len(), 46);
        let seen = outlook(due.into_iter(), today, 46);
        assert_eq!(counts(&seen), [1, 1, 1, 0, 0, 0, 0, 1]);
        assert_eq!(
            (seen[1].from, seen[1].to),
            (Some(today.plus(1)), today.plus(7))
        );
        assert_eq!(
            (seen[7].from, seen[7].to),
            (Some(today.plus(43)), today.plus(46))
        );
    }
}
