//! Muster's claim provisioning: a request, a certificate in chunks or with a key of the cloud's, an acknowledgement.

mod acknowledging;
mod asking;
mod chunked;
mod legacy;

use crate::device::{Device, Link, Stage};
use crate::way::Way;
use crate::{Settings, Trouble};
use asking::Asking;
use muster_documents::Mode;

/// What a device says over the topics of the stack's claim provisioning.
pub(crate) struct Claim {
    settings: Settings,
    phase: Phase,
}

/// What the device is at while it asks.
enum Phase {
    /// Nothing yet: it has a certificate of its own to prove.
    Idle,
    /// Asking for a certificate and collecting it.
    Asking(Asking),
    /// Telling the cloud that the pending certificate is complete.
    Acknowledging {
        /// How often it was said on this connection.
        tries: u32,
    },
}

impl Claim {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            phase: Phase::Idle,
        }
    }
}

impl Way for Claim {
    fn begin(&mut self, device: &mut Device) {
        self.ask(device);
    }

    fn topics(&self) -> Vec<String> {
        let topics = &self.settings.topics;
        vec![topics.accepted(), topics.rejected()]
    }

    fn speak(&mut self, device: &mut Device) {
        match self.phase {
            Phase::Idle => {}
            Phase::Asking(_) => self.ask_again(device),
            Phase::Acknowledging { .. } => self.acknowledge(device),
        }
    }

    fn hear(&mut self, device: &mut Device, topic: &str, payload: &[u8]) {
        let accepted = topic == self.settings.topics.accepted();
        let rejected = topic == self.settings.topics.rejected();
        match self.phase {
            Phase::Asking(_) if accepted => self.collect(device, topic, payload),
            Phase::Asking(_) if rejected => self.refused(device, payload),
            Phase::Acknowledging { .. } if accepted => Self::watch_for_activation(device, payload),
            Phase::Acknowledging { .. } if rejected => self.delivery_refused(device, payload),
            _ => {}
        }
    }

    fn lost(&mut self, _: &mut Device, _: &Trouble, _: Link) {}

    fn pending_refused(&mut self, device: &mut Device) {
        if device.refused_often() {
            self.ask(device);
        } else if self.settings.mode == Mode::Chunked {
            device.stage = Stage::Asking;
            self.phase = Phase::Acknowledging { tries: 0 };
        }
    }
}
