//! The store's files: two slots and a delivery, each one file of PEM blocks, so that none is ever half there.

mod blocks;
mod leftovers;

use crate::{
    CredentialStore, Credentials, Disk, Held, MadeCertificate, StoreError, UnfinishedDelivery,
};
use blocks::{
    AUTHORITIES_LABEL, Blocks, ENDPOINT_LABEL, REPLACES_LABEL, SNAPSHOT_LABEL, TOKEN_LABEL,
    block_text, damaged, encode,
};
use pem::Pem;
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
/// A [`CredentialStore`] in one folder. Every write goes to a scratch file, which is synced and renamed, and then the
/// folder is synced; promotion is one rename. To forget a rotation is to write one file, after which the others count no
/// more.
#[derive(Debug)]
pub struct SlotStore<D> {
    disk: D,
}

impl<D: Disk> SlotStore<D> {
    /// Opens the store and removes what an earlier run, killed in between, left behind: a scratch file, a rotation that
    /// was to be forgotten, a certificate that is current already, or the delivery of one that was promoted or replaced.
    /// All may hold a private key.
    ///
    /// What it finds is made sure to stay: a run that was killed before its last sync has left names that are there to
    /// be read and that a loss of power would still take back, with the key that this run asks with.
    pub fn open(mut disk: D) -> Result<Self, StoreError> {
        disk.remove(SCRATCH).map_err(failed("remove", SCRATCH))?;
        disk.sync_folder()
            .map_err(failed("sync the folder of", SCRATCH))?;
        let mut store = Self { disk };
        if is_forgotten(&store.disk)? {
            store.finish_forgetting()?;
        }
        let held = store.held()?;
        if leftovers::is_promoted(&held) {
            store.remove(PENDING)?;
            store.forget_delivery()?;
        } else if leftovers::is_over(&held) {
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
        .map(|credentials| Some(credentials.at(blocks.place)))
        .map_err(|error| damaged(name, &error))
}

impl<D: Disk> CredentialStore for SlotStore<D> {
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
        if let Some(place) = credentials.place() {
            let blocks = [
                Pem::new(ENDPOINT_LABEL, place.endpoint()),
                Pem::new(AUTHORITIES_LABEL, place.authorities_pem()),
            ];
            text.extend(blocks.iter().map(encode));
        }
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

/// What to say of a file that the disk fails.
fn failed(action: &'static str, file: &'static str) -> impl FnOnce(io::Error) -> StoreError {
    move |source| StoreError::Disk {
        action,
        file: file.to_owned(),
        source,
    }
}
