//! X.509 certificates, read for what Muster needs to know of them.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::oid_registry::OID_X509_EXT_BASIC_CONSTRAINTS;
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::ca_certificate::CaCertificate;
use crate::fingerprint::sha256_hex;
use crate::serial_number::SerialNumber;
use crate::signature;

/// Why a certificate cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not the DER of exactly one X.509 certificate.
    #[error("The certificate cannot be read: it has to be the DER of one X.509 certificate.")]
    Unreadable,
}

/// What a certificate says about its holder. Reading it proves nothing: whose signature it has is to be asked with
/// [`issued_by`](Self::issued_by). The texts are the certificate's own, of any length and with any characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateSummary {
    /// The subject's first common name, if it has one that is text.
    pub common_name: Option<String>,
    /// How many common names the subject has, those that are no text among them.
    pub common_names: usize,
    /// The first second of its validity, in seconds since 1970-01-01T00:00:00Z.
    pub not_before_unix: i64,
    /// The last second of its validity, in seconds since 1970-01-01T00:00:00Z.
    pub not_after_unix: i64,
    /// The number that its issuer gave it.
    pub serial: SerialNumber,
    /// Whether it is a certificate authority's by its basic constraints. Constraints that cannot be read count as well,
    /// since somebody might read them that way.
    pub is_ca: bool,
    /// The lowercase hex SHA-256 of its public key (DER of the `SubjectPublicKeyInfo`), as in
    /// [`DeviceKey::fingerprint`](crate::DeviceKey::fingerprint).
    pub public_key_fingerprint: String,
    der: Vec<u8>,
    issuer: Vec<u8>,
}

impl CertificateSummary {
    /// Whether the CA has issued this certificate: it is the issuer by name, byte for byte, and the signature is its
    /// key's. Whether either is valid at this time, or was taken back, is not looked at.
    pub fn issued_by(&self, ca: &CaCertificate) -> bool {
        self.issuer == ca.subject
            && SubjectPublicKeyInfo::from_der(&ca.public_key)
                .is_ok_and(|(_, key)| signature::is_from_issuer(&key, &self.der))
    }
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
    let mut common_names = certificate.subject().iter_common_name().peekable();
    let common_name = common_names
        .peek()
        .and_then(|name| name.as_str().ok())
        .map(str::to_owned);
    let validity = certificate.validity();
    Ok(CertificateSummary {
        common_name,
        common_names: common_names.count(),
        not_before_unix: validity.not_before.timestamp(),
        not_after_unix: validity.not_after.timestamp(),
        serial: SerialNumber::of_integer(certificate.raw_serial()),
        is_ca: may_be_ca(&certificate),
        public_key_fingerprint: sha256_hex(certificate.public_key().raw),
        der: der.to_vec(),
        issuer: certificate.issuer().as_raw().to_vec(),
    })
}

fn may_be_ca(certificate: &X509Certificate<'_>) -> bool {
    let Ok(found) = certificate.get_extension_unique(&OID_X509_EXT_BASIC_CONSTRAINTS) else {
        return true;
    };
    found.is_some_and(|extension| match extension.parsed_extension() {
        ParsedExtension::BasicConstraints(constraints) => constraints.ca,
        _ => true,
    })
}
