//! Telling the cloud that the certificate is complete and kept, until it works.

use super::{Claim, Phase};
use crate::device::{Device, Link};
use crate::proving::Slot;
use crate::{Progress, Refused};
use muster_chunking::{Acknowledgement, Answer, Delivery, MissingSet};
use muster_documents::RefusalCode;

impl Claim {
    /// Says once more that nothing is missing. After the last try the certificate is tried all the same: the
    /// activation may be what got lost.
    pub(super) fn acknowledge(&mut self, device: &mut Device) {
        let Phase::Acknowledging { tries } = &mut self.phase else {
            return;
        };
        if *tries >= device.timings.acknowledgement_tries {
            return device.prove(Slot::Pending);
        }
        *tries += 1;
        device.wake = device.now + device.timings.quiet;
        if let Some(delivery) = pending_delivery(device) {
            self.publish_acknowledgement(device, Acknowledgement::new(delivery, MissingSet::new()));
        }
    }

    /// Takes a message on `accepted`: only the activation of the pending certificate counts now.
    pub(super) fn watch_for_activation(device: &mut Device, payload: &[u8]) {
        if let Ok(Answer::Activated(delivery)) = Answer::decode(payload)
            && Some(delivery) == pending_delivery(device)
        {
            device.report(Progress::Activated);
            device.prove(Slot::Pending);
        }
    }

    /// The cloud has no such delivery: it was abandoned and its certificate revoked, or it is long done and the
    /// certificate works. Only what was surely abandoned is asked for again at once; anything else is tried.
    pub(super) fn delivery_refused(&mut self, device: &mut Device, payload: &[u8]) {
        let refused = Refused::read(payload);
        device.report_refusal(&refused);
        if refused.code == RefusalCode::DeliveryAbandoned.name() {
            self.ask(device);
            if device.link == Link::Up {
                self.ask_again(device);
            }
        } else {
            device.prove(Slot::Pending);
        }
    }
}

/// A delivery is named by the first four bytes of its certificate's SHA-256, as the certificate's id is.
fn pending_delivery(device: &Device) -> Option<Delivery> {
    let id = device.held.pending.as_ref()?.certificate_id();
    u32::from_str_radix(id.get(..8)?, 16)
        .ok()
        .map(Delivery::from)
}
