//! Being connected with the current certificate, and hearing what the cloud asks.

use super::alert;
use crate::device::{Device, Link};
use crate::{Action, Entropy, Event, Held, Progress, Trouble};
use muster_documents::alerts_topic;
use secrecy::ExposeSecret;
use std::time::Duration;

/// A device that waits for alerts. It never gives up.
pub(super) struct Watch {
    device: Device,
    topic: String,
    /// Since when it hears alerts.
    since: Option<Duration>,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Wait,
    Rotate,
}

impl Watch {
    pub(super) fn start(mut device: Device) -> (Self, Vec<Action>) {
        let topic = alerts_topic(&device.thing_name);
        device.connect();
        let actions = std::mem::take(&mut device.actions);
        let since = None;
        let watch = Self {
            device,
            topic,
            since,
        };
        (watch, actions)
    }

    pub(super) fn into_parts(self) -> (Held, Box<dyn Entropy + Send>) {
        (self.device.held, self.device.entropy)
    }

    pub(super) fn wake_at(&self) -> Duration {
        self.device.wake
    }

    pub(super) fn handle(&mut self, event: Event, now: Duration) -> (Vec<Action>, Next) {
        self.device.now = now;
        let next = match (event, self.device.link) {
            (Event::Tick, _) if now >= self.device.wake => self.tick(),
            (Event::Lost(trouble), _) => self.lost(&trouble),
            (Event::Connected, Link::Connecting) => self.connected(),
            (Event::Subscribed, Link::Subscribing) => self.subscribed(),
            (Event::Message { topic, payload }, Link::Subscribing | Link::Up) => {
                self.hear(&topic, payload.expose_secret())
            }
            _ => Next::Wait,
        };
        (std::mem::take(&mut self.device.actions), next)
    }

    fn tick(&mut self) -> Next {
        match self.device.link {
            Link::Down => {
                self.device.connect();
                Next::Wait
            }
            Link::Connecting | Link::Subscribing => {
                self.device.act(Action::Disconnect);
                let trouble = self.device.no_answer();
                self.lost(&trouble)
            }
            Link::Up => Next::Wait,
        }
    }

    fn connected(&mut self) -> Next {
        let client_id = self.device.thing_name.to_string();
        self.device.report(Progress::Reconnected { client_id });
        self.device.subscribe(vec![self.topic.clone()]);
        Next::Wait
    }

    fn subscribed(&mut self) -> Next {
        self.device.link = Link::Up;
        self.device.wake = Duration::MAX;
        self.since = Some(self.device.now);
        let topic = self.topic.clone();
        self.device.report(Progress::WaitingForAlerts { topic });
        Next::Wait
    }

    fn hear(&mut self, topic: &str, payload: &[u8]) -> Next {
        let alert = (topic == self.topic)
            .then(|| alert::read(payload))
            .flatten();
        let Some(alert) = alert else {
            return Next::Wait;
        };
        self.device.report(alert);
        self.device.act(Action::Disconnect);
        Next::Rotate
    }

    fn lost(&mut self, trouble: &Trouble) -> Next {
        let device = &mut self.device;
        let link = std::mem::replace(&mut device.link, Link::Down);
        device.trouble.clone_from(&trouble.what);
        if trouble.refused && link == Link::Connecting && device.held.pending.is_some() {
            // The pending certificate of a rotation that was put off may be the one in force by now.
            return Next::Rotate;
        }
        // A connection that doesn't last, since another device has the same certificate, is no success.
        let lasted = self.since.take().is_some_and(|since| {
            device.now.saturating_sub(since) >= device.timings.connect_retry_longest
        });
        if lasted {
            device.connecting.reset();
        }
        device.wait_to_connect();
        Next::Wait
    }
}
