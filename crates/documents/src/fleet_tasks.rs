//! What the tasks of the workflow `fleet-setup` take and give. Field names are those that its definition writes.

use crate::{Bundle, ClaimCertificate, FleetName, FleetSettings, Model, RoleAlias};
use serde::{Deserialize, Serialize};

/// The input of `fleet-registrar`. Each can be repeated, and changes nothing where all is there already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "make",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum MakeFleetPart {
    /// The policies of claim certificates and of devices, and the role alias that the latter names.
    Policies {
        /// The fleet.
        settings: FleetSettings,
        /// The execution that asks, which has to hold the fleet.
        execution: String,
    },
    /// The templates for provisioning and for rotation.
    Templates {
        /// The fleet.
        settings: FleetSettings,
        /// The execution that asks, which has to hold the fleet.
        execution: String,
    },
    /// A claim certificate, which lets devices in from then on.
    Claim {
        /// The fleet.
        settings: FleetSettings,
        /// The one that the fleet has: it stays if AWS IoT has it still. `None`: another one is made.
        certificate_id: Option<String>,
        /// The execution that asks, which has to hold the fleet.
        execution: String,
    },
}

/// The answer of `fleet-registrar`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MadeFleetPart {
    /// Of [`MakeFleetPart::Policies`], with Greengrass V2.
    pub role_alias: Option<RoleAlias>,
    /// Of [`MakeFleetPart::Claim`].
    pub claim: Option<ClaimCertificate>,
}

/// The input of `fleet-remover`, the undo of `fleet-registrar` and `bundle-packer`. Each can be repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "remove",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum RemoveFleetPart {
    /// Nothing: it fails if devices would lose what they may do.
    DryRun {
        /// The fleet.
        template_name: FleetName,
        /// The execution that asks, which has to hold the fleet.
        execution: String,
    },
    /// All that there is of a fleet. Policies that devices have are left.
    Fleet {
        /// Which.
        template_name: FleetName,
        /// The execution that asks, which has to hold the fleet.
        execution: String,
    },
    /// The claim certificate that is being made, if one is.
    NewClaim {
        /// The fleet.
        template_name: FleetName,
        /// Which, if it was made to the end; else the ledger says it.
        certificate_id: Option<String>,
        /// The execution that asks, which has to hold the fleet.
        execution: String,
    },
    /// One claim certificate whose time is over.
    Claim {
        /// The fleet.
        template_name: FleetName,
        /// Which.
        certificate_id: String,
    },
}

/// The answer of `fleet-remover`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RemovedFleetPart {
    /// The policies that are left, since devices have them.
    #[serde(default)]
    pub kept_policies: Vec<String>,
    /// The role alias that is left with them.
    pub kept_role_alias: Option<String>,
}

/// The input of `bundle-packer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "pack",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum PackBundle {
    /// One model's bundle.
    Bundle {
        /// The fleet.
        settings: FleetSettings,
        /// The model; `None` in a fleet without models.
        model: Option<Model>,
        /// The claim certificate that goes into it.
        certificate_id: String,
        /// The execution that asks, which has to hold the fleet.
        execution: String,
    },
    /// No bundle, but the removal of those that are no model's of the fleet's.
    Leftovers {
        /// The fleet.
        settings: FleetSettings,
        /// The execution that asks, which has to hold the fleet.
        execution: String,
    },
}

/// The answer of `bundle-packer`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PackedBundle {
    /// Of [`PackBundle::Bundle`].
    pub bundle: Option<Bundle>,
}
