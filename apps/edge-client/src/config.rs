//! What one device is told.

use crate::RunError;
use muster_chunking::DEFAULT_PACKET_SIZE;
use muster_device::Timings;
use muster_documents::{DEFAULT_ROTATION_PREFIX, Mode};
use secrecy::SecretString;
use std::path::PathBuf;

/// Everything that one device needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// The endpoint's host name, which its certificate has to be for.
    pub endpoint: String,
    /// The endpoint's MQTT port: 8883, or 443 (with ALPN, which only AWS wants).
    pub port: u16,
    /// The certificates of the authorities that the endpoint's certificate may come from, PEM.
    pub ca: Source,
    /// The claim certificate, PEM.
    pub claim_certificate: Source,
    /// The claim certificate's private key, PEM (PKCS#8, PKCS#1 or SEC1).
    pub claim_key: Source,
    /// The MQTT client id of the connection with the claim certificate.
    pub client_id: String,
    /// The serial, which becomes the thing's name; the client id where it is left out.
    pub serial: Option<String>,
    /// How the certificate travels.
    pub mode: Mode,
    /// The first part of the topics: `provision`.
    pub prefix: String,
    /// The first part of the topics on which the device replaces its certificate: `rotate`.
    pub rotation_prefix: String,
    /// The largest PUBLISH packet in bytes, 128 to 4096. In chunked mode a larger one ends the run.
    pub packet_size: usize,
    /// The folder for the device's own credentials. Made if it isn't there.
    pub store: PathBuf,
    /// How long to wait for what.
    pub timings: Timings,
}

impl Config {
    /// A device in chunked mode with packets of 256 bytes, the prefixes `provision` and `rotate`, and the timings of the
    /// field.
    pub fn new(
        (endpoint, port): (&str, u16),
        ca: Source,
        (claim_certificate, claim_key): (Source, Source),
        client_id: &str,
        store: impl Into<PathBuf>,
    ) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            port,
            ca,
            claim_certificate,
            claim_key,
            client_id: client_id.to_owned(),
            serial: None,
            mode: Mode::Chunked,
            prefix: "provision".into(),
            rotation_prefix: DEFAULT_ROTATION_PREFIX.into(),
            packet_size: DEFAULT_PACKET_SIZE,
            store: store.into(),
            timings: Timings::default(),
        }
    }
}

/// A PEM text, or the file that it is in.
#[derive(Debug, Clone)]
pub enum Source {
    /// The file.
    File(PathBuf),
    /// The text itself. `Debug` doesn't show it.
    Text(SecretString),
}

impl Source {
    /// Reads it.
    ///
    /// # Errors
    /// [`RunError::File`].
    pub fn read(&self) -> Result<SecretString, RunError> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::File(path) => std::fs::read_to_string(path)
                .map(SecretString::from)
                .map_err(|source| RunError::File {
                    path: path.clone(),
                    source,
                }),
        }
    }
}

impl From<PathBuf> for Source {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

impl From<String> for Source {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}
