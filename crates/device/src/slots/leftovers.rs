//! What a run that was killed between two operations of its disk has left to be removed.

use crate::Held;
use secrecy::ExposeSecret;

/// Whether the pending certificate is the current one: the old name outlived a rename, as it does on some disks that
/// lose power.
pub(super) fn is_promoted(held: &Held) -> bool {
    let pending = held.pending.as_ref();
    pending.is_some_and(|pending| Some(pending.certificate_id()) == held.current_id())
}

/// Whether the delivery has nothing to go on with: its certificate was promoted, or the one that it was to replace
/// isn't current any more.
pub(super) fn is_over(held: &Held) -> bool {
    let Some(delivery) = &held.delivery else {
        return false;
    };
    let promoted = held.pending.is_none()
        && held.current.as_ref().is_some_and(|current| {
            current.private_key_pem().expose_secret() == delivery.private_key_pem.expose_secret()
        });
    let outdated = delivery.replaces.is_some() && delivery.replaces != held.current_id();
    promoted || outdated
}
