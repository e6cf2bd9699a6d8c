//! The PEM blocks of one file.

use super::failed;
use crate::{Disk, Place, StoreError};
use pem::{EncodeConfig, LineEnding, Pem};
use secrecy::SecretString;

/// The label of the block that holds a reassembler's snapshot.
pub(super) const SNAPSHOT_LABEL: &str = "MUSTER DELIVERY";
/// The label of the block that holds a made certificate's ownership token.
pub(super) const TOKEN_LABEL: &str = "MUSTER OWNERSHIP TOKEN";
/// The label of the block that holds the id of the certificate that a rotation replaces.
pub(super) const REPLACES_LABEL: &str = "MUSTER ROTATION";

/// The label of the block that holds the endpoint where a certificate is used, `host:port`.
pub(super) const ENDPOINT_LABEL: &str = "MUSTER ENDPOINT";
/// The label of the block that holds the authorities of that endpoint, as a PEM text: as blocks of their own whoever reads
/// the file would take them for the certificate's chain.
pub(super) const AUTHORITIES_LABEL: &str = "MUSTER AUTHORITIES";

/// What one file holds.
pub(super) struct Blocks {
    pub(super) key: SecretString,
    pub(super) certificate: Option<String>,
    pub(super) snapshot: Vec<u8>,
    pub(super) token: Option<SecretString>,
    pub(super) replaces: Option<String>,
    pub(super) place: Option<Place>,
}

impl Blocks {
    pub(super) fn load(disk: &impl Disk, name: &'static str) -> Result<Option<Self>, StoreError> {
        let contents = disk.read(name).map_err(failed("read", name))?;
        contents
            .map(|contents| Self::read(name, &contents))
            .transpose()
    }

    fn read(name: &'static str, contents: &[u8]) -> Result<Self, StoreError> {
        let mut key = None;
        let mut certificate = None;
        let mut snapshot = Vec::new();
        let mut token = None;
        let mut replaces = None;
        let mut endpoint = None;
        let mut authorities = None;
        for block in pem::parse_many(contents).map_err(|_| damaged(name, &"it is not PEM"))? {
            match block.tag() {
                "CERTIFICATE" => certificate = Some(encode(&block)),
                SNAPSHOT_LABEL => snapshot = block.into_contents(),
                TOKEN_LABEL => {
                    token = String::from_utf8(block.into_contents())
                        .ok()
                        .map(SecretString::from);
                }
                REPLACES_LABEL => replaces = String::from_utf8(block.into_contents()).ok(),
                ENDPOINT_LABEL => endpoint = Some(block.into_contents()),
                AUTHORITIES_LABEL => authorities = Some(block.into_contents()),
                tag if tag.ends_with("PRIVATE KEY") => {
                    key = Some(SecretString::from(encode(&block)));
                }
                _ => {}
            }
        }
        let place = endpoint
            .zip(authorities)
            .map(|(endpoint, authorities)| {
                let endpoint = String::from_utf8_lossy(&endpoint);
                Place::new(&endpoint, &String::from_utf8_lossy(&authorities))
            })
            .transpose()
            .map_err(|error| damaged(name, &error))?;
        let key = key.ok_or_else(|| damaged(name, &"no private key"))?;
        Ok(Self {
            key,
            certificate,
            snapshot,
            token,
            replaces,
            place,
        })
    }
}

/// PEM as it is written everywhere in Muster: LF line ends.
pub(super) fn encode(block: &Pem) -> String {
    pem::encode_config(block, EncodeConfig::new().set_line_ending(LineEnding::LF))
}

/// A PEM text that is sure to end its last line, so that another block can follow.
pub(super) fn block_text(pem: &str) -> String {
    format!("{}\n", pem.trim_end())
}

pub(super) fn damaged(file: &'static str, reason: &dyn ToString) -> StoreError {
    StoreError::Damaged {
        file,
        reason: reason.to_string(),
    }
}
