//! The state machine: where a device is on its way to a certificate that works.

use crate::device::{Device, Link, Purpose, Stage};
use crate::proving::Slot;
use crate::way::Way;
use crate::{
    Action, Entropy, Event, Held, Machine, Progress, RotationRoute, Route, Trouble, VendingAnswer,
    VendingSettings,
};
use secrecy::ExposeSecret;
use std::time::Duration;

/// One device on its way from a claim certificate or a token to a certificate of its own, or from that one to the next.
///
/// It can be dropped at any moment and started again from what was kept.
pub struct Provisioning {
    device: Device,
    way: Box<dyn Way + Send>,
}

/// A rotation was asked for, and there is no certificate to replace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no certificate to rotate")]
pub struct NothingToRotate;

impl Provisioning {
    /// Begins with the first request, or goes on from what is held; a certificate that the device has is tried out. `now`
    /// is the time since any fixed moment, as everywhere here.
    pub fn start(
        route: impl Into<Route>,
        held: Held,
        entropy: Box<dyn Entropy + Send>,
        now: Duration,
    ) -> (Self, Vec<Action>) {
        let route = route.into();
        let device = route.device(Purpose::Provisioning, held, entropy, now);
        Self::begun(device, route.way())
    }

    /// Begins to ask for another certificate with another token, or goes on from what is held; a pending certificate is
    /// tried out before. Until another has worked the current one stays. Without a current one it is as
    /// [`Provisioning::start`].
    pub fn replace(
        settings: VendingSettings,
        held: Held,
        entropy: Box<dyn Entropy + Send>,
        now: Duration,
    ) -> (Self, Vec<Action>) {
        let route = Route::Vending(settings);
        let device = route.device(Purpose::Replacement, held, entropy, now);
        Self::begun(device, route.way())
    }

    /// Begins to replace the current certificate, or goes on from what is held of an earlier rotation. Until another
    /// has worked the current one stays.
    ///
    /// # Errors
    /// [`NothingToRotate`] without a current certificate.
    pub fn rotate(
        route: RotationRoute,
        held: Held,
        entropy: Box<dyn Entropy + Send>,
        now: Duration,
    ) -> Result<(Self, Vec<Action>), NothingToRotate> {
        if held.current.is_none() {
            return Err(NothingToRotate);
        }
        Ok(Self::rotating(route, held, entropy, now))
    }

    /// As [`Provisioning::rotate`], for whoever knows that there is a current certificate.
    pub(crate) fn rotating(
        RotationRoute(route): RotationRoute,
        held: Held,
        entropy: Box<dyn Entropy + Send>,
        now: Duration,
    ) -> (Self, Vec<Action>) {
        let device = route.device(Purpose::Rotation, held, entropy, now);
        Self::begun(device, route.way())
    }

    /// A pending certificate is tried out first, and then the current one, unless it is to be replaced.
    fn begun(mut device: Device, mut way: Box<dyn Way + Send>) -> (Self, Vec<Action>) {
        let current = device.held.current_id();
        if let Some(certificate_id) = current.clone().filter(|_| device.replaces()) {
            device.report(Progress::RotationStarted { certificate_id });
        }
        if device.held.pending.is_some() {
            device.prove(Slot::Pending);
        } else if current.is_some() && !device.replaces() {
            device.prove(Slot::Current);
        } else {
            way.begin(&mut device);
            way.reach(&mut device);
        }
        let actions = std::mem::take(&mut device.actions);
        (Self { device, way }, actions)
    }

    /// What the store holds now, and the randomness, for what comes after this.
    pub(crate) fn into_parts(self) -> (Held, Box<dyn Entropy + Send>) {
        (self.device.held, self.device.entropy)
    }

    fn tick(&mut self) {
        let device = &mut self.device;
        if device.now >= device.give_up_at {
            let because = device.trouble.clone();
            return device.give_up(because);
        }
        if device.now < device.wake {
            return;
        }
        match (device.link, device.stage) {
            (Link::Down, Stage::Asking) => self.way.reach(device),
            (Link::Down, _) => device.connect(),
            (Link::Up, Stage::Asking) => self.way.speak(device),
            _ => self.unanswered(),
        }
    }

    /// The endpoint took the connection and then said nothing.
    fn unanswered(&mut self) {
        self.device.act(Action::Disconnect);
        let trouble = self.device.no_answer();
        self.lost(&trouble);
    }

    fn lost(&mut self, trouble: &Trouble) {
        let device = &mut self.device;
        let link = std::mem::replace(&mut device.link, Link::Down);
        device.trouble.clone_from(&trouble.what);
        let asked = device.stage == Stage::Asking;
        match device.stage {
            Stage::Asking => {
                self.way.lost(device, trouble, link);
                if device.rotates() && trouble.refused && link == Link::Connecting {
                    device.current_refused();
                }
            }
            Stage::Proving(Slot::Pending) if trouble.refused => self.pending_refused(),
            Stage::Proving(Slot::Current) if trouble.refused => device.current_refused(),
            _ => {}
        }
        if asked && self.device.stage == Stage::Asking {
            self.way.wait_to_reach(&mut self.device);
        } else {
            self.device.wait_to_connect();
        }
    }

    fn pending_refused(&mut self) {
        let device = &mut self.device;
        if let Some(refused) = device.verdict.take() {
            if device.refused_often() {
                device.refused_after_all(refused);
            } else {
                device.verdict = Some(refused);
            }
        } else if !device.replaces() && device.held.current.is_some() {
            // It is of a rotation, which is not this one's to go on with.
            if device.refused_often() {
                device.stage = Stage::Proving(Slot::Current);
            }
        } else {
            self.way.pending_refused(device);
        }
    }

    fn answered(&mut self, answer: &VendingAnswer) {
        self.device.link = Link::Down;
        self.way.answered(&mut self.device, answer);
    }

    fn connected(&mut self) {
        let device = &mut self.device;
        if let Stage::Proving(_) = device.stage {
            device.link = Link::Up;
            device.say_hello();
            device.wake = device.now + device.timings.patience;
        } else {
            let client_id = device.client_id.to_string();
            device.report(if device.rotates() {
                Progress::Reconnected { client_id }
            } else {
                Progress::Connected { client_id }
            });
            device.subscribe(self.way.topics());
        }
    }

    fn subscribed(&mut self) {
        let device = &mut self.device;
        device.link = Link::Up;
        device.connecting.reset();
        device.trouble = "the cloud has not answered".into();
        match device.verdict.take() {
            Some(refused) => device.end_refused(refused),
            None => self.way.speak(device),
        }
    }
}

impl Machine for Provisioning {
    fn handle(&mut self, event: Event, now: Duration) -> Vec<Action> {
        self.device.now = now;
        match (event, self.device.link) {
            _ if self.device.stage == Stage::Over => {}
            (Event::Tick, _) => self.tick(),
            (Event::Lost(trouble), _) => self.lost(&trouble),
            (Event::Connected, Link::Connecting) => self.connected(),
            (Event::Subscribed, Link::Subscribing) => self.subscribed(),
            (Event::Answered(answer), Link::Connecting) if self.device.stage == Stage::Asking => {
                self.answered(&answer);
            }
            (Event::Message { topic, payload }, Link::Subscribing | Link::Up)
                if self.device.stage == Stage::Asking =>
            {
                self.way
                    .hear(&mut self.device, &topic, payload.expose_secret());
            }
            (Event::Delivered, Link::Up) => self.device.delivered(),
            _ => {}
        }
        std::mem::take(&mut self.device.actions)
    }

    fn wake_at(&self) -> Duration {
        self.device.wake.min(self.device.give_up_at)
    }
}
