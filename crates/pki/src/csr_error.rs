//! Why a certificate signing request is refused.

use crate::csr::MAX_CSR_BYTES;
use crate::public_key::PublicKeyError;

/// Why a certificate signing request is refused. The sentences are for the device's developer, and short enough to
/// travel to the device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CsrError {
    /// Not one well-formed PKCS#10 request (RFC 2986), or something beside it.
    #[error("The csr cannot be read. Send one PKCS#10 request: PEM, or its DER (base64 in text).")]
    Unreadable,
    /// More than [`MAX_CSR_BYTES`] of DER.
    #[error("The csr is too large. Its DER may have {MAX_CSR_BYTES} bytes.")]
    TooLarge,
    /// Not signed by the key that it asks a certificate for, changed since, or signed in a way that is
    /// not served (SHA-1 and RSA-PSS among them).
    #[error(
        "The csr's signature is not valid. Sign it with its own key: ECDSA or RSA PKCS#1 over SHA-256 or SHA-384."
    )]
    SignatureInvalid,
    /// An RSA key that AWS takes no certificate for.
    #[error(
        "The csr's RSA key has {bits} bits. It needs 2048 or more; P-256 is smaller and faster."
    )]
    RsaTooSmall {
        /// The modulus' length in bits.
        bits: usize,
    },
    /// A kind of key that is not served, named. At most 64 characters.
    #[error("The csr's key is of a kind that is not supported: {0}. Use P-256, P-384 or RSA.")]
    KeyUnsupported(String),
}

impl From<PublicKeyError> for CsrError {
    fn from(error: PublicKeyError) -> Self {
        match error {
            PublicKeyError::Unreadable => Self::Unreadable,
            PublicKeyError::RsaTooSmall { bits } => Self::RsaTooSmall { bits },
            PublicKeyError::Unsupported(name) => Self::KeyUnsupported(name),
        }
    }
}
