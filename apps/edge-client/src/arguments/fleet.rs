//! What a device of a fleet is told.

use super::secret::secret;
use super::{Patience, Rotation};
use clap::Args;
use edge_client::{FleetConfig, Format, RunError};
use std::path::PathBuf;

#[derive(Args)]
#[expect(clippy::doc_markdown, reason = "--help shows it as it stands")]
pub(crate) struct Fleet {
    #[command(flatten)]
    pub(crate) rotation: Rotation,
    /// The bundle's folder, with config.json, machine_config.json, claim.cert.pem, claim.key.pem and root.ca.pem.
    #[arg(long, env = "MUSTER_BUNDLE", value_name = "DIR")]
    bundle: PathBuf,
    /// The serial, which becomes the thing's name [default: serial_num in machine_config.json].
    #[arg(long, env = "MUSTER_SERIAL")]
    serial: Option<String>,
    /// The file with the device's voucher [default: voucher in machine_config.json]. The environment variable
    /// MUSTER_VOUCHER may hold the voucher itself.
    #[arg(long, value_name = "FILE")]
    voucher_file: Option<PathBuf>,
    /// The MQTT client id while the claim certificate is used [default: the serial].
    #[arg(long, env = "MUSTER_CLIENT_ID", value_name = "ID")]
    client_id: Option<String>,
    /// The folder for the device's own credentials [default: credentials in the bundle's folder]. Made if it isn't
    /// there.
    #[arg(long, env = "MUSTER_STORE", value_name = "DIR")]
    store: Option<PathBuf>,
    /// Writes and reads CBOR in place of JSON.
    #[arg(long, env = "MUSTER_CBOR")]
    cbor: bool,
    #[command(flatten)]
    patience: Patience,
    /// Writes each step as a line of JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Fleet {
    /// Reads the bundle and what stands beside it.
    pub(crate) fn config(self) -> Result<FleetConfig, RunError> {
        let mut config = FleetConfig::from_bundle(&self.bundle, self.serial)?;
        config.timings = self.patience.timings();
        if let Some(client_id) = self.client_id {
            config.client_id = client_id;
        }
        if let Some(store) = self.store {
            config.store = store;
        }
        if self.cbor {
            config.format = Format::Cbor;
        }
        if let Some(voucher) = secret(self.voucher_file, "MUSTER_VOUCHER", "voucher")? {
            config.voucher = Some(voucher);
        }
        Ok(config)
    }
}
