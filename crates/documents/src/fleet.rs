//! A fleet: devices that get their identity by AWS IoT's fleet provisioning, with one claim certificate for all.

use crate::Serial;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::fmt;

/// The longest name of a fleet: a template's name has at most 36 characters (AWS IoT, `CreateProvisioningTemplate`), and
/// the rotation template's is the fleet's with [`ROTATION_SUFFIX`].
const MAX_NAME: usize = 36 - ROTATION_SUFFIX.len();

/// What the rotation template's name ends with.
pub const ROTATION_SUFFIX: &str = "-rotation";

/// The most models of a fleet: each has a bundle, and all of them are made in one run of the workflow.
pub const MAX_MODELS: usize = 40;

/// The longest name of a model, in characters. It becomes an attribute of the thing and the name of a file.
const MAX_MODEL: usize = 64;

/// The lifetime of a fleet's claim certificate, in days, where the request names none: five years.
pub const DEFAULT_CLAIM_LIFETIME_DAYS: i64 = 1825;

/// The longest lifetime of a fleet's claim certificate, in days: thirty years.
pub const MAX_CLAIM_LIFETIME_DAYS: i64 = 10_950;

/// Why a name is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MalformedName {
    /// Empty, too long, or with other characters.
    #[error(
        "{0:?} cannot be a fleet's name (templateName): it takes 1 to {MAX_NAME} letters, digits, _ and -"
    )]
    Fleet(String),
    /// The name of another fleet's rotation template.
    #[error(
        "{0:?} cannot be a fleet's name (templateName): rotation templates' names end with {ROTATION_SUFFIX}"
    )]
    Rotation(String),
    /// Empty, too long, or with other characters.
    #[error("{0:?} cannot be a model's name: it takes 1 to {MAX_MODEL} letters, digits, _ and -")]
    Model(String),
}

fn is_name(text: &str, most: usize) -> bool {
    let taken = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    (1..=most).contains(&text.len()) && text.chars().all(taken)
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes the text if it is well-formed.
            pub fn new(text: impl Into<String>) -> Result<Self, MalformedName> {
                let text = text.into();
                $check(&text)?;
                Ok(Self(text))
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = MalformedName;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

name!(
    /// A fleet's name, which is its provisioning template's.
    FleetName,
    |text: &str| {
        if !is_name(text, MAX_NAME) {
            return Err(MalformedName::Fleet(text.to_owned()));
        }
        if text.ends_with(ROTATION_SUFFIX) {
            return Err(MalformedName::Rotation(text.to_owned()));
        }
        Ok(())
    }
);
name!(
    /// The name of a device model.
    ModelName,
    |text: &str| if is_name(text, MAX_MODEL) {
        Ok(())
    } else {
        Err(MalformedName::Model(text.to_owned()))
    }
);

impl FleetName {
    /// The name of the template with which the fleet's devices rotate their certificates.
    pub fn rotation_template(&self) -> String {
        format!("{self}{ROTATION_SUFFIX}")
    }
}

/// A fleet that is to be set up, and what stands of it in the ledger. Fields that do not exist are refused, since a
/// misspelt one would otherwise be passed over in silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a JSON object"
)]
pub struct FleetSettings {
    /// Its name.
    pub template_name: FleetName,
    /// What AWS IoT provisions for a device, as JSON, an object or a string of one. Left out, it is Muster's own.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text_or_object"
    )]
    pub template_body: Option<String>,
    /// The models of its devices. Each gets a bundle; where there is none, devices name no model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<Model>,
    /// Which devices are let in.
    #[serde(default)]
    pub admission: Admission,
    /// With [`Admission::Verifier`], who is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verifier_name: Option<String>,
    /// Which MQTT client id a device has to have while it uses the claim certificate.
    #[serde(default)]
    pub client_id: ClientIdRule,
    /// What the serials of its devices begin with; left out, they may be any. With Greengrass V2 it has to be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_prefix: Option<Serial>,
    /// Whether its devices run AWS IoT Greengrass V2: they may exchange their certificate for credentials of the token
    /// exchange role.
    #[serde(default)]
    pub greengrass_v2: bool,
    /// How long a claim certificate is valid, in days; [`DEFAULT_CLAIM_LIFETIME_DAYS`] where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim_lifetime_days: Option<i64>,
}

/// A device model, with a bundle of its own. Its name alone, as text, is one as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ModelForm")]
pub struct Model {
    /// Its name.
    pub name: ModelName,
    /// The target for which the edge client in its bundle was built, as Rust names it, for example
    /// `aarch64-unknown-linux-gnu`. Left out, the bundle holds none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<ModelName>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = r#"a model is its name, or {"name", "platform"}; names have letters, digits, . _ and -"#
)]
enum ModelForm {
    Name(ModelName),
    Whole(WholeModel),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WholeModel {
    name: ModelName,
    platform: Option<ModelName>,
}

impl TryFrom<ModelForm> for Model {
    type Error = MalformedName;

    fn try_from(form: ModelForm) -> Result<Self, Self::Error> {
        Ok(match form {
            ModelForm::Name(name) => Self {
                name,
                platform: None,
            },
            ModelForm::Whole(WholeModel { name, platform }) => Self { name, platform },
        })
    }
}

/// Which devices a fleet lets in. All others are refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Admission {
    /// Those whose serial was imported.
    #[default]
    Known,
    /// Those that show a voucher, which is good for one device and one time.
    Voucher,
    /// Those that the operator's verifier confirms.
    Verifier,
}

impl Admission {
    /// As it travels.
    pub fn name(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Voucher => "voucher",
            Self::Verifier => "verifier",
        }
    }
}

/// Which MQTT client id a device has to have while it uses the claim certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientIdRule {
    /// Its serial.
    #[default]
    Serial,
    /// Any: for devices in the field that make theirs up.
    Any,
}

fn text_or_object<'de, D: Deserializer<'de>>(body: D) -> Result<Option<String>, D::Error> {
    Ok(match Option::<Value>::deserialize(body)? {
        None => None,
        Some(Value::String(text)) => Some(text).filter(|text| !text.is_empty()),
        Some(other) => Some(other.to_string()),
    })
}

/// What came of setting a fleet up. The misspelt names are the seed's, which its callers read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FleetAnswer {
    /// The fleet's name.
    pub template_name: FleetName,
    /// The template with which its devices rotate their certificates.
    pub rotation_template_name: String,
    /// The certificate that its devices share until each has its own.
    pub provision_claim_certificate: ClaimCertificate,
    /// The same, under the seed's name for it.
    #[serde(rename = "provisionCliamCertificate")]
    pub provision_claim_certificate_misspelt: ClaimCertificate,
    /// With Greengrass V2: what devices exchange their certificate by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_alias: Option<RoleAlias>,
    /// The same, under the seed's name for it.
    #[serde(rename = "roleAilas", skip_serializing_if = "Option::is_none")]
    pub role_alias_misspelt: Option<RoleAlias>,
    /// The bundle of each model: its key in the vault's bucket.
    #[serde(default)]
    pub bundles: Vec<Bundle>,
}

/// A fleet's claim certificate, as the vault's record of it names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimCertificate {
    /// AWS IoT's id of it.
    pub provision_claim_certificate_id: String,
    /// Its ARN.
    pub provision_claim_certificate_arn: String,
}

/// A role alias (AWS IoT, `CreateRoleAlias`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleAlias {
    /// Its name.
    pub role_alias: String,
    /// Its ARN.
    pub role_alias_arn: String,
}

/// A request for a new claim certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a JSON object"
)]
pub struct RotateClaim {
    /// The fleet.
    pub template_name: FleetName,
    /// For how long devices may still come with the old one, in hours: 0 to [`MAX_OVERLAP_HOURS`], or
    /// [`DEFAULT_OVERLAP_HOURS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap_hours: Option<i64>,
}

/// How long a claim certificate that was replaced still lets devices in, in hours, where the request names nothing: 30
/// days.
pub const DEFAULT_OVERLAP_HOURS: i64 = 720;

/// The longest that it may, in hours: a year, which is also the longest that a workflow waits.
pub const MAX_OVERLAP_HOURS: i64 = 8_640;

/// A request to take a fleet down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a JSON object"
)]
pub struct RemoveFleet {
    /// The fleet.
    pub template_name: FleetName,
    /// Whether to leave its devices what they have: their certificates, and the policy that these share. Else a fleet with
    /// devices is not taken down.
    #[serde(default)]
    pub keep_devices: bool,
}

/// What came of taking a fleet down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RemovedFleet {
    /// The fleet.
    pub template_name: FleetName,
    /// The policies that are left, since devices have them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept_policies: Vec<String>,
    /// The role alias that is left, since one of these names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_role_alias: Option<String>,
}

/// A model's bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bundle {
    /// The model; `None` in a fleet without models.
    pub model: Option<ModelName>,
    /// The file's key in the vault's bucket.
    pub key: String,
    /// Whether the edge client for the model's platform is in it.
    pub with_edge_client: bool,
}
