//! The private key that a device makes for itself.

use std::fmt;

use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData,
};
use secrecy::{ExposeSecret, SecretBox, SecretSlice, SecretString};

use crate::csr::CertificateRequest;
use crate::fingerprint::sha256_hex;
use crate::pem;

/// The longest common name a request can ask for, in characters (`ub-common-name`, RFC 5280 appendix A.1).
pub const MAX_COMMON_NAME_CHARACTERS: usize = 64;

/// The label of an unencrypted PKCS#8 key (RFC 7468, section 10).
const LABEL: &str = "PRIVATE KEY";

/// Why a device's key cannot be made, read or used. Says nothing of what the key holds.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The system's source of random numbers gave nothing.
    #[error("A private key could not be made: the system gives no random numbers.")]
    NotMade(#[source] rcgen::Error),
    /// Not one PEM block with an unencrypted PKCS#8 P-256 key.
    #[error(
        "The private key cannot be read: it has to be one P-256 key in PKCS#8 PEM (\"BEGIN PRIVATE KEY\")."
    )]
    Unreadable,
    /// The request's common name is empty or longer than [`MAX_COMMON_NAME_CHARACTERS`].
    #[error(
        "The common name has {characters} characters; a certificate's can have 1 to {MAX_COMMON_NAME_CHARACTERS}."
    )]
    CommonNameLength {
        /// The characters it has.
        characters: usize,
    },
    /// The request could not be signed.
    #[error("The certificate signing request could not be signed.")]
    NotSigned(#[source] rcgen::Error),
}

/// A device's P-256 private key.
///
/// `Debug` shows the public key's fingerprint and nothing else. The key's bytes are wiped when it is dropped, though
/// copies that the cryptographic library makes for its own use are not.
pub struct DeviceKey(SecretBox<KeyPair>);

impl DeviceKey {
    /// A new random key.
    ///
    /// # Errors
    /// [`KeyError::NotMade`].
    pub fn generate() -> Result<Self, KeyError> {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(KeyError::NotMade)?;
        Ok(Self(SecretBox::new(Box::new(pair))))
    }

    /// Reads a key in unencrypted PKCS#8 PEM, as [`pem`](Self::pem) or `openssl genpkey` writes it.
    ///
    /// # Errors
    /// [`KeyError::Unreadable`], for other kinds of keys as well.
    pub fn from_pem(pem: &SecretString) -> Result<Self, KeyError> {
        let block = pem::block(pem.expose_secret()).map_err(|_| KeyError::Unreadable)?;
        let labelled = block.tag() == LABEL;
        let der = SecretSlice::from(block.into_contents());
        if !labelled {
            return Err(KeyError::Unreadable);
        }
        let pair = KeyPair::from_pkcs8_der_and_sign_algo(
            &der.expose_secret().into(),
            &PKCS_ECDSA_P256_SHA256,
        )
        .map_err(|_| KeyError::Unreadable)?;
        Ok(Self(SecretBox::new(Box::new(pair))))
    }

    /// The key as PKCS#8 PEM with LF line ends.
    pub fn pem(&self) -> SecretString {
        pem::der_to_pem(LABEL, self.pair().serialized_der()).into()
    }

    /// The key as PKCS#8 DER, which TLS libraries take (`PrivatePkcs8KeyDer` in rustls).
    pub fn pkcs8_der(&self) -> SecretSlice<u8> {
        self.pair().serialized_der().to_vec().into()
    }

    /// A certificate signing request: the common name, this key, its signature (ECDSA over SHA-256), and
    /// nothing else, so that it fits small packets: at most 201 bytes and the name's, two more when an ASCII name is long.
    ///
    /// # Errors
    /// [`KeyError::CommonNameLength`] and [`KeyError::NotSigned`].
    pub fn csr(&self, common_name: &str) -> Result<CertificateRequest, KeyError> {
        let characters = common_name.chars().count();
        if !(1..=MAX_COMMON_NAME_CHARACTERS).contains(&characters) {
            return Err(KeyError::CommonNameLength { characters });
        }
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, common_name);
        let request = params
            .serialize_request(self.pair())
            .map_err(KeyError::NotSigned)?;
        Ok(CertificateRequest::own(
            request.der().to_vec(),
            self.fingerprint(),
        ))
    }

    /// The public key as PEM (`BEGIN PUBLIC KEY`, RFC 7468, section 13) with LF line ends.
    pub fn public_key_pem(&self) -> String {
        pem::der_to_pem("PUBLIC KEY", &self.pair().subject_public_key_info())
    }

    /// The lowercase hex SHA-256 of the public key (DER of its `SubjectPublicKeyInfo`). A certificate with the same
    /// fingerprint is this key's.
    pub fn fingerprint(&self) -> String {
        sha256_hex(&self.pair().subject_public_key_info())
    }

    pub(crate) fn pair(&self) -> &KeyPair {
        self.0.expose_secret()
    }
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DeviceKey")
            .field("fingerprint", &self.fingerprint())
            .finish_non_exhaustive()
    }
}
