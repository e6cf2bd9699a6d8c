//! The private key of a certificate authority.

use std::fmt;

use rcgen::{
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, PublicKeyData,
};
use secrecy::{ExposeSecret, SecretBox, SecretSlice};
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::fingerprint::sha256_hex;
use crate::public_key;

/// Why a CA's key cannot be made or read. Says nothing of what the key holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaKeyError {
    /// The system's source of random numbers gave nothing.
    #[error("A private key could not be made: the system gives no random numbers.")]
    NotMade(#[source] rcgen::Error),
    /// Not one unencrypted PKCS#8 key of a kind that a CA may have.
    #[error(
        "The CA's private key cannot be used: it has to be P-256, P-384 or RSA of 2048 to 4096 bits, in unencrypted PKCS#8 DER with its public key."
    )]
    Unusable,
}

/// A certificate authority's private key: P-256, P-384, or RSA of 2048 to 4096 bits. It signs with SHA-384 if it is
/// P-384, else with SHA-256, and RSA with PKCS#1 v1.5 padding: AWS IoT takes all three.
///
/// `Debug` shows the public key's fingerprint and nothing else. The key's bytes are wiped when it is dropped, though
/// copies that the cryptographic library makes for its own use are not.
pub struct CaKey(SecretBox<KeyPair>);

impl CaKey {
    /// A new random P-256 key.
    ///
    /// # Errors
    /// [`CaKeyError::NotMade`].
    pub fn generate() -> Result<Self, CaKeyError> {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(CaKeyError::NotMade)?;
        Ok(Self(SecretBox::new(Box::new(pair))))
    }

    /// Reads a key in unencrypted PKCS#8 DER (RFC 5958), as KMS's `GenerateDataKeyPair` returns it in
    /// `PrivateKeyPlaintext`. A P-256 or P-384 key has to hold its public key, which RFC 5915 leaves open.
    ///
    /// # Errors
    /// [`CaKeyError::Unusable`], for keys that no CA of AWS IoT may have as well.
    pub fn from_pkcs8_der(der: &SecretSlice<u8>) -> Result<Self, CaKeyError> {
        let der = der.expose_secret().into();
        let pair = [
            &PKCS_ECDSA_P256_SHA256,
            &PKCS_ECDSA_P384_SHA384,
            &PKCS_RSA_SHA256,
        ]
        .into_iter()
        .find_map(|algorithm| KeyPair::from_pkcs8_der_and_sign_algo(&der, algorithm).ok())
        .ok_or(CaKeyError::Unusable)?;
        let key = Self(SecretBox::new(Box::new(pair)));
        // RSA is read from 2047 bits.
        let public_key = key.public_key();
        let (_, read) =
            SubjectPublicKeyInfo::from_der(&public_key).map_err(|_| CaKeyError::Unusable)?;
        public_key::check(&read).map_err(|_| CaKeyError::Unusable)?;
        Ok(key)
    }

    /// The key as PKCS#8 DER.
    pub fn pkcs8_der(&self) -> SecretSlice<u8> {
        self.pair().serialized_der().to_vec().into()
    }

    /// The DER of its `SubjectPublicKeyInfo`.
    pub(crate) fn public_key(&self) -> Vec<u8> {
        self.pair().subject_public_key_info()
    }

    pub(crate) fn pair(&self) -> &KeyPair {
        self.0.expose_secret()
    }
}

impl fmt::Debug for CaKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CaKey")
            .field("fingerprint", &sha256_hex(&self.public_key()))
            .finish_non_exhaustive()
    }
}
