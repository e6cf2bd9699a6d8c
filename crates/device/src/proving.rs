//! Connecting with the device's own certificate: only a publication that has arrived proves it.

use crate::device::{Device, Link, Stage};
use crate::{Action, Credentials, Ending, Held, Keep, Progress};
use muster_documents::Serial;

/// Which of the device's own certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    Current,
    Pending,
}

impl Slot {
    pub(crate) fn credentials(self, held: &Held) -> Option<&Credentials> {
        match self {
            Self::Current => held.current.as_ref(),
            Self::Pending => held.pending.as_ref(),
        }
    }
}

impl Device {
    /// Drops the connection and makes one with the certificate in this slot.
    pub(crate) fn prove(&mut self, slot: Slot) {
        self.stage = Stage::Proving(slot);
        if self.link != Link::Down {
            self.act(Action::Disconnect);
        }
        self.connect();
    }

    /// The endpoint refused the current certificate. Where there is a pending one, that may be the one in force by now.
    pub(crate) fn current_refused(&mut self) {
        if self.held.pending.is_some() {
            self.stage = Stage::Proving(Slot::Pending);
        }
    }

    /// Publishes what only the device's own certificate may publish.
    pub(crate) fn say_hello(&mut self) {
        let Stage::Proving(slot) = self.stage else {
            return;
        };
        let Some(credentials) = slot.credentials(&self.held) else {
            return;
        };
        let payload = format!("{{\"certificateId\":\"{}\"}}", credentials.certificate_id());
        let client_id = self.thing_name.to_string();
        self.report(Progress::Reconnected { client_id });
        self.publish(hello_topic(&self.thing_name), payload.into_bytes());
    }

    /// A publication has arrived. The one that counts is the first with the device's own certificate.
    pub(crate) fn delivered(&mut self) {
        let Stage::Proving(slot) = self.stage else {
            return;
        };
        self.report(Progress::Published {
            topic: hello_topic(&self.thing_name),
        });
        let before = self.held.current_id().filter(|_| self.replaces());
        if slot == Slot::Pending {
            self.act(Action::Keep(Keep::Promotion));
            self.held.current = self.held.pending.take();
            self.held.delivery = None;
            self.report(Progress::Promoted);
        }
        let certificate_id = self.held.current_id().unwrap_or_default();
        let thing_name = self.thing_name.to_string();
        self.report(match before {
            Some(replaced) => Progress::Rotated {
                thing_name: thing_name.clone(),
                certificate_id: certificate_id.clone(),
                replaced,
            },
            None => Progress::Finished {
                thing_name: thing_name.clone(),
                certificate_id: certificate_id.clone(),
            },
        });
        self.end(Ending::Provisioned {
            thing_name,
            certificate_id,
        });
    }
}

/// Where a device publishes first with its own certificate.
fn hello_topic(thing_name: &Serial) -> String {
    format!("devices/{thing_name}/hello")
}
