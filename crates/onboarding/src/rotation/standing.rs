//! Whether a device's certificate has to be renewed.

use super::{Day, RotationPolicy};
use crate::ports::HeldDevice;
use muster_pki::read_certificate;

/// Since when the device's certificate in force has to be renewed, or from when; the earlier of what the ledger says and
/// what the thing says, if that is looked at. `None` if nobody knows how old it is, which is too old.
///
/// What was ordered, and notices, are no part of this: it is the date alone.
pub fn due_since(
    held: &HeldDevice,
    things_date: Option<Day>,
    policy: &RotationPolicy,
) -> Option<Day> {
    let current = held.current.as_ref();
    let read = current.and_then(|current| read_certificate(&current.der).ok());
    let not_after = read.map(|read| read.not_after_unix);
    let issued_on = [held.issued_on, things_date].into_iter().flatten().min()?;
    Some(policy.due_on(issued_on, not_after))
}
