//! The rules, in the order in which they are asked.

use super::asked::{Asked, Shown};
use crate::ledger::{DeviceState, FleetState, WayIn, kept_until};
use crate::ports::{
    AdmissionRecords, AdmittedDevice, Before, ClaimRecord, FleetRecord, HeldDevice, VoucherRecord,
};
use crate::rotation::{Day, RotationPolicy};
use muster_documents::fleet_provisioning::{HookAnswer, parameters};
use muster_documents::{
    Admission, ClientIdRule, FleetSettings, ModelName, Refusal, RefusalCode, Serial,
};
use std::collections::BTreeMap;

/// Stands for a model that nobody knows: a thing's attribute is never empty.
const NO_MODEL: &str = "-";

/// What becomes of a device that no rule refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// Who has to say yes before, by name.
    pub verifier: Option<String>,
    /// What has to be written before; `None` if it stands there already, since the same was asked before.
    pub device: Option<AdmittedDevice>,
    /// What it is told then.
    pub answer: HookAnswer,
}

/// What decisions go by, whoever asks.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// The time, in milliseconds since 1970.
    pub now: i64,
    /// How long timelines keep what is decided, in days.
    pub timeline_days: i64,
    /// When certificates have to be renewed.
    pub rotation: RotationPolicy,
}

impl Terms {
    /// Until when timelines keep it, in seconds since 1970.
    pub fn timeline_end(&self) -> i64 {
        kept_until(self.now, self.timeline_days)
    }
}

/// Decides about a device that asks by the fleet's template for provisioning.
///
/// # Errors
/// Why the device is not let in.
pub fn rule(asked: &Asked, records: &AdmissionRecords, terms: &Terms) -> Result<Ruling, Refusal> {
    let now_unix = terms.now.div_euclid(1000);
    let settings = settings_in_force(asked, records.fleet.as_ref())?;
    check_claim(asked, records.claim.as_ref(), now_unix)?;
    let serial = asked.serial.clone()?;
    check_serial(&settings, &serial)?;
    check_client_id(asked, &settings, &serial)?;
    let held = records.device.as_ref();
    let model = model(asked, &settings, held)?;
    let shown = asked.shown.clone()?;
    let known_model = held.and_then(|held| held.model.clone());
    let told_model = match (&model, &known_model) {
        (Some(model), _) => model.to_string(),
        // What an operator has written there may be no attribute's value.
        (None, Some(known)) => ModelName::new(known.as_str()).map_or(NO_MODEL.into(), String::from),
        (None, None) => NO_MODEL.to_owned(),
    };
    let answer = |issued_on: Day| HookAnswer {
        allow_provisioning: true,
        parameter_overrides: BTreeMap::from(
            [
                (parameters::SERIAL_NUMBER, serial.to_string()),
                (parameters::CERT_ISSUANCE, issued_on.to_string()),
                (parameters::MODEL_TYPE, told_model.clone()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        ),
    };
    let issued_on = Day::of(terms.now);
    let (before, voucher, verifier) = match standing(asked, held, &shown)? {
        Standing::Same(held) => {
            return Ok(Ruling {
                verifier: None,
                device: None,
                answer: answer(held.issued_on.unwrap_or(issued_on)),
            });
        }
        // Its key has shown who it is.
        Standing::Before(before @ Before::Admitted { .. }) => (before, None, None),
        Standing::Before(before) => {
            let (voucher, verifier) =
                admission(asked, &settings, records, &serial, &shown, now_unix)?;
            (before, voucher, verifier)
        }
    };
    Ok(Ruling {
        verifier,
        answer: answer(issued_on),
        device: Some(AdmittedDevice {
            client_id: asked.request.client_id.clone(),
            fingerprint: shown.fingerprint,
            certificate: shown.certificate,
            not_after: shown.not_after,
            due_on: terms.rotation.due_on(issued_on, Some(shown.not_after)),
            issued_on,
            fleet: asked.fleet.clone(),
            claim_certificate_id: asked.claim_certificate_id().to_owned(),
            new_model: model.filter(|_| known_model.is_none()),
            voucher,
            before,
            at: terms.now,
            expires_at: terms.timeline_end(),
            serial,
        }),
    })
}

pub(super) fn settings_in_force(
    asked: &Asked,
    fleet: Option<&FleetRecord>,
) -> Result<FleetSettings, Refusal> {
    let name = &asked.fleet;
    let unknown = |why: String| Refusal::new(RefusalCode::FleetUnknown, why);
    let passing = |why: String| Refusal::new(RefusalCode::ProvisioningInProgress, why);
    let fleet = fleet.ok_or_else(|| unknown(format!("There is no fleet {name}.")))?;
    match fleet.state {
        Some(FleetState::Active | FleetState::Changing) => {}
        // Whoever set up or removed it may have been cut off: its devices wait for the operator's next word.
        Some(FleetState::Making) => {
            return Err(passing(format!(
                "The fleet {name} is not set up yet. Ask again later."
            )));
        }
        Some(FleetState::Removing) => {
            return Err(passing(format!("The fleet {name} is being removed.")));
        }
        None => {
            return Err(unknown(format!(
                "The state of the fleet {name} cannot be read."
            )));
        }
    }
    serde_json::from_str(&fleet.settings).map_err(|_| {
        failed(format!(
            "The settings of the fleet {name} in the ledger cannot be read. Set the fleet up again."
        ))
    })
}

fn check_claim(asked: &Asked, claim: Option<&ClaimRecord>, now_unix: i64) -> Result<(), Refusal> {
    let id = asked.claim_certificate_id();
    let own = claim.filter(|claim| claim.fleet.as_deref() == Some(asked.fleet.as_str()));
    let own = own.ok_or_else(|| {
        Refusal::new(
            RefusalCode::ClaimNotOfFleet,
            format!(
                "The certificate {id} is no claim certificate of the fleet {}. Give the device that fleet's bundle.",
                asked.fleet
            ),
        )
    })?;
    let shut = |why: String| Refusal::new(RefusalCode::ClaimShut, why);
    if let Some(why) = &own.shut {
        return Err(shut(format!(
            "The claim certificate {id} is shut ({why}). Give the device another claim certificate."
        )));
    }
    if own.until.is_some_and(|until| now_unix > until) {
        return Err(shut(format!(
            "The claim certificate {id} was replaced, and the time in which both were good is over. Give the device the \
             fleet's new bundle."
        )));
    }
    Ok(())
}

fn check_serial(settings: &FleetSettings, serial: &Serial) -> Result<(), Refusal> {
    let prefix = settings.serial_prefix.as_ref().map(Serial::as_str);
    match prefix.filter(|prefix| !serial.as_str().starts_with(prefix)) {
        Some(prefix) => Err(Refusal::new(
            RefusalCode::SerialUnknown,
            format!(
                "The serials of the fleet {} begin with {prefix}.",
                settings.template_name
            ),
        )),
        None => Ok(()),
    }
}

fn check_client_id(
    asked: &Asked,
    settings: &FleetSettings,
    serial: &Serial,
) -> Result<(), Refusal> {
    match settings.client_id {
        ClientIdRule::Serial if asked.request.client_id != serial.as_str() => Err(Refusal::new(
            RefusalCode::ClientIdMismatch,
            "The client id is not the serial. Connect with the serial as client id, or have the fleet set up with \
             clientId any.",
        )),
        ClientIdRule::Serial | ClientIdRule::Any => Ok(()),
    }
}

/// The model that the device calls itself.
fn model(
    asked: &Asked,
    settings: &FleetSettings,
    held: Option<&HeldDevice>,
) -> Result<Option<ModelName>, Refusal> {
    let unknown = |why: String| Refusal::new(RefusalCode::ModelUnknown, why);
    let fleet = &asked.fleet;
    let Some(said) = asked.request.parameters.get(parameters::MODEL_TYPE) else {
        return if settings.models.is_empty() {
            Ok(None)
        } else {
            Err(unknown(format!(
                "The device names no model. Send it as the parameter ModelType; the fleet {fleet} has models."
            )))
        };
    };
    let said = ModelName::new(said.as_str()).map_err(|why| unknown(format!("{why}.")))?;
    if !settings.models.is_empty() && settings.models.iter().all(|model| model.name != said) {
        return Err(unknown(format!(
            "The fleet {fleet} has no model {said}. Set it up with that model, or give the device the bundle of its own."
        )));
    }
    let known = held.and_then(|held| held.model.as_deref());
    match known.filter(|known| *known != said.as_str()) {
        Some(known) => Err(unknown(format!(
            "The device calls itself a {said}, and the ledger has it as a {known}."
        ))),
        None => Ok(Some(said)),
    }
}

/// How a device stands that may be let in.
enum Standing<'a> {
    /// It is to be written.
    Before(Before),
    /// It has this very certificate: the same request again.
    Same(&'a HeldDevice),
}

fn standing<'a>(
    asked: &Asked,
    held: Option<&'a HeldDevice>,
    shown: &Shown,
) -> Result<Standing<'a>, Refusal> {
    let Some(held) = held else {
        return Ok(Standing::Before(Before::Unknown));
    };
    if !held.may_come(WayIn::Claim) {
        return Err(Refusal::new(
            RefusalCode::SerialUnknown,
            "This serial was imported for another way in than a claim certificate. `muster device import --only-by claim` \
             changes that.",
        ));
    }
    if held.undoing.is_some() {
        return Err(Refusal::new(
            RefusalCode::ProvisioningInProgress,
            "The device's certificate is being taken away at this moment. Ask again later.",
        ));
    }
    match held.state {
        Some(DeviceState::Known) => Ok(Standing::Before(Before::Known)),
        Some(DeviceState::Provisioning) => Err(Refusal::new(
            RefusalCode::ProvisioningInProgress,
            "The device is being provisioned on another way at this moment. Ask again later.",
        )),
        Some(DeviceState::Provisioned) => {
            let same_key = held.fingerprint.as_deref() == Some(shown.fingerprint.as_str());
            let same_fleet = held.fleet.as_deref() == Some(asked.fleet.as_str());
            match (&held.current, &held.execution) {
                (Some(current), Some(execution)) if same_key && same_fleet => {
                    Ok(if current.id == shown.certificate.id {
                        Standing::Same(held)
                    } else {
                        Standing::Before(Before::Admitted {
                            execution: execution.clone(),
                            certificate_id: current.id.clone(),
                        })
                    })
                }
                _ => Err(Refusal::new(
                    RefusalCode::AlreadyProvisioned,
                    "A device with this serial has a certificate already, for another key. If the device has lost its \
                     key, run `muster device release`.",
                )),
            }
        }
        None => Err(failed(
            "The device's state in the ledger cannot be read.".to_owned(),
        )),
    }
}

/// Whether the fleet admits the device: the voucher that it spends, and the verifier that has to say yes.
fn admission(
    asked: &Asked,
    settings: &FleetSettings,
    records: &AdmissionRecords,
    serial: &Serial,
    shown: &Shown,
    now_unix: i64,
) -> Result<(Option<String>, Option<String>), Refusal> {
    match settings.admission {
        Admission::Known if records.device.is_some() => Ok((None, None)),
        Admission::Known => Err(Refusal::new(
            RefusalCode::SerialUnknown,
            "Nobody has imported this serial. `muster device import` makes it known.",
        )),
        Admission::Voucher => {
            let hash = asked.voucher.clone().ok_or_else(|| {
                Refusal::new(
                    RefusalCode::VoucherMissing,
                    format!(
                        "The fleet {} lets in by voucher. Send one as the parameter Voucher; `muster voucher issue` \
                         makes it.",
                        asked.fleet
                    ),
                )
            })?;
            check_voucher(asked, records.voucher.as_ref(), serial, shown, now_unix)?;
            Ok((Some(hash), None))
        }
        Admission::Verifier => match &settings.verifier_name {
            Some(name) => Ok((None, Some(name.clone()))),
            None => Err(failed(format!(
                "The fleet {} lets in by verifier and names none. Set it up with a verifierName.",
                asked.fleet
            ))),
        },
    }
}

fn check_voucher(
    asked: &Asked,
    voucher: Option<&VoucherRecord>,
    serial: &Serial,
    shown: &Shown,
    now_unix: i64,
) -> Result<(), Refusal> {
    let invalid = |why: &str| {
        Refusal::new(
            RefusalCode::VoucherInvalid,
            format!("{why} `muster voucher issue` makes another."),
        )
    };
    let voucher = voucher.ok_or_else(|| {
        invalid("There is no such voucher: it is mistyped, was revoked or has ended.")
    })?;
    if voucher.fleet != asked.fleet.as_str() {
        return Err(invalid("The voucher is another fleet's."));
    }
    if voucher
        .serial
        .as_deref()
        .is_some_and(|one| one != serial.as_str())
    {
        return Err(invalid("The voucher is another device's."));
    }
    if now_unix >= voucher.expires_at {
        return Err(invalid("The voucher has ended."));
    }
    let own = (serial.as_str(), shown.fingerprint.as_str());
    let spent = voucher.spent.as_ref();
    if spent.is_some_and(|(by, key)| (by.as_str(), key.as_str()) != own) {
        return Err(invalid(
            "The voucher was spent, by another device or with another key.",
        ));
    }
    Ok(())
}

fn failed(why: String) -> Refusal {
    Refusal::new(RefusalCode::ProvisioningFailed, why)
}

#[cfg(test)]
mod tests;
