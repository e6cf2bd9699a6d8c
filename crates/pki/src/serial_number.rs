//! The number that a certificate authority gives each of its certificates (RFC 5280, section 4.1.2.2).

use std::fmt;

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData};
use sha2::{Digest, Sha256};

use crate::ca_error::CaError;

/// The bytes of the numbers that are given, which is the most that RFC 5280 allows.
const BYTES: usize = 20;

/// A certificate's serial number. `Display` shows it as OpenSSL does (`openssl x509 -serial`), though in lowercase hex.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SerialNumber(Vec<u8>);

impl SerialNumber {
    /// The number in the content of an INTEGER. Zeros in front are left away, so that a certificate and a revocation
    /// list mean the same number however each was written.
    pub(crate) fn of_integer(content: &[u8]) -> Self {
        let zeros = content.iter().take_while(|byte| **byte == 0).count();
        Self(content[zeros..].to_vec())
    }

    /// A number that no other certificate has: positive, 20 bytes, 158 of its bits random.
    ///
    /// The cryptographic library hands out random bytes as keys alone, so they are the hash of a public key whose
    /// private half nobody keeps.
    ///
    /// # Errors
    /// [`CaError::NotSigned`] where the system gives no random numbers.
    pub fn random() -> Result<Self, CaError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(CaError::NotSigned)?;
        let mut bytes = Sha256::digest(key.der_bytes()).to_vec();
        bytes.truncate(BYTES);
        if let Some(first) = bytes.first_mut() {
            // The highest bit would make it negative, the next one keeps its length.
            *first = *first & 0x7f | 0x40;
        }
        Ok(Self(bytes))
    }

    /// The number as the certificate's maker takes it.
    pub(crate) fn to_rcgen(&self) -> rcgen::SerialNumber {
        self.0.clone().into()
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => formatter.write_str("00"),
            bytes => formatter.write_str(&hex::encode(bytes)),
        }
    }
}
