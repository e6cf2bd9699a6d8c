//! A fleet's bundle, unpacked into a folder, and the devices that have it.

use crate::support::{Identity, PATIENCE, Stack};
use edge_client::{FleetConfig, Timings};
use muster_documents::bundle::files;
use muster_documents::{FleetAnswer, ModelName};
use muster_onboarding::ports::FileStore;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zip::ZipArchive;

/// The folder. Dropping it removes it.
pub struct Unpacked(tempfile::TempDir);

impl Unpacked {
    /// The bundle of a model; of the fleet, where it has no models.
    pub async fn of(stack: &Stack, fleet: &FleetAnswer, model: Option<&str>) -> Self {
        let of_model = fleet
            .bundles
            .iter()
            .find(|bundle| bundle.model.as_ref().map(ModelName::as_str) == model);
        let key = &of_model.expect("a bundle of the model").key;
        let zip = stack.target.files().unwrap().read_object(key).await;
        let zip = zip.unwrap().expect("the bundle in the vault");
        let folder = tempfile::tempdir().unwrap();
        let mut archive = ZipArchive::new(Cursor::new(zip)).unwrap();
        archive.extract(folder.path()).unwrap();
        Self(folder)
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    /// A file of it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Does what whoever sets a device up does by hand.
    pub fn fill_in(&self, serial: &str) {
        let path = self.path(files::MACHINE);
        let text = std::fs::read_to_string(&path).unwrap();
        let mut machine: serde_json::Value = serde_json::from_str(&text).unwrap();
        machine["serial_num"] = serial.into();
        std::fs::write(path, machine.to_string()).unwrap();
    }

    /// A device with this bundle and a credential store of its own, `store`.
    pub fn device(&self, serial: &str, store: &str) -> FleetConfig {
        let mut config = FleetConfig::from_bundle(self.folder(), Some(serial.to_owned())).unwrap();
        config.store = self.path(store);
        config.timings = Timings {
            request_retry: Duration::from_millis(100),
            request_retry_longest: Duration::from_millis(500),
            connect_retry: Duration::from_millis(50),
            connect_retry_longest: Duration::from_millis(500),
            give_up_after: PATIENCE,
            ..Timings::default()
        };
        config
    }

    /// The claim certificate in it.
    pub fn claim(&self) -> Identity {
        let read = |name| std::fs::read_to_string(self.path(name)).unwrap();
        Identity {
            certificate_pem: read(files::CLAIM_CERTIFICATE),
            key_pem: read(files::CLAIM_PRIVATE_KEY),
        }
    }
}
