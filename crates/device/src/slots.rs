//! The store's files: two slots and a delivery, each one file of PEM blocks, so that none is ever half there.

use crate::{
    CredentialStore, Credentials, Disk, Held, MadeCertificate, StoreError, UnfinishedDelivery,
};
use pem::{EncodeConfig, LineEnding, Pem};
use secrecy::{ExposeSecret, SecretString};
use std::io;

/// The certificate that has worked and its key, as OpenSSL, curl and others take them.
const CURRENT: &str = "current.pem";
/// The new one, in the same form.
const PENDING: &str = "pending.pem";
/// The delivery under way: the key, and what has come.
const DELIVERY: &str = "delivery.pem";
/// Where every file is written first.
const SCRATCH: &str = "scratch.tmp";
/// As long as it is there, the pending certificate and the delivery are to be removed, and so count no more.
const FORGOTTEN: &str = "forgotten.tmp";
/// The label of the block that holds a reassembler's snapshot.
const SNAPSHOT_LABEL: &str = "MUSTER DELIVERY";
/// The label of the block that holds a made certificate's ownership token.
const TOKEN_LABEL: &str = "MUSTER OWNERSHIP TOKEN";
/// The label of the block that holds the id of the certificate that a rotation replaces.
const REPLACES_LABEL: &str = "MUSTER ROTATION";

/// A [`CredentialStore`] in one folder. Every write goes to a scratch file, which is synced and renamed, and then the
/// folder is synced; promotion is one rename. To forget a rotation is to write one file, after which the others count no
/// more.
#[derive(Debug)]
pub struct SlotStore<D> {
    disk: D,
    claim: Credentials,
}

impl<D: Disk> SlotStore<D> {
    /// Opens the store and removes what an earlier run, killed in between, left behind: a scratch file, a rotation that
    /// was to be forgotten, or the delivery of a certificate that was already promoted or replaced. All may hold a
    /// private key.
    ///
    /// What it finds is made sure to stay: a run that was killed before its last sync has left names that are there to
    /// be read and that a loss of power would still take back, with the key that this run asks with.
    pub fn open(mut disk: D, claim: Credentials) -> Result<Self, StoreError> {
        disk.remove(SCRATCH).map_err(failed("remove", SCRATCH))?;
        disk.sync_folder()
            .map_err(failed("sync the folder of", SCRATCH))?;
        let mut store = Self { disk, claim };
        if is_forgotten(&store.disk)? {
            store.finish_forgetting()?;
        }
        let held = store.held()?;
        let promoted = held.pending.is_none()
            && held
                .current
                .as_ref()
                .zip(held.delivery.as_ref())
                .is_some_and(|(current, delivery)| {
                    current.private_key_pem().expose_secret()
                        == delivery.private_key_pem.expose_secret()
                });
        if promoted || is_outdated(&held) {
            store.forget_delivery()?;
        }
        Ok(store)
    }

    fn replace(&mut self, name: &'static str, contents: &str) -> Result<(), StoreError> {
        self.disk
            .write(SCRATCH, contents.as_bytes())
            .map_err(failed("write", name))?;
        self.disk.sync(SCRATCH).map_err(failed("sync", name))?;
        self.disk
            .rename(SCRATCH, name)
            .map_err(failed("rename", name))?;
        self.disk
            .sync_folder()
            .map_err(failed("sync the folder of", name))
    }

    fn forget_delivery(&mut self) -> Result<(), StoreError> {
        self.remove(DELIVERY)?;
        self.disk
            .sync_folder()
            .map_err(failed("sync the folder of", DELIVERY))
    }

    /// The mark goes last: killed in between, the next run goes on from it.
    fn finish_forgetting(&mut self) -> Result<(), StoreError> {
        self.remove(PENDING)?;
        self.forget_delivery()?;
        self.remove(FORGOTTEN)?;
        self.disk
            .sync_folder()
            .map_err(failed("sync the folder of", FORGOTTEN))
    }

    fn remove(&mut self, name: &'static str) -> Result<(), StoreError> {
        self.disk.remove(name).map_err(failed("remove", name))
    }
}

/// Whether the delivery is of a rotation that replaced another certificate than the one that is current now.
fn is_outdated(held: &Held) -> bool {
    let replaces = held
        .delivery
        .as_ref()
        .and_then(|delivery| delivery.replaces.as_ref());
    replaces.is_some() && replaces != held.current_id().as_ref()
}

fn is_forgotten(disk: &impl Disk) -> Result<bool, StoreError> {
    let mark = disk.read(FORGOTTEN).map_err(failed("read", FORGOTTEN))?;
    Ok(mark.is_some())
}

/// What the slots on this disk hold, for whoever only wants to look.
pub fn read_slots(disk: &impl Disk) -> Result<Held, StoreError> {
    let current = slot(disk, CURRENT)?;
    if is_forgotten(disk)? {
        return Ok(Held {
            current,
            ..Held::default()
        });
    }
    let delivery = Blocks::load(disk, DELIVERY)?.map(|blocks| UnfinishedDelivery {
        private_key_pem: blocks.key,
        snapshot: blocks.snapshot,
        made: blocks
            .certificate
            .zip(blocks.token)
            .map(|(certificate_pem, ownership_token)| MadeCertificate {
                certificate_pem,
                ownership_token,
            }),
        replaces: blocks.replaces,
    });
    Ok(Held {
        current,
        pending: slot(disk, PENDING)?,
        delivery,
    })
}

fn slot(disk: &impl Disk, name: &'static str) -> Result<Option<Credentials>, StoreError> {
    let Some(blocks) = Blocks::load(disk, name)? else {
        return Ok(None);
    };
    let certificate = blocks
        .certificate
        .ok_or_else(|| damaged(name, &"no certificate"))?;
    Credentials::unmatched(&certificate, blocks.key)
        .map(Some)
        .map_err(|error| damaged(name, &error))
}

impl<D: Disk> CredentialStore for SlotStore<D> {
    fn claim(&self) -> &Credentials {
        &self.claim
    }

    fn held(&self) -> Result<Held, StoreError> {
        read_slots(&self.disk)
    }

    fn keep_delivery(&mut self, delivery: &UnfinishedDelivery) -> Result<(), StoreError> {
        let mut text = block_text(delivery.private_key_pem.expose_secret());
        text.push_str(&encode(&Pem::new(
            SNAPSHOT_LABEL,
            delivery.snapshot.as_slice(),
        )));
        if let Some(made) = &delivery.made {
            text.push_str(&block_text(&made.certificate_pem));
            text.push_str(&encode(&Pem::new(
                TOKEN_LABEL,
                made.ownership_token.expose_secret().as_bytes(),
            )));
        }
        if let Some(id) = &delivery.replaces {
            text.push_str(&encode(&Pem::new(REPLACES_LABEL, id.as_bytes())));
        }
        let text = SecretString::from(text);
        self.replace(DELIVERY, text.expose_secret())
    }

    fn keep_pending(&mut self, credentials: &Credentials) -> Result<(), StoreError> {
        let mut text = block_text(credentials.private_key_pem().expose_secret());
        text.push_str(&block_text(credentials.certificate_pem()));
        let text = SecretString::from(text);
        self.replace(PENDING, text.expose_secret())
    }

    fn promote(&mut self) -> Result<(), StoreError> {
        match self.disk.rename(PENDING, CURRENT) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::NothingPending);
            }
            result => result.map_err(failed("rename", PENDING))?,
        }
        self.disk
            .sync_folder()
            .map_err(failed("sync the folder of", CURRENT))?;
        self.forget_delivery()
    }

    fn forget_rotation(&mut self) -> Result<(), StoreError> {
        self.replace(
            FORGOTTEN,
            "pending.pem and delivery.pem are to be removed\n",
        )?;
        self.finish_forgetting()
    }
}

/// What one file holds.
struct Blocks {
    key: SecretString,
    certificate: Option<String>,
    snapshot: Vec<u8>,
    token: Option<SecretString>,
    replaces: Option<String>,
}

impl Blocks {
    fn load(disk: &impl Disk, name: &'static str) -> Result<Option<Self>, StoreError> {
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
                tag if tag.ends_with("PRIVATE KEY") => {
                    key = Some(SecretString::from(encode(&block)));
                }
                _ => {}
            }
        }
        let key = key.ok_or_else(|| damaged(name, &"no private key"))?;
        Ok(Self {
            key,
            certificate,
            snapshot,
            token,
            replaces,
        })
    }
}

/// PEM as it is written everywhere in Muster: LF line ends.
fn encode(block: &Pem) -> String {
    pem::encode_config(block, EncodeConfig::new().set_line_ending(LineEnding::LF))
}

/// A PEM text that is sure to end its last line, so that another block can follow.
fn block_text(pem: &str) -> String {
    format!("{}\n", pem.trim_end())
}

fn damaged(file: &'static str, reason: &dyn ToString) -> StoreError {
    StoreError::Damaged {
        file,
        reason: reason.to_string(),
    }
}

fn failed(action: &'static str, file: &'static str) -> impl FnOnce(io::Error) -> StoreError {
    move |source| StoreError::Disk {
        action,
        file: file.to_owned(),
        source,
    }
}
