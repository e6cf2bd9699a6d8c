//! Vending over HTTPS: one question with a token, and the certificate is the answer, with the place where it is used.
//!
//! A key of the device's own is kept before anything is asked with it. The API gives the same certificate again for the
//! same token and key, so that a lost answer is asked for again. A key that the cloud made comes once.

mod answer;
mod exchange;
mod refusal;
mod settings;

pub use exchange::{VendingAnswer, VendingRequest};
pub use settings::VendingSettings;

use crate::device::{Device, Link, Stage};
use crate::proving::Slot;
use crate::way::Way;
use crate::{Credentials, Place, Progress, Refused, Trouble, UnfinishedDelivery};
use muster_pki::{DeviceKey, KeyError};

/// What a device says to the API.
pub(crate) struct Vending {
    settings: VendingSettings,
    /// The key to ask with; `None` where the cloud is to make one, and before it is asked.
    key: Option<DeviceKey>,
}

/// Why an answer brought no certificate.
enum Without {
    /// The API said no.
    Refused(Refused),
    /// For a person: what is wrong with it.
    Unusable(String),
}

impl Vending {
    pub(crate) fn new(settings: VendingSettings) -> Self {
        Self {
            settings,
            key: None,
        }
    }

    fn request(&self) -> Result<VendingRequest, KeyError> {
        let serial = &self.settings.serial;
        // AWS IoT copies the subject into the certificate, whose common name is shorter than a serial may be.
        let csr = self.key.as_ref().map(|key| key.csr(serial.common_name()));
        Ok(VendingRequest {
            serial_number: serial.to_string(),
            csr: csr.transpose()?.map(|csr| csr.pem()),
        })
    }

    fn read(&self, answer: &VendingAnswer) -> Result<Credentials, Without> {
        match answer.status {
            200 => {
                answer::read(answer, &self.settings.serial, self.key.as_ref()).map_err(|error| {
                    Without::Unusable(format!("the API's answer can't be used: {error}"))
                })
            }
            300.. => Err(Without::Refused(refusal::read(answer))),
            status => Err(Without::Unusable(format!(
                "the API answered with the status {status}, which means nothing here"
            ))),
        }
    }
}

impl Way for Vending {
    fn begin(&mut self, device: &mut Device) {
        device.stage = Stage::Asking;
        if self.settings.key_of_the_cloud {
            return;
        }
        match own_key(device) {
            Ok(key) => self.key = Some(key),
            Err(error) => device.give_up(error.to_string()),
        }
    }

    fn reach(&mut self, device: &mut Device) {
        match self.request() {
            Ok(request) => device.ask(request),
            Err(error) => device.give_up(error.to_string()),
        }
    }

    /// As after an answer that says to ask again: there is one rule for both.
    fn wait_to_reach(&mut self, device: &mut Device) {
        let wait = device.wait_to_request();
        device.waiting(wait);
    }

    fn answered(&mut self, device: &mut Device, answer: &VendingAnswer) {
        match self.read(answer) {
            Ok(credentials) => {
                device.report(Progress::Vended {
                    certificate_id: credentials.certificate_id(),
                    with_key: self.key.is_none(),
                    endpoint: credentials
                        .place()
                        .map_or_else(String::new, Place::endpoint),
                });
                device.keep_pending(credentials);
                return device.prove(Slot::Pending);
            }
            Err(Without::Refused(refused)) => {
                device.report_refusal(&refused);
                if !refused.retryable {
                    return device.refused_for_good(refused);
                }
            }
            Err(Without::Unusable(why)) => device.trouble = why,
        }
        if device.held.pending.is_some() {
            // Refused until now, and there is no other: it may work by then.
            device.stage = Stage::Proving(Slot::Pending);
        }
        // On top of what it was told: devices that were refused together don't come back together.
        let told = answer.retry_after.unwrap_or_default();
        // One that is told to wait longer than it has time gives up at its end, and does not ask before.
        let left = device.give_up_at.saturating_sub(device.now);
        let wait = device.wait_to_request() + told.min(left);
        device.wake = device.now + wait;
        device.waiting(wait);
    }

    fn pending_refused(&mut self, device: &mut Device) {
        if device.refused_often() {
            self.begin(device);
        }
    }

    // It asks on no connection: there is nothing to subscribe to, to say or to hear.

    fn topics(&self) -> Vec<String> {
        Vec::new()
    }

    fn speak(&mut self, _: &mut Device) {}

    fn hear(&mut self, _: &mut Device, _: &str, _: &[u8]) {}

    fn lost(&mut self, _: &mut Device, _: &Trouble, _: Link) {}
}

/// The key to ask with. One of another kind that was kept, as the cloud makes them for fleets, is none to ask with.
fn own_key(device: &mut Device) -> Result<DeviceKey, KeyError> {
    let kept = device.held.delivery.as_ref();
    if let Some(Ok(key)) = kept.map(|kept| DeviceKey::from_pem(&kept.private_key_pem)) {
        return Ok(key);
    }
    let key = device.entropy.new_key()?;
    device.keep_delivery(UnfinishedDelivery::new(key.pem()));
    Ok(key)
}
