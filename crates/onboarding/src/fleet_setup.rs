//! Fleets: what may be asked for, and the documents that are made of it.

mod documents;
mod holder;
mod names;

pub use documents::FleetDocuments;
pub use holder::{HeldByAnother, check_holder};
pub use names::{FleetNames, Place};

use crate::{TemplateError, check_fleet_template};
use muster_documents::{
    Admission, FleetName, FleetSettings, MAX_CLAIM_LIFETIME_DAYS, MAX_MODELS, MAX_OVERLAP_HOURS,
    ModelName, Serial,
};
use std::collections::BTreeSet;

/// The longest beginning of serials, in characters: it stands many times in policies of 2,048 characters.
const MAX_SERIAL_PREFIX: usize = 32;

/// Why a fleet cannot be set up as asked. The sentences are for the operator who asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FleetError {
    /// AWS IoT could not provision with the template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Not 1 to [`MAX_CLAIM_LIFETIME_DAYS`].
    #[error(
        "claimLifetimeDays is {0}; a claim certificate is valid for 1 to {MAX_CLAIM_LIFETIME_DAYS} days."
    )]
    Lifetime(i64),
    /// Not 0 to [`MAX_OVERLAP_HOURS`].
    #[error("overlapHours is {0}; it can be 0 to {MAX_OVERLAP_HOURS}.")]
    Overlap(i64),
    /// More than [`MAX_MODELS`].
    #[error("The fleet has {0} models; it can have {MAX_MODELS}. Make two fleets of it.")]
    TooManyModels(usize),
    /// One model twice.
    #[error("The model {0} stands twice in models.")]
    ModelTwice(ModelName),
    /// The stack has no verifier of this name.
    #[error("There is no verifier named {name:?}. This stack has: {}.", known.join(", "))]
    VerifierUnknown {
        /// What was asked for.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// Nobody would be asked.
    #[error(
        "With admission verifier, verifierName has to say who is asked; GET /verifiers names them."
    )]
    VerifierMissing,
    /// Nobody would ask it.
    #[error(
        "verifierName is asked with admission verifier only. Leave it out, or set admission to verifier."
    )]
    VerifierUnused,
    /// Greengrass core devices' policies know no thing's name.
    #[error(
        "With greengrassV2, serialPrefix has to say what the serials of the fleet's devices begin with: AWS IoT puts no thing's \
         name into what a Greengrass core device may do, so that this is what keeps one fleet's devices from another's."
    )]
    SerialPrefixMissing,
    /// Core devices of the one fleet could speak for devices of the other.
    #[error(
        "serialPrefix {prefix} has serials in common with {other_prefix} of the fleet {other}. A Greengrass core device may speak \
         for every serial of its fleet, so fleets beside it need serials of their own: choose another serialPrefix."
    )]
    SerialPrefixShared {
        /// What was asked for.
        prefix: String,
        /// The other fleet.
        other: FleetName,
        /// What its devices' serials begin with.
        other_prefix: String,
    },
    /// Longer than 32 characters, with which every policy still fits.
    #[error("serialPrefix has {0} characters; it can have {MAX_SERIAL_PREFIX}.")]
    SerialPrefixTooLong(usize),
}

impl FleetError {
    /// The error's stable name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Template(_) => "TemplateInvalid",
            Self::Lifetime(_) | Self::Overlap(_) => "LifetimeInvalid",
            Self::VerifierUnknown { .. } => "VerifierUnknown",
            _ => "FleetInvalid",
        }
    }
}

/// Checks what an operator asks for, in a stack with these verifiers.
///
/// # Errors
/// [`FleetError`].
pub fn check_fleet(settings: &FleetSettings, verifiers: &[String]) -> Result<(), FleetError> {
    if let Some(body) = &settings.template_body {
        check_fleet_template(body)?;
    }
    match settings.claim_lifetime_days {
        Some(days) if !(1..=MAX_CLAIM_LIFETIME_DAYS).contains(&days) => {
            return Err(FleetError::Lifetime(days));
        }
        _ => {}
    }
    if settings.models.len() > MAX_MODELS {
        return Err(FleetError::TooManyModels(settings.models.len()));
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = settings
        .models
        .iter()
        .find(|model| !seen.insert(&model.name))
    {
        return Err(FleetError::ModelTwice(twice.name.clone()));
    }
    let prefix = settings.serial_prefix.as_ref();
    match prefix.map(|prefix| prefix.as_str().len()) {
        None if settings.greengrass_v2 => return Err(FleetError::SerialPrefixMissing),
        Some(length) if length > MAX_SERIAL_PREFIX => {
            return Err(FleetError::SerialPrefixTooLong(length));
        }
        _ => {}
    }
    match (settings.admission, &settings.verifier_name) {
        (Admission::Verifier, None) => Err(FleetError::VerifierMissing),
        (Admission::Verifier, Some(name)) if !verifiers.contains(name) => {
            Err(FleetError::VerifierUnknown {
                name: name.clone(),
                known: verifiers.to_vec(),
            })
        }
        (Admission::Known | Admission::Voucher, Some(_)) => Err(FleetError::VerifierUnused),
        _ => Ok(()),
    }
}

/// Checks a fleet against the others of its stack. A fleet whose serials may be any is not compared: it would leave room
/// for no other.
///
/// # Errors
/// [`FleetError::SerialPrefixShared`].
pub fn check_beside<'a>(
    settings: &FleetSettings,
    others: impl IntoIterator<Item = &'a FleetSettings>,
) -> Result<(), FleetError> {
    let Some(prefix) = settings.serial_prefix.as_ref().map(Serial::as_str) else {
        return Ok(());
    };
    for other in others {
        let beside = other.template_name != settings.template_name
            && (other.greengrass_v2 || settings.greengrass_v2);
        let shared = other.serial_prefix.as_ref().map(Serial::as_str);
        let shared = shared.filter(|with| with.starts_with(prefix) || prefix.starts_with(with));
        if let (true, Some(other_prefix)) = (beside, shared) {
            return Err(FleetError::SerialPrefixShared {
                prefix: prefix.to_owned(),
                other: other.template_name.clone(),
                other_prefix: other_prefix.to_owned(),
            });
        }
    }
    Ok(())
}

/// Checks for how long a claim certificate that is replaced is to let devices in.
///
/// # Errors
/// [`FleetError::Overlap`].
pub fn check_overlap(hours: i64) -> Result<(), FleetError> {
    if (0..=MAX_OVERLAP_HOURS).contains(&hours) {
        Ok(())
    } else {
        Err(FleetError::Overlap(hours))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn checked(more: &Value) -> Result<(), FleetError> {
        let mut settings = json!({ "templateName": "gateways" });
        for (key, value) in more.as_object().unwrap() {
            settings[key] = value.clone();
        }
        let settings = serde_json::from_value(settings).unwrap();
        check_fleet(&settings, &["allow-list".to_owned()])
    }

    #[test]
    fn a_request_of_the_seed_is_a_fleet() {
        assert_eq!(checked(&json!({})), Ok(()));
    }

    #[test]
    fn what_makes_no_fleet_is_refused_by_its_name() {
        let many: Vec<_> = (0..=MAX_MODELS).map(|n| format!("m{n}")).collect();
        for (more, name) in [
            (json!({ "claimLifetimeDays": 0 }), "LifetimeInvalid"),
            (json!({ "claimLifetimeDays": 10_951 }), "LifetimeInvalid"),
            (json!({ "models": many }), "FleetInvalid"),
            (json!({ "models": ["a", { "name": "a" }] }), "FleetInvalid"),
            (json!({ "admission": "verifier" }), "FleetInvalid"),
            (json!({ "verifierName": "allow-list" }), "FleetInvalid"),
            (
                json!({ "admission": "verifier", "verifierName": "x" }),
                "VerifierUnknown",
            ),
            (json!({ "greengrassV2": true }), "FleetInvalid"),
            (json!({ "serialPrefix": "x".repeat(33) }), "FleetInvalid"),
            (json!({ "templateBody": "{}" }), "TemplateInvalid"),
        ] {
            assert_eq!(checked(&more).unwrap_err().name(), name, "{more}");
        }
        let verified = json!({ "admission": "verifier", "verifierName": "allow-list" });
        assert_eq!(checked(&verified), Ok(()));
        let core = json!({ "greengrassV2": true, "serialPrefix": "core-" });
        assert_eq!(checked(&core), Ok(()));
    }

    #[test]
    fn a_core_device_speaks_for_no_other_fleets_serials() {
        let fleet = |name: &str, prefix: Option<&str>, core: bool| -> FleetSettings {
            let fleet =
                json!({ "templateName": name, "serialPrefix": prefix, "greengrassV2": core });
            serde_json::from_value(fleet).unwrap()
        };
        let cores = fleet("cores", Some("core-"), true);
        for (prefix, taken) in [
            (Some("core-"), true),
            (Some("core-a-"), true),
            (Some("co"), true),
            (Some("sensor-"), false),
            (None, false),
        ] {
            for of_cores in [true, false] {
                let other = fleet("others", prefix, of_cores);
                assert_eq!(check_beside(&other, [&cores]).is_err(), taken, "{prefix:?}");
                assert_eq!(check_beside(&cores, [&other]).is_err(), taken, "{prefix:?}");
            }
        }
        assert_eq!(check_beside(&cores, [&cores]), Ok(()), "it is itself");
        let plain = [fleet("a", Some("x"), false), fleet("b", Some("x-y"), false)];
        assert_eq!(check_beside(&plain[0], &plain), Ok(()));
    }

    #[test]
    fn a_claim_overlaps_a_year_at_most() {
        assert!(check_overlap(0).is_ok() && check_overlap(MAX_OVERLAP_HOURS).is_ok());
        for hours in [-1, MAX_OVERLAP_HOURS + 1] {
            assert_eq!(check_overlap(hours), Err(FleetError::Overlap(hours)));
        }
    }
}
