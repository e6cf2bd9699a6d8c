//! One machine on the desk, fed by hand.

use super::chance::Chance;
use super::cloud::{Cloud, Message};
use super::world::{CLIENT_ID, SERIAL};
use muster_chunking::Acknowledgement;
use muster_device::{
    Action, Ending, Event, Held, Identity, Keep, Machine, Progress, Provisioning, Settings,
    Timings, Trouble, UnfinishedDelivery,
};
use muster_documents::Mode;
use secrecy::ExposeSecret;
use std::time::Duration;

pub struct Desk {
    pub machine: Provisioning,
    pub cloud: Cloud,
    pub now: Duration,
    /// What the last event made the machine do.
    pub actions: Vec<Action>,
}

impl Desk {
    pub fn new(mode: Mode, held: Held) -> Self {
        let settings = Settings::new(
            CLIENT_ID,
            Some(SERIAL),
            "provision",
            mode,
            128,
            Timings::default(),
        );
        let (machine, actions) = Provisioning::start(
            settings.unwrap(),
            held,
            Box::new(Chance::new(1)),
            Duration::ZERO,
        );
        Self {
            machine,
            cloud: Cloud::new(CLIENT_ID),
            now: Duration::ZERO,
            actions,
        }
    }

    /// A device that has just asked.
    pub fn asked(mode: Mode) -> Self {
        let mut desk = Self::new(mode, Held::default());
        desk.on(Event::Connected);
        desk.on(Event::Subscribed);
        assert_eq!(desk.published().len(), 1);
        desk
    }

    pub fn on(&mut self, event: Event) {
        self.actions = self.machine.handle(event, self.now);
    }

    pub fn lost(&mut self, refused: bool) {
        self.on(Event::Lost(Trouble {
            refused,
            what: "the line is cut".into(),
        }));
    }

    pub fn tell(&mut self, message: &Message) {
        let (topic, payload) = message.clone();
        let payload = payload.into();
        self.on(Event::Message { topic, payload });
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

    /// The cloud's answer to everything that was published last.
    pub fn answers(&mut self) -> Vec<Message> {
        let published = self.published();
        published
            .iter()
            .flat_map(|(topic, payload)| self.cloud.publish(topic, payload))
            .collect()
    }

    pub fn published(&self) -> Vec<Message> {
        let publish = |action: &Action| match action {
            Action::Publish { topic, payload } => {
                Some((topic.clone(), payload.expose_secret().to_vec()))
            }
            _ => None,
        };
        self.actions.iter().filter_map(publish).collect()
    }

    /// The chunks that the last acknowledgement misses; `None` if there was none.
    pub fn missing(&self) -> Option<Vec<u16>> {
        let (_, payload) = self
            .published()
            .into_iter()
            .find(|(topic, _)| topic.ends_with("/ack"))?;
        Some(
            Acknowledgement::decode(&payload)
                .unwrap()
                .missing()
                .iter()
                .collect(),
        )
    }

    pub fn connects_with_its_own(&self) -> bool {
        self.connects()
            .is_some_and(|identity| matches!(identity, Identity::Own(_)))
    }

    pub fn connects_with_the_claim(&self) -> bool {
        self.connects()
            .is_some_and(|identity| matches!(identity, Identity::Claim))
    }

    fn connects(&self) -> Option<&Identity> {
        self.actions.iter().find_map(|action| match action {
            Action::Connect { identity, .. } => Some(identity),
            _ => None,
        })
    }

    pub fn keeps_pending(&self) -> bool {
        self.actions
            .iter()
            .any(|action| matches!(action, Action::Keep(Keep::Pending(_))))
    }

    /// The delivery that is kept now, if one was.
    pub fn delivery(&self) -> Option<UnfinishedDelivery> {
        self.actions.iter().rev().find_map(|action| match action {
            Action::Keep(Keep::Delivery(delivery)) => Some(delivery.clone()),
            _ => None,
        })
    }

    pub fn promotes(&self) -> bool {
        self.actions
            .iter()
            .any(|action| matches!(action, Action::Keep(Keep::Promotion)))
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

    /// Takes a chunked device to where its certificate is complete and acknowledged. What it keeps then.
    pub fn complete(&mut self) {
        let answers = self.answers();
        for answer in &answers {
            self.tell(answer);
        }
        assert!(self.keeps_pending());
    }
}
