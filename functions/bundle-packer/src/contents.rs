//! The files of a bundle.

use muster_documents::bundle::{BundleConfiguration, files};
use muster_documents::{Admission, FleetSettings, ModelName};
use serde_json::json;

/// What a bundle is made of.
pub(crate) struct Contents<'a> {
    pub(crate) settings: &'a FleetSettings,
    pub(crate) model: Option<&'a ModelName>,
    pub(crate) endpoint: String,
    pub(crate) port: u16,
    pub(crate) claim_certificate: Vec<u8>,
    pub(crate) claim_private_key: Vec<u8>,
    pub(crate) root_ca: Vec<u8>,
    pub(crate) edge_client: Option<Vec<u8>>,
}

/// A file in a bundle.
pub(crate) struct File {
    pub(crate) name: &'static str,
    /// Its permissions, as Unix writes them.
    pub(crate) mode: u32,
    pub(crate) contents: Vec<u8>,
}

const PRIVATE: u32 = 0o600;
const PUBLIC: u32 = 0o644;
const PROGRAM: u32 = 0o755;

const START: &str = include_str!("start.sh");
const README: &str = include_str!("README.txt");

impl Contents<'_> {
    /// All files, in one order, so that the same contents always make the same zip.
    pub(crate) fn files(self) -> Vec<File> {
        let file = |name, mode, contents: Vec<u8>| File {
            name,
            mode,
            contents,
        };
        let configuration = BundleConfiguration {
            endpoint: self.endpoint,
            port: self.port,
            provisioning_template: self.settings.template_name.to_string(),
            rotation_template: self.settings.template_name.rotation_template(),
            model: self.model.cloned(),
        };
        let mut machine = json!({ "serial_num": "" });
        if self.settings.admission == Admission::Voucher {
            machine["voucher"] = json!("");
        }
        let pretty = |value| format!("{value:#}\n").into_bytes();
        let mut all = vec![
            file(files::README, PUBLIC, README.into()),
            file(files::START, PROGRAM, START.into()),
            file(files::CONFIGURATION, PUBLIC, pretty(json!(configuration))),
            // The voucher goes into it.
            file(files::MACHINE, PRIVATE, pretty(machine)),
            file(files::ROOT_CA, PUBLIC, self.root_ca),
            file(files::CLAIM_CERTIFICATE, PUBLIC, self.claim_certificate),
            file(files::CLAIM_PRIVATE_KEY, PRIVATE, self.claim_private_key),
        ];
        all.extend(
            self.edge_client
                .map(|program| file(files::EDGE_CLIENT, PROGRAM, program)),
        );
        all
    }
}
