//! On which terms devices are adopted.

use crate::target::{Target, TargetError};
use muster_cloud::operator::Listed;
use muster_documents::{FleetName, FleetSettings, ModelName, Serial};
use muster_onboarding::adoption::NotAdopted;
use muster_onboarding::ledger::{FleetState, kept_until};
use muster_onboarding::rotation::{Day, RotationPolicy};
use muster_onboarding::{CloudFailure, FleetNames, Place};

/// Which things are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Those with these names.
    Named(Vec<String>),
    /// Those that AWS IoT lists.
    Listed(Listed),
}

/// What an operator wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Which things.
    pub which: Which,
    /// The fleet that they belong to from now on; `None`: they renew their certificates in chunks.
    pub fleet: Option<FleetName>,
    /// Their model.
    pub model: Option<ModelName>,
    /// Over how many days those that are due already are spread, 1 at least.
    pub spread_days: u32,
    /// Whether the policy that renewing takes is attached to certificates that lack it.
    pub attach_policy: bool,
    /// Whether things without a date get it.
    pub date_things: bool,
    /// Whether nothing is changed, and only said what would be.
    pub dry_run: bool,
}

/// Why what is wanted does not fit the stack.
#[derive(Debug, thiserror::Error)]
pub enum TermsError {
    /// There is no such fleet.
    #[error("there is no fleet {0}; `muster fleet create {0}` makes one")]
    NoFleet(FleetName),
    /// It is not at rest.
    #[error("the fleet {fleet} is {state}; wait until it is set up, `muster fleet show {fleet}`")]
    FleetNotSetUp {
        /// The fleet.
        fleet: FleetName,
        /// Its state.
        state: String,
    },
    /// The fleet has other models.
    #[error("the fleet {fleet} has no model {model}; `muster fleet show {fleet}` lists its models")]
    NoModel {
        /// The fleet.
        fleet: FleetName,
        /// The model.
        model: ModelName,
    },
    /// See [`TargetError`].
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The fleets cannot be read.
    #[error("the fleet cannot be read")]
    Cloud(#[from] CloudFailure),
}

/// The same, with what the stack says to it.
#[derive(Debug)]
pub(super) struct Terms {
    pub(super) wanted: Wanted,
    /// What the serials of the fleet begin with.
    prefix: Option<Serial>,
    /// The policy that renewing takes.
    pub(super) policy: String,
    /// The policies of claim certificates.
    pub(super) claim_policies: [String; 2],
    pub(super) rotation: RotationPolicy,
    /// In milliseconds since 1970.
    pub(super) now: i64,
    /// Until when timelines keep what happens now, in seconds since 1970.
    pub(super) expires_at: i64,
}

impl Terms {
    pub(super) async fn of(target: &Target, wanted: &Wanted, now: i64) -> Result<Self, TermsError> {
        let (mut prefix, mut policy) = (None, target.output("DevicePolicyName")?.to_owned());
        if let Some(fleet) = &wanted.fleet {
            let settings = settings(target, fleet).await?;
            check_model(fleet, &settings, wanted.model.as_ref())?;
            prefix = settings.serial_prefix;
            // The policy's name is all that is made of it.
            let place = Place {
                partition: String::new(),
                region: String::new(),
                account: String::new(),
                stack: target.output("StackName")?.to_owned(),
            };
            policy = FleetNames::new(&place, fleet).device_policy();
        }
        Ok(Self {
            wanted: wanted.clone(),
            prefix,
            policy,
            claim_policies: [
                target.output("ClaimPolicyName")?.to_owned(),
                target.output("ClaimClientIdPolicyName")?.to_owned(),
            ],
            rotation: target.rotation_policy()?,
            now,
            expires_at: kept_until(now, target.timeline_days()?),
        })
    }

    /// Today, as the functions see it.
    pub(super) fn today(&self) -> Day {
        Day::of(self.now)
    }

    /// That the fleet may have a device of this serial.
    pub(super) fn check_prefix(&self, serial: &Serial) -> Result<(), NotAdopted> {
        match (&self.wanted.fleet, &self.prefix) {
            (Some(fleet), Some(prefix)) if !serial.as_str().starts_with(prefix.as_str()) => {
                Err(NotAdopted::NotOfFleet {
                    fleet: fleet.to_string(),
                    prefix: prefix.to_string(),
                })
            }
            _ => Ok(()),
        }
    }

    /// That a device which the ledger has in this fleet is not wanted in another.
    pub(super) fn check_fleet(&self, fleet: Option<&str>) -> Result<(), NotAdopted> {
        let wanted = self.wanted.fleet.as_ref().map(FleetName::as_str);
        if wanted.is_none() || wanted == fleet {
            return Ok(());
        }
        Err(NotAdopted::OfAnotherFleet(fleet.map(str::to_owned)))
    }
}

async fn settings(target: &Target, name: &FleetName) -> Result<FleetSettings, TermsError> {
    let (fleet, _) = target.fleets()?.show(name).await?;
    let fleet = fleet.ok_or_else(|| TermsError::NoFleet(name.clone()))?;
    let set_up = fleet.state == FleetState::Active.name();
    fleet
        .settings
        .filter(|_| set_up)
        .ok_or_else(|| TermsError::FleetNotSetUp {
            fleet: name.clone(),
            state: fleet.state,
        })
}

fn check_model(
    fleet: &FleetName,
    settings: &FleetSettings,
    model: Option<&ModelName>,
) -> Result<(), TermsError> {
    let Some(model) = model.filter(|_| !settings.models.is_empty()) else {
        return Ok(());
    };
    if settings.models.iter().any(|one| one.name == *model) {
        return Ok(());
    }
    Err(TermsError::NoModel {
        fleet: fleet.clone(),
        model: model.clone(),
    })
}
