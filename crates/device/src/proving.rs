//! Connecting with the device's own certificate: only a publication that has arrived proves it.

use crate::provisioning::{Link, Phase};
use crate::{Action, Credentials, Ending, Held, Keep, Progress, Provisioning};
use muster_documents::Mode;

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

impl Provisioning {
    /// Drops the connection and makes one with the certificate in this slot.
    pub(crate) fn prove(&mut self, slot: Slot) {
        self.phase = Phase::Proving(slot);
        if self.link != Link::Down {
            self.act(Action::Disconnect);
        }
        self.connect();
    }

    /// Publishes what only the device's own certificate may publish.
    pub(crate) fn say_hello(&mut self) {
        let Phase::Proving(slot) = self.phase else {
            return;
        };
        let Some(credentials) = slot.credentials(&self.held) else {
            return;
        };
        let payload = format!("{{\"certificateId\":\"{}\"}}", credentials.certificate_id());
        let client_id = self.settings.thing_name.to_string();
        self.report(Progress::Reconnected { client_id });
        let topic = self.settings.hello_topic();
        self.act(Action::Publish {
            topic,
            payload: payload.into_bytes(),
        });
    }

    /// A publication has arrived. The one that counts is the first with the device's own certificate.
    pub(crate) fn delivered(&mut self) {
        let Phase::Proving(slot) = self.phase else {
            return;
        };
        self.report(Progress::Published {
            topic: self.settings.hello_topic(),
        });
        if slot == Slot::Pending {
            self.act(Action::Keep(Keep::Promotion));
            self.held.current = self.held.pending.take();
            self.held.delivery = None;
            self.report(Progress::Promoted);
        }
        let certificate_id = self
            .held
            .current
            .as_ref()
            .map(Credentials::certificate_id)
            .unwrap_or_default();
        let thing_name = self.settings.thing_name.to_string();
        self.report(Progress::Finished {
            thing_name: thing_name.clone(),
            certificate_id: certificate_id.clone(),
        });
        self.end(Ending::Provisioned {
            thing_name,
            certificate_id,
        });
    }

    /// The pending certificate doesn't work, or not yet. It is kept until another takes its place: it may still turn
    /// out to be the one that works.
    pub(crate) fn pending_refused(&mut self) {
        self.refusals += 1;
        if self.refusals >= self.settings.timings.refusals {
            self.refusals = 0;
            self.ask();
        } else if self.settings.mode == Mode::Chunked {
            self.phase = Phase::Acknowledging { tries: 0 };
        }
    }
}
