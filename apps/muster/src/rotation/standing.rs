//! Where a device stands that is due, or will be.

use muster_cloud::operator::DeviceRotation;
use muster_onboarding::rotation::{Day, RotationPolicy};
use serde::Serialize;

/// Where a device stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    /// It is notified when its day has come.
    Due,
    /// An operator has ordered its rotation, and it was not notified yet.
    Ordered,
    /// It was notified, and is in time.
    Notified,
    /// Its deadline has passed.
    Overdue,
}

impl Standing {
    /// Where it stands `today`.
    pub fn of(rotation: &DeviceRotation, policy: &RotationPolicy, today: Day) -> Self {
        match rotation.asked_since {
            _ if rotation.overdue_action.is_some() => Self::Overdue,
            Some(since) if policy.is_overdue(since, today) => Self::Overdue,
            Some(_) => Self::Notified,
            None if rotation.ordered_at.is_some() => Self::Ordered,
            None => Self::Due,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Ordered => "ordered",
            Self::Notified => "notified",
            Self::Overdue => "overdue",
        }
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

    fn standing(since: Option<&str>, ordered: bool, action: Option<&str>) -> Standing {
        let rotation = DeviceRotation {
            issued_on: None,
            rotation_day: None,
            asked_since: since.map(|day| day.parse().unwrap()),
            ordered_at: ordered.then(|| "2026-01-01T00:00:00Z".to_owned()),
            next_certificate_id: None,
            retiring_certificate_id: None,
            overdue_action: action.map(str::to_owned),
            overdue_done: false,
        };
        Standing::of(&rotation, &POLICY, "20260201".parse().unwrap())
    }

    #[test]
    fn a_device_is_overdue_after_its_deadline_or_once_something_was_done_about_it() {
        assert_eq!(standing(Some("20260102"), true, None), Standing::Notified);
        assert_eq!(standing(Some("20260101"), false, None), Standing::Overdue);
        assert_eq!(
            standing(Some("20260131"), false, Some("quarantine")),
            Standing::Overdue
        );
    }

    #[test]
    fn what_nobody_was_told_yet_is_due_or_ordered() {
        assert_eq!(standing(None, false, None), Standing::Due);
        assert_eq!(standing(None, true, None), Standing::Ordered);
    }
}
