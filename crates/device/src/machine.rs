//! What a program drives.

use crate::{Action, Event};
use std::time::Duration;

/// A state machine that does no I/O and reads no clock. The constructors answer what to do first.
pub trait Machine {
    /// Takes what happened at `now` and answers what to do about it, in this order.
    fn handle(&mut self, event: Event, now: Duration) -> Vec<Action>;

    /// When to come back with [`Event::Tick`] if nothing else happens. [`Duration::MAX`] if there is nothing to come
    /// back for.
    fn wake_at(&self) -> Duration;
}
