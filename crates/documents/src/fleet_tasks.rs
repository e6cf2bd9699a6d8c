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
    },
    /// The templates for provisioning and for rotation.
    Templates {
        /// The fleet.
        settings: FleetSettings,
    },
    /// A claim certificate, which lets devices in from then on.
    Claim {
        /// The fleet.
        settings: FleetSettings,
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
    /// All that there is of a fleet.
    Fleet {
        /// Which.
        template_name: FleetName,
        /// Whether to leave devices the policy that they have.
        keep_devices: bool,
    },
    /// One claim certificate.
    Claim {
        /// The fleet.
        template_name: FleetName,
        /// Which; left out, the one that is being made.
        #[serde(default)]
        certificate_id: Option<String>,
    },
}

/// The answer of `fleet-remover`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RemovedFleetPart {
    /// The policy that is left, since devices have it.
    pub kept_policy: Option<String>,
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
    },
    /// No bundle, but the removal of those that are no model's of the fleet's.
    Leftovers {
        /// The fleet.
        settings: FleetSettings,
    },
}

/// The answer of `bundle-packer`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PackedBundle {
    /// Of [`PackBundle::Bundle`].
    pub bundle: Option<Bundle>,
}
