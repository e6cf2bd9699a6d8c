//! The end by a refusal for good, which in a rotation is not taken at its word while another certificate may be in force.

use crate::device::{Device, Stage};
use crate::proving::Slot;
use crate::{Action, Ending, Keep, Refused};

impl Device {
    /// The cloud has refused for good. A rotation's pending certificate is tried once more first: that it is in force by
    /// now may be the very reason.
    pub(crate) fn refused_for_good(&mut self, refused: Refused) {
        if self.rotates() && self.held.pending.is_some() {
            self.verdict = Some(refused);
            self.refusals = 0;
            self.prove(Slot::Pending);
        } else {
            self.end_refused(refused);
        }
    }

    /// The pending certificate has been tried since and is no good. In a rotation the current one has to show that it
    /// is: what is forgotten for its sake doesn't come back.
    pub(crate) fn refused_after_all(&mut self, refused: Refused) {
        if self.rotates() {
            self.verdict = Some(refused);
            self.stage = Stage::Asking;
        } else {
            self.end(Ending::Refused(refused));
        }
    }

    /// It is over, and the next rotation begins from nothing.
    pub(crate) fn end_refused(&mut self, refused: Refused) {
        if self.rotates() {
            self.act(Action::Keep(Keep::RotationOver));
            self.held.pending = None;
            self.held.delivery = None;
        }
        self.end(Ending::Refused(refused));
    }

    /// Counts a refusal of the pending certificate; whether it has been refused often enough to take another course.
    pub(crate) fn refused_often(&mut self) -> bool {
        self.refusals += 1;
        if self.refusals < self.timings.refusals {
            return false;
        }
        self.refusals = 0;
        true
    }
}
