//! X.509 certificates, read for what Muster needs to know of them.

use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::fingerprint::sha256_hex;

/// Why a certificate cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not the DER of exactly one X.509 certificate.
    #[error("The certificate cannot be read: it has to be the DER of one X.509 certificate.")]
    Unreadable,
}

/// What a certificate says about its holder. Reading it proves nothing: the issuer's signature is not checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateSummary {
    /// The subject's first common name, if it has one that is text.
    pub common_name: Option<String>,
    /// The last second of its validity, in seconds since 1970-01-01T00:00:00Z.
    pub not_after_unix: i64,
    /// The lowercase hex SHA-256 of its public key (DER of the `SubjectPublicKeyInfo`), as in
    /// [`DeviceKey::fingerprint`](crate::DeviceKey::fingerprint).
    pub public_key_fingerprint: String,
}

/// The id that AWS gives a certificate: the lowercase hex SHA-256 of its DER, 64 characters.
pub fn certificate_id(der: &[u8]) -> String {
    sha256_hex(der)
}

/// Reads a certificate.
///
/// # Errors
/// [`CertificateError::Unreadable`] unless the bytes are one certificate and nothing else.
pub fn read_certificate(der: &[u8]) -> Result<CertificateSummary, CertificateError> {
    let (after, certificate) =
        X509Certificate::from_der(der).map_err(|_| CertificateError::Unreadable)?;
    if !after.is_empty() {
        return Err(CertificateError::Unreadable);
    }
    let common_name = certificate
        .subject()
        .iter_common_name()
        .next()
        .and_then(|name| name.as_str().ok())
        .map(str::to_owned);
    Ok(CertificateSummary {
        common_name,
        not_after_unix: certificate.validity().not_after.timestamp(),
        public_key_fingerprint: sha256_hex(certificate.public_key().raw),
    })
}
