//! Telling the cloud that the certificate is complete and kept, until it works.

use crate::proving::Slot;
use crate::provisioning::{Link, Phase};
use crate::{Progress, Provisioning, Refused};
use muster_chunking::{Acknowledgement, Answer, Delivery, MissingSet};
use muster_documents::RefusalCode;

impl Provisioning {
    /// Says once more that nothing is missing. After the last try the certificate is tried all the same: the
    /// activation may be what got lost.
    pub(crate) fn acknowledge(&mut self) {
        let Phase::Acknowledging { tries } = &mut self.phase else {
            return;
        };
        if *tries >= self.settings.timings.acknowledgement_tries {
            return self.prove(Slot::Pending);
        }
        *tries += 1;
        self.wake = self.now + self.settings.timings.quiet;
        if let Some(delivery) = self.pending_delivery() {
            self.publish_acknowledgement(Acknowledgement::new(delivery, MissingSet::new()));
        }
    }

    /// Takes a message on `accepted`: only the activation of the pending certificate counts now.
    pub(crate) fn watch_for_activation(&mut self, payload: &[u8]) {
        if let Ok(Answer::Activated(delivery)) = Answer::decode(payload)
            && Some(delivery) == self.pending_delivery()
        {
            self.report(Progress::Activated);
            self.prove(Slot::Pending);
        }
    }

    /// The cloud has no such delivery: it was abandoned and its certificate revoked, or it is long done and the
    /// certificate works. Only what was surely abandoned is asked for again at once; anything else is tried.
    pub(crate) fn delivery_refused(&mut self, payload: &[u8]) {
        let refused = Refused::read(payload);
        self.report_refusal(&refused);
        if refused.code == RefusalCode::DeliveryAbandoned.name() {
            self.ask();
            if self.link == Link::Up {
                self.ask_again();
            }
        } else {
            self.prove(Slot::Pending);
        }
    }

    /// A delivery is named by the first four bytes of its certificate's SHA-256, as the certificate's id is.
    fn pending_delivery(&self) -> Option<Delivery> {
        let id = self.held.pending.as_ref()?.certificate_id();
        u32::from_str_radix(id.get(..8)?, 16)
            .ok()
            .map(Delivery::from)
    }
}
