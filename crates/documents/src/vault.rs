//! What the vault keeps of each certificate authority, under `<prefix>/<caCertificateId>/`.

use crate::Route;
use serde::{Deserialize, Serialize};

/// A file of a CA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VaultFile {
    /// Its certificate, PEM.
    Certificate,
    /// Its public key, PEM.
    PublicKey,
    /// Its private key, if Muster made it: the ciphertext that KMS's `GenerateDataKeyPair` has answered, in binary.
    EncryptedPrivateKey,
    /// An [`AuthorityRecord`], JSON.
    Record,
    /// The certificates that the CA has taken back, an X.509 CRL in PEM. The operator puts it there.
    RevocationList,
}

impl VaultFile {
    /// All files that a CA can have, in the order in which they come: a CA's record says that those before it are there.
    pub const ALL: [Self; 5] = [
        Self::Certificate,
        Self::PublicKey,
        Self::EncryptedPrivateKey,
        Self::Record,
        Self::RevocationList,
    ];

    /// The file's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Certificate => "ca.cert.pem",
            Self::PublicKey => "ca.public_key.pem",
            Self::EncryptedPrivateKey => "ca.private_key.enc",
            Self::Record => "ca.json",
            Self::RevocationList => "ca.crl.pem",
        }
    }

    /// Where the file of a CA is, by AWS IoT's id of the CA.
    pub fn key(self, prefix: &str, ca_id: &str) -> String {
        format!("{prefix}/{ca_id}/{}", self.name())
    }
}

/// A file of a fleet's claim certificate, under `<prefix>/<certificateId>/`. The names are the seed's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimFile {
    /// The certificate, PEM.
    Certificate,
    /// Its public key, PEM.
    PublicKey,
    /// Its private key, PEM. It leaves the vault with every bundle, and is encrypted by S3 with the stack's key.
    PrivateKey,
    /// A [`ClaimCertificate`](crate::ClaimCertificate), JSON.
    Record,
}

impl ClaimFile {
    /// All of them, in the order in which they come: the record says that those before it are there.
    pub const ALL: [Self; 4] = [
        Self::Certificate,
        Self::PublicKey,
        Self::PrivateKey,
        Self::Record,
    ];

    /// The file's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Certificate => "provision_claim.cert.pem",
            Self::PublicKey => "provision_claim.public_key.pem",
            Self::PrivateKey => "provision_claim.private_key.pem",
            Self::Record => "provision-claim-certificate.json",
        }
    }

    /// Where the file of a claim certificate is, by its id.
    pub fn key(self, prefix: &str, certificate_id: &str) -> String {
        format!("{prefix}/{certificate_id}/{}", self.name())
    }
}

/// Who a CA is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorityRecord {
    /// AWS IoT's id of it.
    pub certificate_id: String,
    /// Its ARN.
    pub certificate_arn: String,
    /// The verifier that judges its devices, if one does.
    pub verifier_name: Option<String>,
    /// How its devices come in.
    pub route: Route,
    /// When it was registered, in seconds since 1970.
    pub created_at: i64,
}
