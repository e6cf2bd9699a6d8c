//! Asking for a certificate, and collecting what comes.

use super::chunked::Chunked;
use super::legacy::Legacy;
use super::{Claim, Phase};
use crate::device::{Device, Link, Stage};
use crate::proving::Slot;
use crate::{Credentials, Progress, Refused};
use muster_chunking::{Acknowledgement, publish_packet_size, room_for_payload};
use muster_documents::{Mode, RefusalCode};
use muster_pki::KeyError;

/// A cloud that is slow isn't asked faster: the wait for missing chunks doubles up to 2 to this power.
const MOST_DOUBLINGS: u32 = 3;

/// What was asked for and what has come.
pub(super) struct Asking {
    collector: Collector,
    /// Acknowledgements since something new came.
    unanswered: u32,
}

enum Collector {
    Chunked(Chunked),
    Legacy(Legacy),
}

/// What a message on `accepted` was good for.
pub(super) enum Taken {
    /// Nothing that this device understands.
    Nothing,
    /// It was known already.
    Known(Progress),
    /// A piece that was missing.
    New(Progress),
    /// The last piece.
    Complete(Progress, Credentials),
    /// It is complete and can't be used, for this reason; it has been forgotten.
    Unusable(Progress, String),
}

impl Collector {
    fn take(&mut self, payload: &[u8], packet_bytes: usize) -> Taken {
        match self {
            Self::Chunked(chunked) => chunked.take(payload, packet_bytes),
            Self::Legacy(legacy) => legacy.take(payload, packet_bytes),
        }
    }

    fn acknowledgement(&self) -> Option<Acknowledgement> {
        match self {
            Self::Chunked(chunked) => chunked.acknowledgement(),
            Self::Legacy(_) => None,
        }
    }
}

impl Claim {
    /// Begins to ask, with the key that was kept, if there is one. The connection is the caller's.
    pub(super) fn ask(&mut self, device: &mut Device) {
        let collector = match self.settings.mode {
            Mode::Legacy => Ok(Collector::Legacy(Legacy::default())),
            Mode::Chunked => Self::chunked(device).map(Collector::Chunked),
        };
        match collector {
            Ok(collector) => {
                let asking = Asking {
                    collector,
                    unanswered: 0,
                };
                device.stage = Stage::Asking;
                self.phase = Phase::Asking(asking);
                self.complete_from_snapshot(device);
            }
            Err(error) => device.give_up(error.to_string()),
        }
    }

    /// The collector for the kept key; a key that is made now is kept before anything is asked with it.
    fn chunked(device: &mut Device) -> Result<Chunked, KeyError> {
        let kept = device
            .held
            .delivery
            .as_ref()
            .map(Chunked::resume)
            .transpose()?;
        let chunked = match kept {
            // The pending certificate didn't work: all of it is asked for again, with the same key.
            Some(mut chunked) if device.held.pending.is_some() => {
                chunked.forget();
                chunked
            }
            Some(chunked) => return Ok(chunked),
            None => Chunked::new(device.entropy.new_key()?),
        };
        device.keep_delivery(chunked.unfinished());
        Ok(chunked)
    }

    /// Killed after the last chunk and before the certificate was kept: nothing is left to ask for.
    fn complete_from_snapshot(&mut self, device: &mut Device) {
        let Phase::Asking(Asking {
            collector: Collector::Chunked(chunked),
            ..
        }) = &mut self.phase
        else {
            return;
        };
        if let Some(Ok(credentials)) = chunked.credentials() {
            self.complete(device, credentials);
        }
    }

    /// Says what is missing, or asks from the start if nothing is known yet or nobody answers.
    pub(super) fn ask_again(&mut self, device: &mut Device) {
        let Phase::Asking(asking) = &mut self.phase else {
            return;
        };
        let timings = &device.timings;
        let acknowledgement = asking
            .collector
            .acknowledgement()
            .filter(|_| asking.unanswered < timings.acknowledgement_tries);
        if let Some(acknowledgement) = acknowledgement {
            device.wake = device.now + timings.quiet * (1 << asking.unanswered.min(MOST_DOUBLINGS));
            asking.unanswered += 1;
            self.publish_acknowledgement(device, acknowledgement);
        } else if device.now >= device.not_before {
            self.request(device);
        } else {
            device.wake = device.not_before;
        }
    }

    fn request(&mut self, device: &mut Device) {
        device.wait_to_request();
        let Phase::Asking(asking) = &mut self.phase else {
            return;
        };
        asking.unanswered = 0;
        let request = match &asking.collector {
            Collector::Chunked(chunked) => chunked.request(&self.settings),
            Collector::Legacy(_) => Ok(Legacy::request(&self.settings)),
        };
        match request {
            Ok(payload) => {
                device.requests += 1;
                device.publish(self.settings.topics.json(), payload);
                device.report(Progress::Requested {
                    attempt: device.requests,
                });
            }
            Err(error) => device.give_up(error.to_string()),
        }
    }

    /// Takes a message on `accepted`.
    pub(super) fn collect(&mut self, device: &mut Device, topic: &str, payload: &[u8]) {
        let Phase::Asking(asking) = &mut self.phase else {
            return;
        };
        let packet_bytes = publish_packet_size(topic.len(), payload.len());
        match asking.collector.take(payload, packet_bytes) {
            Taken::Nothing => {}
            Taken::Known(progress) => {
                device.report(progress);
                self.wait_for_more(device);
            }
            Taken::New(progress) => {
                asking.unanswered = 0;
                let unfinished = match &asking.collector {
                    Collector::Chunked(chunked) => Some(chunked.unfinished()),
                    Collector::Legacy(_) => None,
                };
                device.report(progress);
                if let Some(unfinished) = unfinished {
                    device.keep_delivery(unfinished);
                }
                self.wait_for_more(device);
            }
            Taken::Complete(progress, credentials) => {
                device.report(progress);
                self.complete(device, credentials);
            }
            Taken::Unusable(progress, why) => {
                device.report(progress);
                device.trouble = why;
                self.wait_for_more(device);
            }
        }
    }

    /// Something came: more may be on its way. Before the manifest only a repeated request helps, in its own time.
    fn wait_for_more(&self, device: &mut Device) {
        let Phase::Asking(asking) = &self.phase else {
            return;
        };
        if asking.collector.acknowledgement().is_some() {
            device.wake = device.now + device.timings.quiet;
        }
    }

    /// The certificate is whole and is this device's: keep it, then say so.
    fn complete(&mut self, device: &mut Device, credentials: Credentials) {
        device.keep_pending(credentials);
        match self.settings.mode {
            Mode::Legacy => device.prove(Slot::Pending),
            Mode::Chunked => {
                self.phase = Phase::Acknowledging { tries: 0 };
                if device.link == Link::Up {
                    self.acknowledge(device);
                }
            }
        }
    }

    /// The cloud says no to the request, or to an acknowledgement while something was missing.
    pub(super) fn refused(&mut self, device: &mut Device, payload: &[u8]) {
        let mut refused = Refused::read(payload);
        // It becomes due in days, and the cloud says when.
        if device.rotates() && refused.code == RefusalCode::RotationNotDue.name() {
            refused.retryable = false;
        }
        device.report_refusal(&refused);
        if !refused.retryable {
            return device.refused_for_good(refused);
        }
        let wait = device.wait_to_request();
        let Phase::Asking(asking) = &mut self.phase else {
            return;
        };
        // Whatever was being delivered isn't any more.
        let forgotten = match &mut asking.collector {
            Collector::Chunked(chunked) => {
                chunked.forget();
                Some(chunked.unfinished())
            }
            Collector::Legacy(legacy) => {
                *legacy = Legacy::default();
                None
            }
        };
        if let Some(forgotten) = forgotten {
            device.keep_delivery(forgotten);
        }
        device.waiting(wait);
    }

    pub(super) fn publish_acknowledgement(
        &self,
        device: &mut Device,
        acknowledgement: Acknowledgement,
    ) {
        // What a packet has no room for is asked for the next time.
        let topic = self.settings.topics.ack();
        let room = room_for_payload(self.settings.packet_size, topic.len()).unwrap_or(0);
        let acknowledgement = acknowledgement.within(room).unwrap_or(acknowledgement);
        let mut payload = vec![0; Acknowledgement::MAX_LENGTH];
        // The buffer has room for the longest there is.
        let length = acknowledgement.encode(&mut payload).unwrap_or(0);
        payload.truncate(length);
        device.publish(topic, payload);
        device.report(Progress::Acknowledged {
            missing: acknowledgement.missing().len(),
        });
    }
}
