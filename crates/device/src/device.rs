//! What a device on any way to its certificate has: a connection, the certificates, its waits and its end.

use crate::backoff::Backoff;
use crate::proving::Slot;
use crate::{
    Action, Credentials, Ending, Entropy, Held, Identity, Keep, Progress, Refused, Timings,
    Trouble, UnfinishedDelivery, VendingRequest,
};
use muster_documents::{ClientId, Serial};
use std::time::Duration;

/// One device, whichever way it goes.
pub(crate) struct Device {
    pub(crate) purpose: Purpose,
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
    /// In a rotation: that the cloud has refused for good, while there is still a certificate to be tried once more.
    pub(crate) verdict: Option<Refused>,
    /// What stood in the way last.
    pub(crate) trouble: String,
    pub(crate) actions: Vec<Action>,
}

/// What a certificate is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be the device's first. It asks with the claim certificate.
    Provisioning,
    /// To take the place of the current one. It asks with that one.
    Rotation,
    /// To take the place of the current one. It asks as for a first one: it was given the right to.
    Replacement,
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The way's, with the certificate that it asks with.
    Asking,
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
        purpose: Purpose,
        (client_id, thing_name): (ClientId, Serial),
        timings: Timings,
        mut held: Held,
        entropy: Box<dyn Entropy + Send>,
        now: Duration,
    ) -> Self {
        let replaces = match purpose {
            Purpose::Provisioning | Purpose::Replacement => None,
            Purpose::Rotation => held.current_id(),
        };
        // Another one is left as it is, until something of this device's takes its place.
        held.delivery = held
            .delivery
            .filter(|delivery| delivery.replaces == replaces);
        Self {
            purpose,
            give_up_at: now + timings.give_up_after,
            connecting: Backoff::new(timings.connect_retry, timings.connect_retry_longest),
            requesting: Backoff::new(timings.request_retry, timings.request_retry_longest),
            client_id,
            thing_name,
            timings,
            entropy,
            held,
            stage: Stage::Asking,
            link: Link::Down,
            now,
            wake: now,
            not_before: now,
            requests: 0,
            refusals: 0,
            verdict: None,
            trouble: "the cloud has not answered".into(),
            actions: Vec::new(),
        }
    }

    pub(crate) fn rotates(&self) -> bool {
        self.purpose == Purpose::Rotation
    }

    /// Whether another certificate is to take the current one's place.
    pub(crate) fn replaces(&self) -> bool {
        self.purpose != Purpose::Provisioning && self.held.current.is_some()
    }

    /// Connects with the certificate that the stage needs.
    pub(crate) fn connect(&mut self) {
        let slot = match (self.stage, self.purpose) {
            (Stage::Over, _) => return,
            (Stage::Proving(slot), _) => Some(slot),
            (Stage::Asking, Purpose::Provisioning | Purpose::Replacement) => None,
            (Stage::Asking, Purpose::Rotation) => Some(Slot::Current),
        };
        let (client_id, identity) = if let Some(slot) = slot {
            let Some(credentials) = slot.credentials(&self.held).cloned() else {
                return;
            };
            (self.thing_name.to_string(), Identity::Own(credentials))
        } else {
            (self.client_id.to_string(), Identity::Claim)
        };
        self.link = Link::Connecting;
        // The transport has its own limit for a connection; this one is for a transport that never says.
        self.wake = self.now + self.timings.patience * 2;
        self.act(Action::Connect {
            client_id,
            identity,
        });
    }

    /// Asks over HTTPS.
    pub(crate) fn ask(&mut self, request: VendingRequest) {
        if self.stage == Stage::Over {
            return;
        }
        self.link = Link::Connecting;
        self.requests += 1;
        // A gateway takes up to 29 s for its own answer, and a modem as long for the way. As above, the transport says so
        // first.
        let within = self.timings.patience * 4;
        self.wake = self.now + within + self.timings.patience;
        self.act(Action::Ask { request, within });
        self.report(Progress::Requested {
            attempt: self.requests,
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

    /// What stands in the way if the endpoint took a connection and then said nothing. On one that was up that is as
    /// good as a refusal.
    pub(crate) fn no_answer(&self) -> Trouble {
        Trouble {
            refused: self.link == Link::Up,
            what: format!("no answer in {} s", self.timings.patience.as_secs()),
        }
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

    pub(crate) fn keep_delivery(&mut self, mut unfinished: UnfinishedDelivery) {
        if self.rotates() {
            unfinished.replaces = self.held.current_id();
        }
        self.held.delivery = Some(unfinished.clone());
        self.act(Action::Keep(Keep::Delivery(unfinished)));
    }

    /// A certificate that comes without a word on where it is used is used where the current one is.
    pub(crate) fn keep_pending(&mut self, mut credentials: Credentials) {
        if credentials.place().is_none() {
            let current = self.held.current.as_ref();
            credentials = credentials.at(current.and_then(Credentials::place).cloned());
        }
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
