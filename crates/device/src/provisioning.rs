//! The state machine: where a device is on its way to a certificate that works.

use crate::claim::Claim;
use crate::device::{Device, Link, Stage};
use crate::fleet::Fleet;
use crate::proving::Slot;
use crate::way::Way;
use crate::{Action, Entropy, Event, FleetDeviceSettings, Held, Progress, Settings, Trouble};
use secrecy::ExposeSecret;
use std::time::Duration;

/// One device on its way from a claim certificate to a certificate of its own.
///
/// It does no I/O and reads no clock: [`Provisioning::start`] and [`Provisioning::handle`] answer what to do, in
/// order, and [`Provisioning::wake_at`] says when to come back with [`Event::Tick`]. It can be dropped at any moment
/// and started again from what was kept.
pub struct Provisioning {
    device: Device,
    way: Box<dyn Way + Send>,
}

impl Provisioning {
    /// Begins with Muster's claim provisioning, or goes on from what is held. `now` is the time since any fixed
    /// moment, as everywhere here.
    pub fn start(
        settings: Settings,
        held: Held,
        entropy: Box<dyn Entropy + Send>,
        now: Duration,
    ) -> (Self, Vec<Action>) {
        let device = Device::new(
            settings.client_id.clone(),
            settings.thing_name.clone(),
            settings.timings.clone(),
            held,
            entropy,
            now,
        );
        Self::on_its_way(device, Box::new(Claim::new(settings)))
    }

    /// Begins with AWS IoT's fleet provisioning, or goes on from what is held.
    pub fn start_fleet(
        settings: FleetDeviceSettings,
        held: Held,
        entropy: Box<dyn Entropy + Send>,
        now: Duration,
    ) -> (Self, Vec<Action>) {
        let device = Device::new(
            settings.client_id.clone(),
            settings.serial.clone(),
            settings.timings.clone(),
            held,
            entropy,
            now,
        );
        Self::on_its_way(device, Box::new(Fleet::new(settings)))
    }

    fn on_its_way(mut device: Device, mut way: Box<dyn Way + Send>) -> (Self, Vec<Action>) {
        if device.held.pending.is_some() {
            device.prove(Slot::Pending);
        } else if device.held.current.is_some() {
            device.prove(Slot::Current);
        } else {
            way.begin(&mut device);
            device.connect();
        }
        let actions = std::mem::take(&mut device.actions);
        (Self { device, way }, actions)
    }

    /// Takes what happened at `now` and answers what to do about it, in this order.
    pub fn handle(&mut self, event: Event, now: Duration) -> Vec<Action> {
        self.device.now = now;
        match (event, self.device.link) {
            _ if self.device.stage == Stage::Over => {}
            (Event::Tick, _) => self.tick(),
            (Event::Lost(trouble), _) => self.lost(&trouble),
            (Event::Connected, Link::Connecting) => self.connected(),
            (Event::Subscribed, Link::Subscribing) => self.subscribed(),
            (Event::Message { topic, payload }, Link::Subscribing | Link::Up)
                if self.device.stage == Stage::Claim =>
            {
                self.way
                    .hear(&mut self.device, &topic, payload.expose_secret());
            }
            (Event::Delivered, Link::Up) => self.device.delivered(),
            _ => {}
        }
        std::mem::take(&mut self.device.actions)
    }

    /// When to come back with [`Event::Tick`] if nothing else happens.
    pub fn wake_at(&self) -> Duration {
        self.device.wake.min(self.device.give_up_at)
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
            (Link::Down, _) => device.connect(),
            (Link::Up, Stage::Claim) => self.way.speak(device),
            _ => self.unanswered(),
        }
    }

    /// The endpoint took the connection and then said nothing.
    fn unanswered(&mut self) {
        self.device.act(Action::Disconnect);
        self.lost(&Trouble {
            refused: self.device.link == Link::Up,
            what: format!("no answer in {} s", self.device.timings.patience.as_secs()),
        });
    }

    fn lost(&mut self, trouble: &Trouble) {
        let device = &mut self.device;
        let link = std::mem::replace(&mut device.link, Link::Down);
        device.trouble.clone_from(&trouble.what);
        match device.stage {
            Stage::Claim => self.way.lost(device, trouble, link),
            Stage::Proving(Slot::Pending) if trouble.refused => self.way.pending_refused(device),
            _ => {}
        }
        device.wait_to_connect();
    }

    fn connected(&mut self) {
        let device = &mut self.device;
        if let Stage::Proving(_) = device.stage {
            device.link = Link::Up;
            device.say_hello();
            device.wake = device.now + device.timings.patience;
        } else {
            let client_id = device.client_id.to_string();
            device.report(Progress::Connected { client_id });
            device.subscribe(self.way.topics());
        }
    }

    fn subscribed(&mut self) {
        let device = &mut self.device;
        device.link = Link::Up;
        device.connecting.reset();
        device.trouble = "the cloud has not answered".into();
        self.way.speak(device);
    }
}
