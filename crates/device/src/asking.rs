//! Asking for a certificate with the claim certificate, and collecting what comes.

use crate::chunked::Chunked;
use crate::legacy::Legacy;
use crate::proving::Slot;
use crate::provisioning::{Link, Phase};
use crate::{Action, Credentials, Ending, Keep, Progress, Provisioning, Refused};
use muster_chunking::{Acknowledgement, publish_packet_size, room_for_payload};
use muster_documents::Mode;
use muster_pki::KeyError;

/// A cloud that is slow isn't asked faster: the wait for missing chunks doubles up to 2 to this power.
const MOST_DOUBLINGS: u32 = 3;

/// What was asked for and what has come.
pub(crate) struct Asking {
    collector: Collector,
    /// Acknowledgements since something new came.
    unanswered: u32,
}

enum Collector {
    Chunked(Chunked),
    Legacy(Legacy),
}

/// What a message on `accepted` was good for.
pub(crate) enum Taken {
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

impl Provisioning {
    /// Begins to ask, with the key that was kept, if there is one. The connection is the caller's.
    pub(crate) fn ask(&mut self) {
        let collector = match self.settings.mode {
            Mode::Legacy => Ok(Collector::Legacy(Legacy::default())),
            Mode::Chunked => self.chunked().map(Collector::Chunked),
        };
        match collector {
            Ok(collector) => {
                let asking = Asking {
                    collector,
                    unanswered: 0,
                };
                self.phase = Phase::Asking(asking);
                self.complete_from_snapshot();
            }
            Err(error) => self.end(Ending::GaveUp {
                because: error.to_string(),
            }),
        }
    }

    /// The collector for the kept key; a key that is made now is kept before anything is asked with it.
    fn chunked(&mut self) -> Result<Chunked, KeyError> {
        let kept = self
            .held
            .delivery
            .as_ref()
            .map(Chunked::resume)
            .transpose()?;
        let chunked = match kept {
            // The pending certificate didn't work: all of it is asked for again, with the same key.
            Some(mut chunked) if self.held.pending.is_some() => {
                chunked.forget();
                chunked
            }
            Some(chunked) => return Ok(chunked),
            None => Chunked::new(self.entropy.new_key()?),
        };
        self.keep_delivery(chunked.unfinished());
        Ok(chunked)
    }

    /// Killed after the last chunk and before the certificate was kept: nothing is left to ask for.
    fn complete_from_snapshot(&mut self) {
        let Phase::Asking(Asking {
            collector: Collector::Chunked(chunked),
            ..
        }) = &mut self.phase
        else {
            return;
        };
        if let Some(Ok(credentials)) = chunked.credentials() {
            self.complete(credentials);
        }
    }

    /// Says what is missing, or asks from the start if nothing is known yet or nobody answers.
    pub(crate) fn ask_again(&mut self) {
        let Phase::Asking(asking) = &mut self.phase else {
            return;
        };
        let timings = &self.settings.timings;
        let acknowledgement = asking
            .collector
            .acknowledgement()
            .filter(|_| asking.unanswered < timings.acknowledgement_tries);
        if let Some(acknowledgement) = acknowledgement {
            self.wake = self.now + timings.quiet * (1 << asking.unanswered.min(MOST_DOUBLINGS));
            asking.unanswered += 1;
            self.publish_acknowledgement(acknowledgement);
        } else if self.now >= self.not_before {
            self.request();
        } else {
            self.wake = self.not_before;
        }
    }

    fn request(&mut self) {
        let wait = self.requesting.after_failure(self.entropy.as_mut());
        self.wake = self.now + wait;
        self.not_before = self.wake;
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
                self.requests += 1;
                self.act(Action::Publish {
                    topic: self.settings.topics.json(),
                    payload,
                });
                self.report(Progress::Requested {
                    attempt: self.requests,
                });
            }
            Err(error) => self.end(Ending::GaveUp {
                because: error.to_string(),
            }),
        }
    }

    /// Takes a message on `accepted`.
    pub(crate) fn collect(&mut self, topic: &str, payload: &[u8]) {
        let Phase::Asking(asking) = &mut self.phase else {
            return;
        };
        let packet_bytes = publish_packet_size(topic.len(), payload.len());
        match asking.collector.take(payload, packet_bytes) {
            Taken::Nothing => {}
            Taken::Known(progress) => {
                self.report(progress);
                self.wait_for_more();
            }
            Taken::New(progress) => {
                asking.unanswered = 0;
                let unfinished = match &asking.collector {
                    Collector::Chunked(chunked) => Some(chunked.unfinished()),
                    Collector::Legacy(_) => None,
                };
                self.report(progress);
                if let Some(unfinished) = unfinished {
                    self.keep_delivery(unfinished);
                }
                self.wait_for_more();
            }
            Taken::Complete(progress, credentials) => {
                self.report(progress);
                self.complete(credentials);
            }
            Taken::Unusable(progress, why) => {
                self.report(progress);
                self.trouble = why;
                self.wait_for_more();
            }
        }
    }

    /// Something came: more may be on its way. Before the manifest only a repeated request helps, in its own time.
    fn wait_for_more(&mut self) {
        let Phase::Asking(asking) = &self.phase else {
            return;
        };
        if asking.collector.acknowledgement().is_some() {
            self.wake = self.now + self.settings.timings.quiet;
        }
    }

    /// The certificate is whole and is this device's: keep it, then say so.
    fn complete(&mut self, credentials: Credentials) {
        self.act(Action::Keep(Keep::Pending(credentials.clone())));
        self.report(Progress::Stored {
            certificate_id: credentials.certificate_id(),
        });
        self.held.pending = Some(credentials);
        self.refusals = 0;
        match self.settings.mode {
            Mode::Legacy => self.prove(Slot::Pending),
            Mode::Chunked => {
                self.phase = Phase::Acknowledging { tries: 0 };
                if self.link == Link::Up {
                    self.acknowledge();
                }
            }
        }
    }

    /// The cloud says no to the request, or to an acknowledgement while something was missing.
    pub(crate) fn refused(&mut self, payload: &[u8]) {
        let refused = Refused::read(payload);
        self.report_refusal(&refused);
        if !refused.retryable {
            return self.end(Ending::Refused(refused));
        }
        let wait = self.requesting.after_failure(self.entropy.as_mut());
        self.wake = self.now + wait;
        self.not_before = self.wake;
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
            self.keep_delivery(forgotten);
        }
        self.waiting(wait);
    }

    pub(crate) fn report_refusal(&mut self, refused: &Refused) {
        self.trouble = format!("the cloud refused: {} {}", refused.code, refused.message);
        self.report(Progress::Refused {
            code: refused.code.clone(),
            message: refused.message.clone(),
            retryable: refused.retryable,
        });
    }

    pub(crate) fn publish_acknowledgement(&mut self, acknowledgement: Acknowledgement) {
        // What a packet has no room for is asked for the next time.
        let topic = self.settings.topics.ack();
        let room = room_for_payload(self.settings.packet_size, topic.len()).unwrap_or(0);
        let acknowledgement = acknowledgement.within(room).unwrap_or(acknowledgement);
        let mut payload = vec![0; Acknowledgement::MAX_LENGTH];
        // The buffer has room for the longest there is.
        let length = acknowledgement.encode(&mut payload).unwrap_or(0);
        payload.truncate(length);
        self.act(Action::Publish { topic, payload });
        self.report(Progress::Acknowledged {
            missing: acknowledgement.missing().len(),
        });
    }

    fn keep_delivery(&mut self, unfinished: crate::UnfinishedDelivery) {
        self.held.delivery = Some(unfinished.clone());
        self.act(Action::Keep(Keep::Delivery(unfinished)));
    }
}
