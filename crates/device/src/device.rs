//! What a device on any way to its certificate has: a connection, the certificates, its waits and its end.

use crate::backoff::Backoff;
use crate::proving::Slot;
use crate::{
    Action, Credentials, Ending, Entropy, Held, Identity, Keep, Progress, Refused, Timings,
    UnfinishedDelivery,
};
use muster_documents::{ClientId, Serial};
use std::time::Duration;

/// One device, whichever way it goes.
pub(crate) struct Device {
    /// The MQTT client id of the connection with the claim certificate.
    pub(crate) client_id: ClientId,
    /// The thing's name, which is the serial and the client id of the new connection.
    pub(crate) thing_name: Serial,
    pub(crate) timings: Timings,
    pub(crate) entropy: Box<dyn Entropy + Send>,
    /// What the store holds, once the actions so far are done.
    pub(crate) held: Held,
    pub(crate) stage: Stage,
    pub(crate) link: Link,
    pub(crate) now: Duration,
    pub(crate) wake: Duration,
    pub(crate) give_up_at: Duration,
    pub(crate) connecting: Backoff,
    pub(crate) requesting: Backoff,
    /// The next request goes out no earlier.
    pub(crate) not_before: Duration,
    /// Requests in this run.
    pub(crate) requests: u32,
    /// How often the pending certificate was refused since there was a reason to try it.
    pub(crate) refusals: u32,
    /// What stood in the way last.
    pub(crate) trouble: String,
    pub(crate) actions: Vec<Action>,
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The way's, with the claim certificate.
    Claim,
    /// Connecting with a certificate of its own.
    Proving(Slot),
    /// Nothing more to do.
    Over,
}

/// The state of the connection that the stage needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    Down,
    Connecting,
    Subscribing,
    Up,
}

impl Device {
    /// A device at `now`, which has done nothing yet.
    pub(crate) fn new(
        client_id: ClientId,
        thing_name: Serial,
        timings: Timings,
        held: Held,
        entropy: Box<dyn Entropy + Send>,
        now: Duration,
    ) -> Self {
        Self {
            give_up_at: now + timings.give_up_after,
            connecting: Backoff::new(timings.connect_retry, timings.connect_retry_longest),
            requesting: Backoff::new(timings.request_retry, timings.request_retry_longest),
            client_id,
            thing_name,
            timings,
            entropy,
            held,
            stage: Stage::Claim,
            link: Link::Down,
            now,
            wake: now,
            not_before: now,
            requests: 0,
            refusals: 0,
            trouble: "the cloud has not answered".into(),
            actions: Vec::new(),
        }
    }

    /// Connects with the certificate that the stage needs.
    pub(crate) fn connect(&mut self) {
        let (client_id, identity) = match &self.stage {
            Stage::Proving(slot) => {
                let Some(credentials) = slot.credentials(&self.held).cloned() else {
                    return;
                };
                (self.thing_name.to_string(), Identity::Own(credentials))
            }
            Stage::Over => return,
            Stage::Claim => (self.client_id.to_string(), Identity::Claim),
        };
        self.link = Link::Connecting;
        // The transport has its own limit for a connection; this one is for a transport that never says.
        self.wake = self.now + self.timings.patience * 2;
        self.act(Action::Connect {
            client_id,
            identity,
        });
    }

    pub(crate) fn wait_to_connect(&mut self) {
        if self.stage == Stage::Over {
            return;
        }
        let wait = self.connecting.after_failure(self.entropy.as_mut());
        self.wake = self.now + wait;
        self.waiting(wait);
    }

    /// Subscribes on the connection that is up; what comes in the meantime is heard.
    pub(crate) fn subscribe(&mut self, topics: Vec<String>) {
        self.link = Link::Subscribing;
        self.act(Action::Subscribe(topics));
        self.wake = self.now + self.timings.patience;
    }

    pub(crate) fn waiting(&mut self, wait: Duration) {
        let milliseconds = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.report(Progress::Waiting {
            because: self.trouble.clone(),
            milliseconds,
        });
    }

    /// How long to wait until the next request, after one more of them.
    pub(crate) fn wait_to_request(&mut self) -> Duration {
        let wait = self.requesting.after_failure(self.entropy.as_mut());
        self.not_before = self.now + wait;
        self.wake = self.not_before;
        wait
    }

    pub(crate) fn report_refusal(&mut self, refused: &Refused) {
        self.trouble = format!("the cloud refused: {} {}", refused.code, refused.message);
        self.report(Progress::Refused {
            code: refused.code.clone(),
            message: refused.message.clone(),
            retryable: refused.retryable,
        });
    }

    pub(crate) fn keep_delivery(&mut self, unfinished: UnfinishedDelivery) {
        self.held.delivery = Some(unfinished.clone());
        self.act(Action::Keep(Keep::Delivery(unfinished)));
    }

    pub(crate) fn keep_pending(&mut self, credentials: Credentials) {
        self.act(Action::Keep(Keep::Pending(credentials.clone())));
        self.report(Progress::Stored {
            certificate_id: credentials.certificate_id(),
        });
        self.held.pending = Some(credentials);
        self.refusals = 0;
    }

    pub(crate) fn give_up(&mut self, because: String) {
        self.end(Ending::GaveUp { because });
    }

    pub(crate) fn end(&mut self, ending: Ending) {
        self.stage = Stage::Over;
        self.act(Action::Disconnect);
        self.act(Action::End(ending));
    }

    pub(crate) fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    pub(crate) fn publish(&mut self, topic: String, payload: Vec<u8>) {
        self.act(Action::Publish {
            topic,
            payload: payload.into(),
        });
    }

    pub(crate) fn report(&mut self, progress: Progress) {
        self.act(Action::Report(progress));
    }
}
