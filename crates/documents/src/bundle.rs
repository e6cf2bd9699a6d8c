//! What lies in a bundle: all that a device of one model needs to get a certificate of its own, in one folder.

use crate::{FleetName, ModelName};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};

/// The files of a bundle.
pub mod files {
    /// A [`BundleConfiguration`](super::BundleConfiguration).
    pub const CONFIGURATION: &str = "config.json";
    /// A [`MachineConfiguration`](super::MachineConfiguration), which whoever sets the device up fills in.
    pub const MACHINE: &str = "machine_config.json";
    /// The claim certificate, PEM.
    pub const CLAIM_CERTIFICATE: &str = "claim.cert.pem";
    /// Its private key, PEM.
    pub const CLAIM_PRIVATE_KEY: &str = "claim.key.pem";
    /// Whom the endpoint's certificate may come from, PEM.
    pub const ROOT_CA: &str = "root.ca.pem";
    /// What starts it all.
    pub const START: &str = "start.sh";
    /// The program, where it was built for the model's platform.
    pub const EDGE_CLIENT: &str = "edge-client";
    /// What to do, for a person.
    pub const README: &str = "README.txt";
    /// The folder of the device's own credentials, which the first start makes.
    pub const CREDENTIALS: &str = "credentials";
}

/// `config.json`: where to connect, and as what. Fields that a later version adds are passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BundleConfiguration {
    /// The endpoint's host name.
    pub endpoint: String,
    /// The endpoint's MQTT port.
    pub port: u16,
    /// The provisioning template, which is the fleet.
    pub provisioning_template: String,
    /// The template for the rotation of certificates.
    pub rotation_template: String,
    /// The device's model; `None` in a fleet without models.
    pub model: Option<ModelName>,
}

/// `machine_config.json`: who this one device is. `serial_num` is the seed's name.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct MachineConfiguration {
    /// The serial, which becomes the thing's name. Empty until somebody has filled it in.
    #[serde(default)]
    pub serial_num: String,
    /// The voucher, in fleets that ask for one. An empty one is none.
    #[serde(default, deserialize_with = "secret")]
    pub voucher: Option<SecretString>,
}

/// Reads a text that nobody is to see. An empty one is none.
pub(crate) fn secret<'de, D: Deserializer<'de>>(text: D) -> Result<Option<SecretString>, D::Error> {
    let text = Option::<String>::deserialize(text)?;
    Ok(text.filter(|text| !text.is_empty()).map(SecretString::from))
}

/// Amazon Root CA 1, PEM: what the certificates of AWS IoT's endpoints come from (AWS IoT developer guide, "Server
/// authentication").
pub const AMAZON_ROOT_CA: &str = include_str!("amazon_root_ca_1.pem");

/// The folder of all bundles in the vault's bucket.
pub const BUNDLES: &str = "bundles";

/// Whom endpoints' certificates may come from where it is not Amazon, PEM: the key of a file that an operator puts into
/// the vault's bucket.
pub const OWN_ROOT_CA: &str = "clients/root.ca.pem";

/// What the keys of a fleet's bundles begin with.
pub fn folder(fleet: &FleetName) -> String {
    format!("{BUNDLES}/{fleet}/")
}

/// The key of a model's bundle; of the only one, where a fleet has no models.
pub fn key(fleet: &FleetName, model: Option<&ModelName>) -> String {
    let name = model.map_or(fleet.as_str(), ModelName::as_str);
    format!("{}{name}.zip", folder(fleet))
}

/// The key of the edge client that was built for a platform.
pub fn edge_client_key(platform: &ModelName) -> String {
    format!("clients/{platform}/{}", files::EDGE_CLIENT)
}
