//! What a device with a token is told.

use super::secret::secret;
use super::{Chunks, Patience, Rotation};
use clap::Args;
use edge_client::{RunError, Source, VendConfig};
use std::path::PathBuf;

#[derive(Args)]
#[expect(clippy::doc_markdown, reason = "--help shows it as it stands")]
pub(crate) struct Vend {
    #[command(flatten)]
    pub(crate) rotation: Rotation,
    /// Asks for another certificate with another token, and ends. The old one stays until the new one has worked.
    #[arg(long, conflicts_with_all = ["rotate", "stay"])]
    pub(crate) again: bool,
    /// The address of the stack's API for devices, https://HOST/v1. http:// is taken for this machine only.
    #[arg(long, env = "MUSTER_API_URL", value_name = "URL")]
    url: String,
    /// The file with the certificates of the authorities that the API's certificate may come from (PEM) [default: those
    /// that browsers trust].
    #[arg(long, env = "MUSTER_API_CA", value_name = "FILE")]
    api_ca: Option<PathBuf>,
    /// The serial, which becomes the thing's name and is the MQTT client id.
    #[arg(long, env = "MUSTER_SERIAL")]
    serial: String,
    /// The file with the device's token. The environment variable MUSTER_TOKEN may hold the token itself. A device that
    /// has a certificate needs none.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The file with the API key, where the API asks for one beside the token. The environment variable MUSTER_API_KEY may
    /// hold the key itself.
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,
    /// Lets the cloud make the key and send it: only for devices that can't make keys. Such a device has no rotation.
    #[arg(long, env = "MUSTER_CLOUD_KEY", conflicts_with_all = ["rotate", "stay"])]
    cloud_key: bool,
    /// The file with the certificates of the authorities that the MQTT endpoint's certificate may come from (PEM)
    /// [default: what comes with the device's certificate].
    #[arg(long, env = "MUSTER_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
    #[command(flatten)]
    chunks: Chunks,
    /// The folder for the device's own credentials. Made if it isn't there.
    #[arg(long, env = "MUSTER_STORE", value_name = "DIR")]
    store: PathBuf,
    #[command(flatten)]
    patience: Patience,
    /// Writes each step as a line of JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Vend {
    /// Reads token and API key.
    pub(crate) fn config(self) -> Result<VendConfig, RunError> {
        Ok(VendConfig {
            api_url: self.url,
            api_ca: self.api_ca.map(Source::File),
            token: secret(self.token_file, "MUSTER_TOKEN", "token")?,
            api_key: secret(self.api_key_file, "MUSTER_API_KEY", "API key")?,
            serial: self.serial,
            key_of_the_cloud: self.cloud_key,
            ca: self.ca.map(Source::File),
            rotation_prefix: self.chunks.rotation_prefix,
            packet_size: self.chunks.packet_size,
            store: self.store,
            timings: self.patience.timings(),
        })
    }
}
