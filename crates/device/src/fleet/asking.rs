//! Asking for a certificate: for a key of the device's own, or, where the cloud has no way for that, with a key that
//! it makes.

use super::rejection::{self, Question};
use super::{Fleet, Phase};
use crate::device::{Device, Link, Stage};
use crate::{Credentials, MadeCertificate, Progress, UnfinishedDelivery};
use muster_chunking::publish_packet_size;
use muster_documents::fleet_provisioning::topics::{self, accepted, rejected};
use muster_documents::fleet_provisioning::{CreateCertificateFromCsr, CreatedCertificate, Format};
use muster_pki::{DeviceKey, KeyError};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

/// How a certificate is asked for.
pub(super) struct Asking {
    key: DeviceKey,
    /// Whether the cloud is to make the key as well.
    with_key: bool,
    /// How often the connection was ended right after it was asked, or when it subscribed to the answers.
    cuts: u32,
}

impl Asking {
    pub(super) fn topic(&self, format: Format) -> String {
        if self.with_key {
            topics::create(format)
        } else {
            topics::create_from_csr(format)
        }
    }

    fn question(&self) -> Question {
        if self.with_key {
            Question::CertificateAndKey
        } else {
            Question::Certificate
        }
    }
}

impl Fleet {
    /// Begins to ask, with the key that was kept, if it is the device's own. A key that is made now is kept before
    /// anything is asked with it.
    pub(super) fn ask(&mut self, device: &mut Device) {
        device.stage = Stage::Asking;
        match own_key(device) {
            Ok(key) => {
                self.phase = Phase::Asking(Asking {
                    key,
                    with_key: false,
                    cuts: 0,
                });
                self.unanswered = 0;
            }
            Err(error) => device.give_up(error.to_string()),
        }
    }

    pub(super) fn ask_again(&mut self, device: &mut Device) {
        if self.unanswered >= device.timings.unanswered {
            return self.ask_otherwise(device, "nobody answers".into());
        }
        if !Self::is_due(device) {
            return;
        }
        let Phase::Asking(asking) = &self.phase else {
            return;
        };
        let format = self.settings.format;
        let request = if asking.with_key {
            Ok(format.write(&json!({})))
        } else {
            // AWS IoT copies the subject into the certificate, whose common name is shorter than a serial may be.
            let csr = asking.key.csr(self.settings.serial.common_name());
            csr.map(|csr| {
                format.write(&CreateCertificateFromCsr {
                    certificate_signing_request: csr.pem(),
                })
            })
        };
        match request {
            Ok(payload) => {
                device.requests += 1;
                self.question(device, self.question_topic(), payload);
                device.report(Progress::Requested {
                    attempt: device.requests,
                });
            }
            Err(error) => device.give_up(error.to_string()),
        }
    }

    /// This way of asking got nowhere: the other one is next. On a connection that is up its answers are subscribed
    /// to first.
    fn ask_otherwise(&mut self, device: &mut Device, because: String) {
        let Phase::Asking(asking) = &mut self.phase else {
            return;
        };
        asking.with_key = !asking.with_key;
        asking.cuts = 0;
        self.unanswered = 0;
        device.report(Progress::AskingOtherwise {
            with_key: asking.with_key,
            because,
        });
        if device.link == Link::Up {
            let topic = self.question_topic();
            device.subscribe(vec![accepted(&topic), rejected(&topic)]);
        }
    }

    /// The connection is gone. AWS IoT ends it, without a word, when a topic isn't allowed; a poor network does so as
    /// well, so that only a connection that is cut again and again says something.
    pub(super) fn asking_was_cut(&mut self, device: &mut Device, cut: bool) {
        let Phase::Asking(asking) = &mut self.phase else {
            return;
        };
        asking.cuts += u32::from(cut);
        if asking.cuts >= device.timings.refusals {
            let because = device.trouble.clone();
            self.ask_otherwise(device, because);
        }
    }

    pub(super) fn hear_of_certificate(&mut self, device: &mut Device, topic: &str, payload: &[u8]) {
        let Phase::Asking(asking) = &self.phase else {
            return;
        };
        let format = self.settings.format;
        // An answer that comes late, after it was given up, is as good.
        if topic == accepted(&topics::create_from_csr(format)) {
            self.take(device, topic, payload, false);
        } else if topic == accepted(&topics::create(format)) {
            self.take(device, topic, payload, true);
        } else if topic == rejected(&asking.topic(format)) {
            self.certificate_refused(device, payload);
        }
    }

    fn take(&mut self, device: &mut Device, topic: &str, payload: &[u8], with_key: bool) {
        let Phase::Asking(asking) = &self.phase else {
            return;
        };
        let key = (!with_key).then_some(&asking.key);
        match read(self.settings.format, payload, key) {
            Ok((delivery, credentials)) => {
                device.report(Progress::CertificateMade {
                    certificate_id: credentials.certificate_id(),
                    with_key,
                    packet_bytes: publish_packet_size(topic.len(), payload.len()),
                });
                device.keep_delivery(delivery);
                device.requesting.reset();
                device.not_before = device.now;
                self.answer_until = None;
                self.register(device, false);
                self.register_again(device);
            }
            Err(why) => device.trouble = why,
        }
    }

    fn certificate_refused(&mut self, device: &mut Device, payload: &[u8]) {
        let Phase::Asking(asking) = &self.phase else {
            return;
        };
        let question = asking.question();
        let rejection = rejection::explain(self.settings.format, question, payload);
        self.answer_until = None;
        device.report_refusal(&rejection.refused);
        if rejection.not_there {
            device.not_before = device.now;
            self.ask_otherwise(device, rejection.refused.message);
        } else if rejection.refused.retryable {
            let wait = device.wait_to_request();
            device.waiting(wait);
        } else {
            device.refused_for_good(rejection.refused);
        }
    }
}

/// The key to ask with. One that the cloud has made for an earlier certificate can't ask for another.
fn own_key(device: &mut Device) -> Result<DeviceKey, KeyError> {
    if let Some(kept) = &device.held.delivery {
        match DeviceKey::from_pem(&kept.private_key_pem) {
            Err(_) if kept.made.is_some() => {}
            result => return result,
        }
    }
    let key = device.entropy.new_key()?;
    device.keep_delivery(UnfinishedDelivery::new(key.pem()));
    Ok(key)
}

/// Reads the answer to a request with this key, or without one.
fn read(
    format: Format,
    payload: &[u8],
    key: Option<&DeviceKey>,
) -> Result<(UnfinishedDelivery, Credentials), String> {
    let unreadable =
        || "the cloud's answer to the request for a certificate can't be read".to_owned();
    let created: CreatedCertificate = format.read(payload).ok_or_else(unreadable)?;
    let ownership_token = created.certificate_ownership_token.ok_or_else(unreadable)?;
    let pem = &created.certificate_pem;
    let (private_key_pem, credentials) = if let Some(key) = key {
        (key.pem(), Credentials::matched(pem, key))
    } else {
        let made = created
            .private_key
            .filter(is_private_key)
            .ok_or_else(unreadable)?;
        (made.clone(), Credentials::unmatched(pem, made))
    };
    let credentials = credentials.map_err(|error| error.to_string())?;
    let delivery = UnfinishedDelivery {
        made: Some(MadeCertificate {
            certificate_pem: created.certificate_pem,
            ownership_token,
        }),
        ..UnfinishedDelivery::new(private_key_pem)
    };
    Ok((delivery, credentials))
}

/// Whether this is one private key in PEM, of whatever kind: what is kept has to be readable again.
fn is_private_key(text: &SecretString) -> bool {
    pem::parse(text.expose_secret()).is_ok_and(|block| block.tag().ends_with("PRIVATE KEY"))
}
