//! One machine of a fleet on the desk, fed by hand.

use super::chance::Chance;
use super::cloud::Message;
use super::fleet_cloud::{FleetCloud, TEMPLATE};
use super::service::Service;
use super::world::SERIAL;
use muster_device::{
    Action, Ending, Event, FleetDeviceSettings, Held, Identity, Keep, Machine, Progress,
    Provisioning, RotationRoute, Route, Staying, Timings, Trouble,
};
use secrecy::ExposeSecret;
use std::time::Duration;

pub struct FleetDesk {
    pub machine: Box<dyn Machine>,
    pub cloud: FleetCloud,
    pub now: Duration,
    /// What the device has kept.
    pub held: Held,
    /// What the last event made the machine do.
    pub actions: Vec<Action>,
}

impl FleetDesk {
    pub fn new(cloud: FleetCloud) -> Self {
        Self::holding(cloud, Held::default())
    }

    /// A device that is switched on and holds this.
    pub fn holding(cloud: FleetCloud, held: Held) -> Self {
        let settings = FleetDeviceSettings::new(SERIAL, TEMPLATE, Timings::default()).unwrap();
        Self::with(cloud, held, settings)
    }

    pub fn with(cloud: FleetCloud, held: Held, settings: FleetDeviceSettings) -> Self {
        let settings = settings.with_format(cloud.format);
        let chance = Box::new(Chance::new(1));
        let (machine, actions) =
            Provisioning::start(settings, held.clone(), chance, Duration::ZERO);
        let mut desk = Self {
            machine: Box::new(machine),
            cloud,
            now: Duration::ZERO,
            held,
            actions: Vec::new(),
        };
        desk.keep(actions);
        desk
    }

    /// Switched on again, to stay.
    pub fn stay(&mut self, first: Route, rotation: RotationRoute) {
        let (held, chance) = (Held::default(), Box::new(Chance::new(1)));
        let (machine, actions) = Staying::start(first, rotation, held, chance, self.now);
        self.machine = Box::new(machine);
        self.keep(actions);
    }

    /// Switched off at this moment, and on again.
    pub fn rebooted(self) -> Self {
        Self::holding(self.cloud, self.held)
    }

    fn keep(&mut self, actions: Vec<Action>) {
        for action in &actions {
            match action {
                Action::Keep(Keep::Delivery(delivery)) => {
                    self.held.delivery = Some(delivery.clone());
                }
                Action::Keep(Keep::Pending(credentials)) => {
                    self.held.pending = Some(credentials.clone());
                }
                Action::Keep(Keep::Promotion) => self.held.current = self.held.pending.take(),
                Action::Keep(Keep::RotationOver) => {
                    self.held.pending = None;
                    self.held.delivery = None;
                }
                Action::Publish { topic, payload } => {
                    self.cloud
                        .before_publishing(topic, payload.expose_secret(), &self.held);
                }
                _ => {}
            }
        }
        self.actions = actions;
    }

    pub fn on(&mut self, event: Event) {
        let actions = self.machine.handle(event, self.now);
        self.keep(actions);
    }

    /// Lets the connection come up, with its subscription.
    pub fn connect(&mut self) {
        self.cloud.connected();
        self.on(Event::Connected);
        self.subscribe();
    }

    pub fn subscribe(&mut self) {
        if let Some(topics) = self.subscribes() {
            self.cloud.subscribe(&topics);
            self.on(Event::Subscribed);
        }
    }

    pub fn subscribes(&self) -> Option<Vec<String>> {
        self.actions.iter().find_map(|action| match action {
            Action::Subscribe(topics) => Some(topics.clone()),
            _ => None,
        })
    }

    pub fn lost(&mut self, refused: bool) {
        self.on(Event::Lost(Trouble {
            refused,
            what: "the line is cut".into(),
        }));
    }

    pub fn tell(&mut self, messages: &[Message]) {
        for (topic, payload) in messages {
            self.on(Event::Message {
                topic: topic.clone(),
                payload: payload.clone().into(),
            });
        }
    }

    /// Lets time pass until the machine does something that someone can see. How long that took.
    pub fn wait(&mut self) -> Duration {
        let before = self.now;
        for _ in 0..100 {
            self.now = self.machine.wake_at();
            self.on(Event::Tick);
            if !self.actions.is_empty() {
                return self.now.saturating_sub(before);
            }
        }
        panic!("the machine does nothing any more");
    }

    /// Lets the cloud answer what was asked last.
    pub fn answer(&mut self) {
        let (topic, payload) = self.published().expect("it asks something");
        let answers = self.cloud.publish(&topic, &payload).expect("no cut");
        self.tell(&answers);
    }

    pub fn published(&self) -> Option<Message> {
        self.actions.iter().find_map(|action| match action {
            Action::Publish { topic, payload } => {
                Some((topic.clone(), payload.expose_secret().to_vec()))
            }
            _ => None,
        })
    }

    /// On which topic something was asked last.
    pub fn asks_on(&self) -> Option<String> {
        self.published().map(|(topic, _)| topic)
    }

    /// The certificate of its own that it connects with, DER.
    pub fn its_own(&self) -> Option<Vec<u8>> {
        match self.connects()? {
            Identity::Own(credentials) => Some(credentials.certificate_der().to_vec()),
            Identity::Claim => None,
        }
    }

    pub fn connects_with_the_claim(&self) -> bool {
        matches!(self.connects(), Some(Identity::Claim))
    }

    fn connects(&self) -> Option<&Identity> {
        self.actions.iter().find_map(|action| match action {
            Action::Connect { identity, .. } => Some(identity),
            _ => None,
        })
    }

    pub fn ending(&self) -> Option<Ending> {
        self.actions.iter().find_map(|action| match action {
            Action::End(ending) => Some(ending.clone()),
            _ => None,
        })
    }

    pub fn told(&self) -> Vec<Progress> {
        let told = |action: &Action| match action {
            Action::Report(progress) => Some(progress.clone()),
            _ => None,
        };
        self.actions.iter().filter_map(told).collect()
    }

    /// The connection with its own certificate is refused as often as it takes.
    pub fn refuse_its_own(&mut self) {
        for _ in 0..Timings::default().refusals {
            assert!(self.its_own().is_some());
            self.lost(true);
            if self.ending().is_some() {
                return;
            }
            self.wait();
        }
        assert!(self.connects_with_the_claim());
    }

    /// The connection with its own certificate works, to the end.
    pub fn prove(&mut self) {
        let own = self.its_own().expect("its own certificate");
        assert!(self.cloud.takes(&own), "it works");
        self.on(Event::Connected);
        assert_eq!(self.asks_on().unwrap(), "devices/SN-1/hello");
        self.on(Event::Delivered);
        assert!(matches!(self.ending(), Some(Ending::Provisioned { .. })));
        assert_eq!(self.held.current.as_ref().unwrap().certificate_der(), own);
    }
}
