//! What registering certificate authorities needs of the world.

use crate::CloudFailure;
use muster_documents::{CaKeyType, CertificateMode, VaultFile};
use muster_pki::SerialNumber;
use secrecy::SecretSlice;
use std::future::Future;

/// A CA that is to be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAuthority {
    /// Its certificate, PEM.
    pub certificate_pem: String,
    /// What proves that its key is at hand, PEM; in mode `DEFAULT` only.
    pub verification_pem: Option<String>,
    /// How AWS IoT finds it.
    pub mode: CertificateMode,
    /// The verifier of its devices, for the tag `verifierName`.
    pub verifier_name: Option<String>,
    /// What AWS IoT itself provisions for its devices, if it does.
    pub provisioning: Option<Provisioning>,
}

/// Just-in-time provisioning, as a CA carries it (AWS IoT, `RegistrationConfig`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provisioning {
    /// The template, JSON.
    pub template: String,
    /// The role that AWS IoT takes on for it.
    pub role_arn: String,
}

/// A CA as AWS IoT has registered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredCa {
    /// AWS IoT's id of it.
    pub id: String,
    /// Its ARN.
    pub arn: String,
}

/// How registering a CA went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registration {
    /// It is registered, and inactive.
    New(RegisteredCa),
    /// It was registered before, and nothing was changed.
    AlreadyThere(RegisteredCa),
}

/// AWS IoT's certificate authorities.
pub trait AuthorityRegistry {
    /// The account's registration code in this region: 64 characters of hex.
    fn registration_code(&self) -> impl Future<Output = Result<String, CloudFailure>> + Send;
    /// Registers the CA, inactive and without auto-registration, so that it admits no device yet. It is tried once: a
    /// failure of kind `Unavailable` may leave it registered.
    fn register_ca(
        &self,
        ca: &NewAuthority,
    ) -> impl Future<Output = Result<Registration, CloudFailure>> + Send;
    /// Activates the CA with auto-registration: from now on its devices are let in. Done already is done.
    fn admit_devices(&self, ca_id: &str) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// The undo of [`register_ca`](Self::register_ca) and [`admit_devices`](Self::admit_devices): deactivates the CA and
    /// deletes it. Done already is done.
    fn discard_ca(&self, ca_id: &str) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// A CA's new key pair.
#[derive(Debug)]
pub struct SealedKeyPair {
    /// The private key in clear, PKCS#8 DER, for as long as the certificates take to make.
    pub private_key: SecretSlice<u8>,
    /// The private key's ciphertext, which is what is kept of it.
    pub sealed: Vec<u8>,
}

/// Makes CAs' keys.
pub trait AuthorityKeys {
    /// A new key pair for the CA whose certificate has, or will have, this serial number. Its ciphertext opens for that
    /// number only.
    fn make_ca_key(
        &self,
        key_type: CaKeyType,
        serial: &SerialNumber,
    ) -> impl Future<Output = Result<SealedKeyPair, CloudFailure>> + Send;
}

/// Where CAs' files are kept.
pub trait Vault {
    /// Stores a file of a CA. One of this name is replaced.
    fn store_file(
        &self,
        ca_id: &str,
        file: VaultFile,
        contents: Vec<u8>,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Removes a file of a CA. Done already is done.
    fn remove_file(
        &self,
        ca_id: &str,
        file: VaultFile,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}
