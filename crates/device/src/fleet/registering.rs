//! Asking to be provisioned: with the certificate in the delivery and its token, over and over.

use super::rejection::{self, Question};
use super::{Fleet, Otherwise, Phase};
use crate::device::{Device, Stage};
use crate::proving::Slot;
use crate::way::Way;
use crate::{Credentials, Progress, Refused, UnfinishedDelivery};
use muster_documents::fleet_provisioning::RegisteredThing;
use muster_documents::fleet_provisioning::topics::{accepted, rejected};

impl Fleet {
    /// Goes on with the certificate that was made, or asks for one.
    pub(super) fn register_or_ask(&mut self, device: &mut Device) {
        let made = device.held.delivery.as_ref();
        if made.and_then(UnfinishedDelivery::credentials).is_some() {
            // Whatever was said before the device was last switched off may have been heard.
            self.register(device, true);
        } else {
            self.ask(device);
        }
    }

    /// Begins to ask to be provisioned. The connection is the caller's.
    pub(super) fn register(&mut self, device: &mut Device, doubtful: bool) {
        device.stage = Stage::Asking;
        self.phase = Phase::Registering { doubtful };
        self.unanswered = 0;
    }

    pub(super) fn register_again(&mut self, device: &mut Device) {
        if self.unanswered >= device.timings.unanswered && may_try_out(device) {
            // Not the question but its answer may be what gets lost.
            return self.try_out(device, Otherwise::Register);
        }
        let made = device
            .held
            .delivery
            .as_ref()
            .and_then(|kept| kept.made.as_ref());
        let Some(payload) = made.map(|made| self.settings.register_thing(&made.ownership_token))
        else {
            return;
        };
        if Self::is_due(device) {
            self.question(device, self.question_topic(), payload);
            self.registrations += 1;
            device.report(Progress::RegistrationRequested {
                attempt: self.registrations,
            });
        }
    }

    /// Connects with the certificate: it may be in force already.
    fn try_out(&mut self, device: &mut Device, otherwise: Otherwise) {
        self.otherwise = otherwise;
        let made = device.held.delivery.as_ref();
        let Some(credentials) = made.and_then(UnfinishedDelivery::credentials) else {
            return;
        };
        if !is_pending(device, &credentials) {
            device.keep_pending(credentials);
        }
        device.refusals = 0;
        device.prove(Slot::Pending);
    }

    pub(super) fn hear_of_thing(&mut self, device: &mut Device, topic: &str, payload: &[u8]) {
        let asked_on = self.settings.provision_topic();
        if topic == accepted(&asked_on) {
            self.registered(device, payload);
        } else if topic == rejected(&asked_on) {
            self.registration_refused(device, payload);
        }
    }

    fn registered(&mut self, device: &mut Device, payload: &[u8]) {
        let Some(registered) = self.settings.format.read::<RegisteredThing>(payload) else {
            device.trouble = "the cloud's answer to the provisioning can't be read".into();
            return;
        };
        self.answer_until = None;
        let thing_name = registered.thing_name.unwrap_or_default();
        if thing_name != device.thing_name.as_str() {
            let refused = another_thing(&thing_name, device);
            return device.refused_for_good(refused);
        }
        device.report(Progress::Registered { thing_name });
        self.try_out(device, Otherwise::Register);
    }

    fn registration_refused(&mut self, device: &mut Device, payload: &[u8]) {
        let Phase::Registering { doubtful } = self.phase else {
            return;
        };
        let question = if device.rotates() {
            Question::Rotate
        } else {
            Question::Provision
        };
        let rejection = rejection::explain(self.settings.format, question, payload);
        self.answer_until = None;
        self.unanswered = 0;
        device.report_refusal(&rejection.refused);
        if rejection.token_is_dead && may_try_out(device) {
            self.try_out(device, Otherwise::Ask);
        } else if rejection.token_is_dead {
            self.ask(device);
            device.subscribe(self.topics());
        } else if rejection.refused.retryable {
            let wait = device.wait_to_request();
            device.waiting(wait);
        } else if doubtful && may_try_out(device) {
            self.try_out(device, Otherwise::End(rejection.refused));
        } else {
            device.refused_for_good(rejection.refused);
        }
    }
}

/// Whether the certificate that was made may be tried out although nobody knows whether it is provisioned. To be tried
/// out it has to be kept as the pending one. In a rotation another one may stand there, and be in force: only the
/// cloud's word that this one was taken says that it isn't.
fn may_try_out(device: &Device) -> bool {
    let made = device.held.delivery.as_ref();
    let Some(made) = made.and_then(UnfinishedDelivery::credentials) else {
        return false;
    };
    !device.rotates() || device.held.pending.is_none() || is_pending(device, &made)
}

fn is_pending(device: &Device, credentials: &Credentials) -> bool {
    let pending = device.held.pending.as_ref();
    pending.map(Credentials::certificate_id) == Some(credentials.certificate_id())
}

/// The template gives the thing another name than its serial: the new certificate could not connect with it.
fn another_thing(named: &str, device: &Device) -> Refused {
    let named = if named.is_empty() {
        "no thing".into()
    } else {
        format!("the thing {named:?}")
    };
    Refused {
        code: "ThingNameUnexpected".into(),
        message: format!(
            "The template made {named} for the serial {}. It has to name the thing by the parameter SerialNumber.",
            device.thing_name
        ),
        retryable: false,
    }
}
