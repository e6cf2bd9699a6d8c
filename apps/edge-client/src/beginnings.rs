//! How an errand begins with what a device holds, whichever way it takes.

use crate::RunError;
use crate::entropy::SystemEntropy;
use muster_device::{Action, Held, NothingToRotate, Provisioning, RotationRoute, Route, Staying};
use std::path::Path;
use std::time::Duration;

/// A state machine, and what it wants done first.
type Begun<M> = Result<(M, Vec<Action>), RunError>;

/// Getting a certificate, or going on with that.
pub(crate) fn provisioning(
    route: impl Into<Route> + Send,
) -> impl FnOnce(Held) -> Begun<Provisioning> + Send {
    move |held| {
        let entropy = Box::new(SystemEntropy);
        Ok(Provisioning::start(route, held, entropy, Duration::ZERO))
    }
}

/// Replacing the certificate that is in `store`, once.
pub(crate) fn rotation(
    route: RotationRoute,
    store: &Path,
) -> impl FnOnce(Held) -> Begun<Provisioning> + Send {
    move |held| {
        Provisioning::rotate(route, held, Box::new(SystemEntropy), Duration::ZERO)
            .map_err(|NothingToRotate| RunError::NothingToRotate(store.to_owned()))
    }
}

/// Staying connected.
pub(crate) fn staying(
    first: impl Into<Route> + Send,
    rotation: RotationRoute,
) -> impl FnOnce(Held) -> Begun<Staying> + Send {
    move |held| {
        let entropy = Box::new(SystemEntropy);
        Ok(Staying::start(
            first,
            rotation,
            held,
            entropy,
            Duration::ZERO,
        ))
    }
}
