//! One device with a certificate on the desk, fed by hand.

use super::chance::Chance;
use super::cloud::Message;
use super::rotation_cloud::{Kind, RotationCloud};
use super::service::Service;
use super::world::{Task, routes};
use muster_device::{
    Action, Credentials, Ending, Event, Held, Identity, Keep, Machine, Progress, Provisioning,
    Staying, Timings, Trouble,
};
use muster_pki::der_to_pem;
use secrecy::ExposeSecret;
use std::time::Duration;

pub struct RotationDesk {
    pub machine: Box<dyn Machine>,
    pub cloud: RotationCloud,
    pub now: Duration,
    /// What the device has kept.
    pub held: Held,
    /// What the last event made the machine do.
    pub actions: Vec<Action>,
    /// The certificate of the present connection, DER.
    certificate: Option<Vec<u8>>,
}

impl RotationDesk {
    pub fn new(kind: Kind, task: Task) -> Self {
        let (cloud, key) = RotationCloud::new(kind);
        let certificate = der_to_pem("CERTIFICATE", &cloud.in_force);
        let held = Held {
            current: Some(Credentials::matched(&certificate, &key).unwrap()),
            ..Held::default()
        };
        Self::holding(cloud, held, task)
    }

    /// A device that is switched on and holds this.
    pub fn holding(cloud: RotationCloud, held: Held, task: Task) -> Self {
        let (first, rotation) = routes(cloud.kind, 512, Timings::default());
        let now = Duration::ZERO;
        match task {
            Task::Rotate => Self::started(cloud, held, |held, chance| {
                Provisioning::rotate(rotation, held, chance, now).unwrap()
            }),
            Task::Stay => Self::started(cloud, held, |held, chance| {
                Staying::start(first, rotation, held, chance, now)
            }),
        }
    }

    fn started<M: Machine + 'static>(
        cloud: RotationCloud,
        held: Held,
        start: impl FnOnce(Held, Box<Chance>) -> (M, Vec<Action>),
    ) -> Self {
        let (machine, actions) = start(held.clone(), Box::new(Chance::new(1)));
        let mut desk = Self {
            machine: Box::new(machine),
            cloud,
            now: Duration::ZERO,
            held,
            actions: Vec::new(),
            certificate: None,
        };
        desk.keep(actions);
        desk
    }

    /// Switched off at this moment, and on again.
    pub fn rebooted(self, task: Task) -> Self {
        Self::holding(self.cloud, self.held, task)
    }

    /// Switched on again, to see whether its certificate works.
    pub fn provisioned(self) -> Self {
        let (first, _) = routes(self.cloud.kind, 512, Timings::default());
        Self::started(self.cloud, self.held, |held, chance| {
            Provisioning::start(first, held, chance, Duration::ZERO)
        })
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
                Action::Keep(Keep::Promotion) => {
                    self.held.current = self.held.pending.take();
                    self.held.delivery = None;
                }
                Action::Keep(Keep::RotationOver) => {
                    self.held.pending = None;
                    self.held.delivery = None;
                }
                Action::Publish { topic, payload } => {
                    self.cloud
                        .before_publishing(topic, payload.expose_secret(), &self.held);
                }
                Action::Connect { identity, .. } => {
                    let Identity::Own(credentials) = identity else {
                        panic!("the claim certificate has no part in this")
                    };
                    self.certificate = Some(credentials.certificate_der().to_vec());
                }
                _ => {}
            }
        }
        assert!(self.cloud.leaves_a_way_in(&self.held), "it is locked out");
        self.actions = actions;
    }

    pub fn on(&mut self, event: Event) {
        let actions = self.machine.handle(event, self.now);
        self.keep(actions);
    }

    /// The connection comes up as far as the cloud lets it: with its subscription, or not at all.
    pub fn connect(&mut self) {
        let certificate = self.certificate.clone().expect("it connects");
        if !self.cloud.takes(&certificate) {
            return self.lost(true);
        }
        self.cloud.connected();
        self.cloud.connected_with(&certificate);
        self.on(Event::Connected);
        if let Some(topics) = self.subscribes() {
            self.cloud.subscribe(&topics);
            self.on(Event::Subscribed);
        }
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

    pub fn alert(&mut self) {
        self.tell(&[RotationCloud::alert_message()]);
    }

    /// Lets time pass until the machine does something that someone can see. How long that took.
    pub fn wait(&mut self) -> Duration {
        let before = self.now;
        for _ in 0..100 {
            assert_ne!(self.machine.wake_at(), Duration::MAX, "it waits for ever");
            self.now = self.machine.wake_at();
            self.on(Event::Tick);
            if !self.actions.is_empty() {
                return self.now.saturating_sub(before);
            }
        }
        panic!("the machine does nothing any more");
    }

    /// The cloud hears what was asked last, and says this.
    pub fn answers(&mut self) -> Vec<Message> {
        let (topic, payload) = self.published().expect("it asks something");
        self.cloud.speaker(self.certificate.as_deref());
        self.cloud.publish(&topic, &payload).expect("no cut")
    }

    /// Lets the cloud answer what was asked last.
    pub fn answer(&mut self) {
        let answers = self.answers();
        self.tell(&answers);
    }

    /// Lets the device ask, when it is time to.
    pub fn ask(&mut self) {
        while self.published().is_none() {
            self.wait();
        }
    }

    pub fn connect_and_ask(&mut self) {
        self.connect();
        self.ask();
    }

    /// From the connection with the current certificate to where the new one connects.
    pub fn get_next(&mut self) {
        self.connect_and_ask();
        self.answer();
        self.answer();
        assert_eq!(self.connects_with(), self.pending(), "it tries the new one");
    }

    /// The new certificate works.
    pub fn prove(&mut self) {
        let next = self.connects_with().expect("it connects");
        assert!(self.cloud.takes(&next), "it works");
        self.connect();
        let (topic, _) = self.published().unwrap();
        assert_eq!(topic, "devices/SN-1/hello");
        self.on(Event::Delivered);
        assert_eq!(self.current(), Some(next));
        assert!(self.held.pending.is_none() && self.held.delivery.is_none());
    }

    /// Connections with the pending certificate are refused until the device takes another course.
    pub fn refuse_pending(&mut self) {
        for _ in 0..Timings::default().refusals {
            assert_eq!(self.connects_with(), self.pending());
            self.lost(true);
            self.wait();
        }
        assert_eq!(self.connects_with(), self.current());
    }

    pub fn current(&self) -> Option<Vec<u8>> {
        let current = self.held.current.as_ref()?;
        Some(current.certificate_der().to_vec())
    }

    pub fn pending(&self) -> Option<Vec<u8>> {
        let pending = self.held.pending.as_ref()?;
        Some(pending.certificate_der().to_vec())
    }

    /// The certificate that it connects with now, DER.
    pub fn connects_with(&self) -> Option<Vec<u8>> {
        self.actions.iter().find_map(|action| match action {
            Action::Connect {
                client_id,
                identity: Identity::Own(credentials),
            } => {
                assert_eq!(client_id, "SN-1");
                Some(credentials.certificate_der().to_vec())
            }
            _ => None,
        })
    }

    pub fn subscribes(&self) -> Option<Vec<String>> {
        self.actions.iter().find_map(|action| match action {
            Action::Subscribe(topics) => Some(topics.clone()),
            _ => None,
        })
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
}

/// Both ways of asking.
pub const KINDS: [Kind; 2] = [Kind::Chunked, Kind::Fleet];
