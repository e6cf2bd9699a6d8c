//! AWS IoT's own fleet provisioning (developer guide, "Device provisioning MQTT API"): a certificate, and then the
//! thing that it is for.
//!
//! What survives a crash is in the delivery: the key before anything is asked with it, and the certificate with its
//! token before anybody is asked to provision it. Another certificate is asked for only when the token is no good any
//! more and the certificate doesn't work either: a cloud that has seen a serial's first key takes no other.

mod asking;
mod registering;
mod rejection;
mod settings;

pub use settings::FleetDeviceSettings;

use crate::device::{Device, Link, Stage};
use crate::way::Way;
use crate::{Refused, Trouble};
use asking::Asking;
use muster_documents::fleet_provisioning::topics::{accepted, rejected};
use std::time::Duration;

/// What a device says over AWS IoT's topics.
pub(crate) struct Fleet {
    settings: FleetDeviceSettings,
    phase: Phase,
    /// What follows if the pending certificate turns out not to work.
    otherwise: Otherwise,
    /// Until when a question waits for its answer, if one does.
    answer_until: Option<Duration>,
    /// Questions in a row that nobody answered.
    unanswered: u32,
    /// Questions in this run to be provisioned.
    registrations: u32,
}

/// What the device is at while it asks.
enum Phase {
    /// Nothing yet: it has a certificate of its own to prove.
    Idle,
    /// Asking for a certificate.
    Asking(Asking),
    /// Asking to be provisioned with the certificate in the delivery.
    Registering {
        /// Whether an earlier question may have been heard, although no answer came.
        doubtful: bool,
    },
}

enum Otherwise {
    /// It is (again) asked to be provisioned, with the same token.
    Register,
    /// The token is no good any more: another certificate is asked for.
    Ask,
    /// The cloud has refused for good.
    End(Refused),
}

impl Fleet {
    pub(crate) fn new(settings: FleetDeviceSettings) -> Self {
        Self {
            settings,
            phase: Phase::Idle,
            otherwise: Otherwise::Register,
            answer_until: None,
            unanswered: 0,
            registrations: 0,
        }
    }

    /// A question that was waiting will not be answered any more.
    fn give_up_on_the_answer(&mut self) {
        if self.answer_until.take().is_some() {
            self.unanswered += 1;
            if let Phase::Registering { doubtful } = &mut self.phase {
                *doubtful = true;
            }
        }
    }

    /// Publishes a question. Its answer may take a while, and the next one waits longer each time.
    fn question(&mut self, device: &mut Device, topic: String, payload: Vec<u8>) {
        device.wait_to_request();
        device.wake = device.not_before.max(device.now + device.timings.answer);
        self.answer_until = Some(device.wake);
        device.publish(topic, payload);
    }

    /// Whether another question is due; if not, the device wakes when it is.
    fn is_due(device: &mut Device) -> bool {
        device.wake = device.not_before;
        device.now >= device.not_before
    }

    /// What the device asks on now.
    fn question_topic(&self) -> String {
        match &self.phase {
            Phase::Asking(asking) => asking.topic(self.settings.format),
            Phase::Idle | Phase::Registering { .. } => self.settings.provision_topic(),
        }
    }
}

impl Way for Fleet {
    fn begin(&mut self, device: &mut Device) {
        self.register_or_ask(device);
    }

    fn topics(&self) -> Vec<String> {
        let mut asked_on = vec![self.settings.provision_topic()];
        if let Phase::Asking(_) = self.phase {
            asked_on.insert(0, self.question_topic());
        }
        asked_on
            .iter()
            .flat_map(|topic| [accepted(topic), rejected(topic)])
            .collect()
    }

    fn speak(&mut self, device: &mut Device) {
        if let Some(until) = self.answer_until.filter(|until| device.now < *until) {
            device.wake = until;
            return;
        }
        self.give_up_on_the_answer();
        match self.phase {
            Phase::Idle => {}
            Phase::Asking(_) => self.ask_again(device),
            Phase::Registering { .. } => self.register_again(device),
        }
    }

    fn hear(&mut self, device: &mut Device, topic: &str, payload: &[u8]) {
        match self.phase {
            Phase::Idle => {}
            Phase::Asking(_) => self.hear_of_certificate(device, topic, payload),
            Phase::Registering { .. } => self.hear_of_thing(device, topic, payload),
        }
    }

    fn lost(&mut self, device: &mut Device, trouble: &Trouble, link: Link) {
        if let Phase::Asking(_) = self.phase {
            let asked = self.answer_until.take();
            let cut = trouble.refused && (asked.is_some() || link == Link::Subscribing);
            self.asking_was_cut(device, cut);
        } else {
            self.give_up_on_the_answer();
        }
    }

    fn pending_refused(&mut self, device: &mut Device) {
        if !device.refused_often() {
            return;
        }
        device.stage = Stage::Asking;
        match std::mem::replace(&mut self.otherwise, Otherwise::Register) {
            Otherwise::Register => self.register_or_ask(device),
            Otherwise::Ask => self.ask(device),
            Otherwise::End(refused) => device.refused_after_all(refused),
        }
    }
}
