//! How a device stands on a run's day.

use muster_onboarding::ports::HeldDevice;
use muster_onboarding::rotation::{Day, RotationPolicy, due_since};

/// What the device's own item and the run's day say; what was done about a deadline is no part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Its date was edited, or the age was raised: its certificate has to be renewed from this day on.
    NotBefore(Day),
    /// Its certificate has to be renewed, and its deadline has not passed.
    Due,
    /// Its deadline has passed, and it has not renewed its certificate.
    Overdue,
}

impl Standing {
    /// How the device stands. One that was not told before is told today.
    pub(crate) fn of(held: &HeldDevice, policy: &RotationPolicy, today: Day) -> Self {
        let due_on = due_since(held, None, policy);
        let since = held.rotation.asked_since.unwrap_or(today);
        match due_on {
            Some(day) if day > today && !held.rotation.ordered => Self::NotBefore(day),
            _ if policy.is_overdue(since, today) => Self::Overdue,
            _ => Self::Due,
        }
    }
}
