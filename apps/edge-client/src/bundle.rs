//! A bundle's folder: what a device of one model is told by its files.

use crate::{FleetConfig, RunError, Source, tls};
use muster_device::Timings;
use muster_documents::bundle::{BundleConfiguration, MachineConfiguration, files};
use muster_documents::fleet_provisioning::Format;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

impl FleetConfig {
    /// Reads the bundle in this folder. `serial` stands in place of the one in its `machine_config.json`.
    ///
    /// # Errors
    /// [`RunError::File`] and [`RunError::Bundle`], which name the file that is missing or can't be used.
    pub fn from_bundle(folder: &Path, serial: Option<String>) -> Result<Self, RunError> {
        let bundle = Bundle(folder);
        let configuration: BundleConfiguration = bundle.json(files::CONFIGURATION)?;
        let machine: MachineConfiguration = bundle.json(files::MACHINE)?;
        let serial = serial.unwrap_or(machine.serial_num);
        if serial.is_empty() {
            let reason =
                "there is no serial: fill in serial_num in machine_config.json, or give --serial";
            return Err(bundle.unusable(files::MACHINE, reason));
        }
        Ok(Self {
            endpoint: configuration.endpoint,
            port: configuration.port,
            ca: bundle.certificates(files::ROOT_CA)?,
            claim_certificate: bundle.certificates(files::CLAIM_CERTIFICATE)?,
            claim_key: bundle.private_key(files::CLAIM_PRIVATE_KEY)?,
            template: configuration.provisioning_template,
            model: configuration.model.map(String::from),
            client_id: serial.clone(),
            serial,
            voucher: machine.voucher,
            format: Format::Json,
            store: folder.join(files::CREDENTIALS),
            timings: Timings::default(),
        })
    }
}

struct Bundle<'a>(&'a Path);

impl Bundle<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn text(&self, name: &str) -> Result<SecretString, RunError> {
        Source::File(self.path(name)).read()
    }

    fn unusable(&self, name: &str, reason: impl Into<String>) -> RunError {
        RunError::Bundle {
            path: self.path(name),
            reason: reason.into(),
        }
    }

    fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, RunError> {
        let text = self.text(name)?;
        // Only where it is wrong: what is there may be a voucher.
        serde_json::from_str(text.expose_secret()).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let reason = match error.classify() {
                serde_json::error::Category::Data => {
                    "a field is missing or has the wrong type; take the file of the bundle again"
                }
                _ => "it is not JSON",
            };
            self.unusable(name, format!("line {line}, column {column}: {reason}"))
        })
    }

    fn certificates(&self, name: &str) -> Result<Source, RunError> {
        let text = self.text(name)?;
        tls::certificates(text.expose_secret()).map_err(|reason| self.unusable(name, reason))?;
        Ok(Source::Text(text))
    }

    fn private_key(&self, name: &str) -> Result<Source, RunError> {
        let text = self.text(name)?;
        // The reason is left out: it comes from reading a secret.
        PrivateKeyDer::from_pem_slice(text.expose_secret().as_bytes())
            .map_err(|_| self.unusable(name, "it holds no private key in PEM"))?;
        Ok(Source::Text(text))
    }
}
