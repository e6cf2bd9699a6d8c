//! Why a certificate authority's certificate cannot be issued, read or signed with.

use crate::ca_subject::SubjectError;
use crate::public_key::PublicKeyError;

/// The longest text that is read as a CA's certificate, in bytes: the most that AWS IoT's `RegisterCACertificate`
/// takes.
pub const MAX_CA_PEM_BYTES: usize = 65_536;

/// Why a CA's certificate cannot be issued, read or signed with. The sentences are for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaError {
    /// The name cannot stand in a certificate.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// The validity ends before it begins, or is not within 1950 to 9999.
    #[error("The validity has to end after it begins, and lie in the years from 1950 to 9999.")]
    Validity,
    /// None of the validity that is asked for lies in the CA's own.
    #[error("The CA's certificate is not valid in any of the time that the certificate is for.")]
    OutsideCaValidity,
    /// More than [`MAX_CA_PEM_BYTES`] of text.
    #[error("The CA certificate is too large. Its PEM may have {MAX_CA_PEM_BYTES} bytes.")]
    TooLarge,
    /// Not one well-formed X.509 certificate.
    #[error(
        "The CA certificate cannot be read. It has to be one X.509 certificate in PEM (\"BEGIN CERTIFICATE\")."
    )]
    Unreadable,
    /// More than one PEM block, a chain for example.
    #[error(
        "The text holds {0} PEM blocks. Give the CA certificate alone, without its chain or key."
    )]
    NotOne(usize),
    /// Not version 3, which alone can say that it is a CA's.
    #[error("The certificate is not of X.509 version 3, which a CA certificate has to be.")]
    NotVersion3,
    /// Its basic constraints are not there or don't say CA.
    #[error("The certificate is not a CA's: its basic constraints do not say CA:TRUE.")]
    NotCa,
    /// Its key usage leaves out signing certificates.
    #[error("The CA certificate may not sign certificates: its key usage lacks keyCertSign.")]
    MayNotSign,
    /// A key with which AWS IoT takes no CA.
    #[error(
        "The CA certificate's key is not supported: {0}. Use P-256, P-384 or RSA from 2048 bits."
    )]
    KeyUnsupported(String),
    /// It names itself as its issuer and is not signed by its own key, or in a way that is not served (SHA-1 and
    /// RSA-PSS among them).
    #[error(
        "The CA certificate's signature is not valid. A self-signed one needs ECDSA or RSA PKCS#1 over SHA-256 or SHA-384 by its own key."
    )]
    SignatureInvalid,
    /// The private key is not the certificate's.
    #[error("The private key is not the one of the CA certificate.")]
    KeyMismatch,
    /// The request's key cannot be written into a certificate: RSA without the parameters that RFC 3279 requires.
    #[error(
        "The device's public key cannot be certified: it is not in the form that RFC 3279 requires."
    )]
    DeviceKey,
    /// The cryptographic library did not sign.
    #[error("The certificate could not be signed.")]
    NotSigned(#[source] rcgen::Error),
}

impl From<PublicKeyError> for CaError {
    fn from(error: PublicKeyError) -> Self {
        match error {
            PublicKeyError::Unreadable => Self::Unreadable,
            PublicKeyError::RsaTooSmall { bits } => {
                Self::KeyUnsupported(format!("RSA of {bits} bits"))
            }
            PublicKeyError::Unsupported(name) => Self::KeyUnsupported(name),
        }
    }
}
