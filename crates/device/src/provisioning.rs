//! The state machine: where a device is on its way to a certificate that works.

use crate::asking::Asking;
use crate::backoff::Backoff;
use crate::proving::Slot;
use crate::{Action, Ending, Entropy, Event, Held, Identity, Progress, Settings, Trouble};
use std::time::Duration;

/// One device on its way from a claim certificate to a certificate of its own.
///
/// It does no I/O and reads no clock: [`Provisioning::start`] and [`Provisioning::handle`] answer what to do, in
/// order, and [`Provisioning::wake_at`] says when to come back with [`Event::Tick`]. It can be dropped at any moment
/// and started again from what was kept.
pub struct Provisioning {
    pub(crate) settings: Settings,
    pub(crate) entropy: Box<dyn Entropy + Send>,
    /// What the store holds, once the actions so far are done.
    pub(crate) held: Held,
    pub(crate) phase: Phase,
    pub(crate) link: Link,
    pub(crate) now: Duration,
    pub(crate) wake: Duration,
    give_up_at: Duration,
    pub(crate) connecting: Backoff,
    pub(crate) requesting: Backoff,
    /// The next request goes out no earlier.
    pub(crate) not_before: Duration,
    /// Requests in this run.
    pub(crate) requests: u32,
    /// How often the pending certificate was refused since it was asked for.
    pub(crate) refusals: u32,
    /// What stood in the way last.
    pub(crate) trouble: String,
    pub(crate) actions: Vec<Action>,
}

/// What the device is at.
pub(crate) enum Phase {
    /// Asking for a certificate and collecting it.
    Asking(Asking),
    /// Telling the cloud that the pending certificate is complete.
    Acknowledging {
        /// How often it was said on this connection.
        tries: u32,
    },
    /// Connecting with a certificate of its own.
    Proving(Slot),
    /// Nothing more to do.
    Over,
}

/// The state of the connection that the phase needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    Down,
    Connecting,
    Subscribing,
    Up,
}

impl Provisioning {
    /// Begins, or goes on from what is held. `now` is the time since any fixed moment, as everywhere here.
    pub fn start(
        settings: Settings,
        held: Held,
        entropy: Box<dyn Entropy + Send>,
        now: Duration,
    ) -> (Self, Vec<Action>) {
        let timings = &settings.timings;
        let mut device = Self {
            give_up_at: now + timings.give_up_after,
            connecting: Backoff::new(timings.connect_retry, timings.connect_retry_longest),
            requesting: Backoff::new(timings.request_retry, timings.request_retry_longest),
            settings,
            entropy,
            held,
            phase: Phase::Over,
            link: Link::Down,
            now,
            wake: now,
            not_before: now,
            requests: 0,
            refusals: 0,
            trouble: "the cloud has not answered".into(),
            actions: Vec::new(),
        };
        if device.held.pending.is_some() {
            device.prove(Slot::Pending);
        } else if device.held.current.is_some() {
            device.prove(Slot::Current);
        } else {
            device.ask();
            device.connect();
        }
        let actions = std::mem::take(&mut device.actions);
        (device, actions)
    }

    /// Takes what happened at `now` and answers what to do about it, in this order.
    pub fn handle(&mut self, event: Event, now: Duration) -> Vec<Action> {
        self.now = now;
        match (event, self.link) {
            _ if matches!(self.phase, Phase::Over) => {}
            (Event::Tick, _) => self.tick(),
            (Event::Lost(trouble), _) => self.lost(&trouble),
            (Event::Connected, Link::Connecting) => self.connected(),
            (Event::Subscribed, Link::Subscribing) => self.subscribed(),
            (Event::Message { topic, payload }, Link::Subscribing | Link::Up) => {
                self.message(&topic, &payload);
            }
            (Event::Delivered, Link::Up) => self.delivered(),
            _ => {}
        }
        std::mem::take(&mut self.actions)
    }

    /// When to come back with [`Event::Tick`] if nothing else happens.
    pub fn wake_at(&self) -> Duration {
        self.wake.min(self.give_up_at)
    }

    fn tick(&mut self) {
        if self.now >= self.give_up_at {
            let because = self.trouble.clone();
            return self.end(Ending::GaveUp { because });
        }
        if self.now < self.wake {
            return;
        }
        match self.link {
            Link::Down => self.connect(),
            Link::Connecting | Link::Subscribing => self.unanswered(),
            Link::Up => match self.phase {
                Phase::Asking(_) => self.ask_again(),
                Phase::Acknowledging { .. } => self.acknowledge(),
                Phase::Proving(_) => self.unanswered(),
                Phase::Over => {}
            },
        }
    }

    /// The endpoint took the connection and then said nothing.
    fn unanswered(&mut self) {
        self.act(Action::Disconnect);
        self.lost(&Trouble {
            refused: self.link == Link::Up,
            what: format!(
                "no answer in {} s",
                self.settings.timings.patience.as_secs()
            ),
        });
    }

    fn lost(&mut self, trouble: &Trouble) {
        self.link = Link::Down;
        self.trouble.clone_from(&trouble.what);
        if let Phase::Proving(Slot::Pending) = self.phase
            && trouble.refused
        {
            self.pending_refused();
        }
        self.wait_to_connect();
    }

    fn connected(&mut self) {
        if let Phase::Proving(_) = self.phase {
            self.link = Link::Up;
            self.say_hello();
        } else {
            self.link = Link::Subscribing;
            let client_id = self.settings.client_id.to_string();
            self.report(Progress::Connected { client_id });
            let topics = &self.settings.topics;
            self.act(Action::Subscribe(vec![
                topics.accepted(),
                topics.rejected(),
            ]));
        }
        self.wake = self.now + self.settings.timings.patience;
    }

    fn subscribed(&mut self) {
        self.link = Link::Up;
        self.connecting.reset();
        self.trouble = "the cloud has not answered".into();
        match self.phase {
            Phase::Asking(_) => self.ask_again(),
            Phase::Acknowledging { .. } => self.acknowledge(),
            Phase::Proving(_) | Phase::Over => {}
        }
    }

    fn message(&mut self, topic: &str, payload: &[u8]) {
        let accepted = topic == self.settings.topics.accepted();
        let rejected = topic == self.settings.topics.rejected();
        match self.phase {
            Phase::Asking(_) if accepted => self.collect(topic, payload),
            Phase::Asking(_) if rejected => self.refused(payload),
            Phase::Acknowledging { .. } if accepted => self.watch_for_activation(payload),
            Phase::Acknowledging { .. } if rejected => self.delivery_refused(payload),
            _ => {}
        }
    }

    /// Connects with the certificate that the phase needs.
    pub(crate) fn connect(&mut self) {
        let (client_id, identity) = match &self.phase {
            Phase::Proving(slot) => {
                let Some(credentials) = slot.credentials(&self.held).cloned() else {
                    return;
                };
                (
                    self.settings.thing_name.to_string(),
                    Identity::Own(credentials),
                )
            }
            Phase::Over => return,
            _ => (self.settings.client_id.to_string(), Identity::Claim),
        };
        self.link = Link::Connecting;
        // The transport has its own limit for a connection; this one is for a transport that never says.
        self.wake = self.now + self.settings.timings.patience * 2;
        self.act(Action::Connect {
            client_id,
            identity,
        });
    }

    fn wait_to_connect(&mut self) {
        if matches!(self.phase, Phase::Over) {
            return;
        }
        let wait = self.connecting.after_failure(self.entropy.as_mut());
        self.wake = self.now + wait;
        self.waiting(wait);
    }

    pub(crate) fn waiting(&mut self, wait: Duration) {
        let milliseconds = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.report(Progress::Waiting {
            because: self.trouble.clone(),
            milliseconds,
        });
    }

    pub(crate) fn end(&mut self, ending: Ending) {
        self.phase = Phase::Over;
        self.act(Action::Disconnect);
        self.act(Action::End(ending));
    }

    pub(crate) fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    pub(crate) fn report(&mut self, progress: Progress) {
        self.act(Action::Report(progress));
    }
}
