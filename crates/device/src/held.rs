//! What a device holds between two starts, and the store that keeps it.

use crate::Credentials;
use muster_chunking::{MAX_CERTIFICATE, Reassembler};
use secrecy::SecretString;
use std::io;

/// Everything that a device has kept of its own. The claim certificate is not in here: it is given, and shared.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// The certificate that has worked.
    pub current: Option<Credentials>,
    /// A new certificate, complete, that has not worked yet.
    pub pending: Option<Credentials>,
    /// A delivery that was under way, kept until its certificate has worked: should that one turn out to be
    /// revoked, the same key asks again.
    pub delivery: Option<UnfinishedDelivery>,
}

impl Held {
    /// The id of the certificate that has worked.
    pub fn current_id(&self) -> Option<String> {
        self.current.as_ref().map(Credentials::certificate_id)
    }
}

/// A delivery under way: the key that asked for it, and what has come so far.
#[derive(Debug, Clone)]
pub struct UnfinishedDelivery {
    /// The private key, PEM: the device's own, or one that the cloud made with the certificate. In claim provisioning
    /// a repeated request with the same key gets the same certificate.
    pub private_key_pem: SecretString,
    /// The reassembler's snapshot; empty before anything came.
    pub snapshot: Vec<u8>,
    /// In fleet provisioning: the certificate that was made for this key, once it has come.
    pub made: Option<MadeCertificate>,
    /// In a rotation: the id of the certificate that is to be replaced. A first certificate replaces none. The two
    /// are asked for on other topics, so neither goes on with what the other has kept.
    pub replaces: Option<String>,
}

/// A certificate that AWS IoT has made and that no thing has yet. It is deleted with its token, after an hour.
#[derive(Debug, Clone)]
pub struct MadeCertificate {
    /// The certificate, PEM.
    pub certificate_pem: String,
    /// What proves that it was made for this device (`certificateOwnershipToken`).
    pub ownership_token: SecretString,
}

impl UnfinishedDelivery {
    /// A key, and nothing that has come for it.
    pub fn new(private_key_pem: SecretString) -> Self {
        Self {
            private_key_pem,
            snapshot: Vec::new(),
            made: None,
            replaces: None,
        }
    }

    /// The certificate that was made for this key, with the key.
    pub fn credentials(&self) -> Option<Credentials> {
        let made = self.made.as_ref()?;
        Credentials::unmatched(&made.certificate_pem, self.private_key_pem.clone()).ok()
    }

    /// How many chunks are here, and of how many; `None` before the manifest came.
    pub fn chunks(&self) -> Option<(usize, usize)> {
        let reassembler = Reassembler::<MAX_CERTIFICATE>::restore(&self.snapshot).ok()?;
        let count = usize::from(reassembler.manifest()?.count());
        Some((count - reassembler.missing()?.len(), count))
    }
}

/// Why the store failed. Nothing that was held is lost by it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk refused an operation.
    #[error("could not {action} {file} in the credential store")]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On which file.
        file: String,
        /// What the disk said.
        #[source]
        source: io::Error,
    },
    /// A file is there but was changed by something else, since it was written whole.
    #[error(
        "{file} in the credential store can't be read ({reason}); restore it, or remove it to start over"
    )]
    Damaged {
        /// The file's name.
        file: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A promotion was asked for, but nothing is pending.
    #[error("there is no pending certificate to promote")]
    NothingPending,
}

/// Where a device keeps its own credentials: new beside old, promoted once the new has worked.
///
/// Each write is whole or has not happened, whenever the device is killed.
pub trait CredentialStore {
    /// What is held at this moment.
    fn held(&self) -> Result<Held, StoreError>;

    /// Keeps a delivery that is under way, replacing an earlier one.
    fn keep_delivery(&mut self, delivery: &UnfinishedDelivery) -> Result<(), StoreError>;

    /// Keeps a new certificate beside the current one.
    fn keep_pending(&mut self, credentials: &Credentials) -> Result<(), StoreError>;

    /// Makes the pending certificate the current one, and forgets the delivery that it came in.
    fn promote(&mut self) -> Result<(), StoreError>;

    /// Forgets the delivery and the pending certificate of a rotation that is over. The current one stays.
    fn forget_rotation(&mut self) -> Result<(), StoreError>;
}
