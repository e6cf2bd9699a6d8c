//! Whether a device of a fleet's is given another certificate beside the one that it has.

use super::Terms;
use super::asked::Asked;
use super::ruling::settings_in_force;
use crate::ledger::DeviceState;
use crate::ports::{AdmissionRecords, Certificate, HeldDevice, NextCertificate, RotatingThing};
use crate::rotation::{Day, due_since};
use muster_documents::fleet_provisioning::{HookAnswer, parameters};
use muster_documents::{Refusal, RefusalCode, Serial};
use std::collections::BTreeMap;

/// What becomes of a device that no rule refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RotationRuling {
    /// It gets the certificate. This has to be written before, unless it stands there, since the same was asked before.
    Next {
        /// What is to be written.
        write: Option<Box<NextCertificate>>,
        /// What it is told then.
        answer: HookAnswer,
    },
    /// It asks with the certificate that it was given last: that it has it is proven by this, and it needs no other.
    Proven,
}

/// Decides about a device that asks by its fleet's template for rotation. `thing` is what AWS IoT knows of it.
///
/// # Errors
/// Why it keeps what it has.
pub fn rule_rotation(
    asked: &Asked,
    records: &AdmissionRecords,
    thing: RotatingThing,
    terms: &Terms,
) -> Result<RotationRuling, Refusal> {
    settings_in_force(asked, records.fleet.as_ref())?;
    let serial = asked.serial.clone()?;
    let held = records.device.as_ref();
    let (held, in_force) = held
        .and_then(|held| Some((held, held.current.as_ref()?)))
        .filter(|(held, _)| {
            held.state == Some(DeviceState::Provisioned)
                && held.fleet.as_deref() == Some(asked.fleet.as_str())
        })
        .ok_or_else(|| not_its_own(asked, &serial))?;
    if held.undoing.is_some() {
        return Err(Refusal::new(
            RefusalCode::ProvisioningInProgress,
            "The device's certificate is being taken away at this moment. Ask again later.",
        ));
    }
    if !thing.attached {
        return Err(not_its_own(asked, &serial));
    }
    let asks_with = |certificate: &Certificate| certificate.id == asked.claim_certificate_id();
    if held.rotation.next.as_ref().is_some_and(asks_with) {
        return Ok(RotationRuling::Proven);
    }
    if !asks_with(in_force) {
        return Err(not_its_own(asked, &serial));
    }
    let today = Day::of(terms.now);
    if !is_due(held, thing, today, terms) {
        return Err(Refusal::new(
            RefusalCode::RotationNotDue,
            "No rotation is due for this device. It keeps its certificate. `muster rotation order` makes one due.",
        ));
    }
    let shown = asked.shown.clone()?;
    let answer = HookAnswer {
        allow_provisioning: true,
        parameter_overrides: BTreeMap::from([(
            parameters::SERIAL_NUMBER.to_owned(),
            serial.to_string(),
        )]),
    };
    let before = held.rotation.next.as_ref().map(|next| next.id.clone());
    if before.as_ref() == Some(&shown.certificate.id) {
        return Ok(RotationRuling::Next {
            write: None,
            answer,
        });
    }
    let write = NextCertificate {
        client_id: asked.request.client_id.clone(),
        certificate: shown.certificate,
        fingerprint: shown.fingerprint,
        not_after: shown.not_after,
        fleet: asked.fleet.clone(),
        in_force: in_force.id.clone(),
        replaced: before,
        undo_on: today.plus(terms.rotation.proof),
        ask_on: held.rotation.asked_since.is_none().then_some(today),
        delete_on: today.plus(terms.rotation.retention),
        at: terms.now,
        expires_at: terms.timeline_end(),
        serial,
    };
    Ok(RotationRuling::Next {
        write: Some(Box::new(write)),
        answer,
    })
}

/// Whether the certificate in force has to be renewed: an operator has ordered it, the device has been notified, or it is
/// old by the ledger's date or by the thing's, which an operator may have edited a moment ago. A certificate of which
/// nobody knows how old it is, is too old.
fn is_due(held: &HeldDevice, thing: RotatingThing, today: Day, terms: &Terms) -> bool {
    // Until the certificate before is retired, the thing says that one's date.
    let things_date = thing.issued_on.filter(|_| held.rotation.retiring.is_none());
    held.rotation.ordered
        || held.rotation.asked_since.is_some()
        || due_since(held, things_date, &terms.rotation).is_none_or(|day| day <= today)
}

fn not_its_own(asked: &Asked, serial: &Serial) -> Refusal {
    Refusal::new(
        RefusalCode::CertificateNotOfDevice,
        format!(
            "The certificate of the connection, {}, is not the one that is in force for {serial} in the fleet {}. A device \
             renews its own certificate, with that certificate.",
            asked.claim_certificate_id(),
            asked.fleet
        ),
    )
}

#[cfg(test)]
mod tests;
