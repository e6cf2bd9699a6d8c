//! One execution is at a fleet at a time.

use crate::ports::FleetItem;
use muster_documents::FleetName;

/// An execution may not go on: another one took the fleet over, or nobody is at it.
#[derive(Debug, thiserror::Error)]
#[error("the fleet {0} is not held by this execution, which may do nothing more to it")]
pub struct HeldByAnother(FleetName);

/// The ledger's `item` of the fleet, if it says that `execution` is at it: somebody may have one go on, in the console,
/// long after another has taken its place.
///
/// # Errors
/// [`HeldByAnother`].
pub fn check_holder(
    item: Option<FleetItem>,
    fleet: &FleetName,
    execution: &str,
) -> Result<FleetItem, HeldByAnother> {
    item.filter(|item| item.execution == execution)
        .ok_or_else(|| HeldByAnother(fleet.clone()))
}
