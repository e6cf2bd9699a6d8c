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
}

impl VaultFile {
    /// The file's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Certificate => "ca.cert.pem",
            Self::PublicKey => "ca.public_key.pem",
            Self::EncryptedPrivateKey => "ca.private_key.enc",
            Self::Record => "ca.json",
        }
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
