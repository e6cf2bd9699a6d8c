//! Whether a request is signed by the key that it asks a certificate for.

use x509_parser::certification_request::X509CertificationRequest;

use crate::csr_error::CsrError;
use crate::der::{BIT_STRING, SEQUENCE, fields};

/// The signatures that are served, each as its whole `AlgorithmIdentifier`. RSA is there with its parameters NULL and
/// absent, since readers have to accept both (RFC 4055, section 5).
///
/// Left out: SHA-1, which NIST SP 800-131A has disallowed for signatures since 2014, and RSA-PSS, whose usual salt
/// length the signature check does not read.
const SERVED: [&[u8]; 8] = [
    b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02", // ECDSA, SHA-256
    b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03", // ECDSA, SHA-384
    b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00", // RSA PKCS#1, SHA-256
    b"\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b",
    b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c\x05\x00", // RSA PKCS#1, SHA-384
    b"\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c",
    b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d\x05\x00", // RSA PKCS#1, SHA-512
    b"\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d",
];

/// Whether the request, whose DER comes with it, proves that its sender holds its key.
pub(crate) fn check(request: &X509CertificationRequest<'_>, der: &[u8]) -> Result<(), CsrError> {
    let served = fields(der, [SEQUENCE, SEQUENCE, BIT_STRING])
        .is_some_and(|[_info, algorithm, _signature]| SERVED.contains(&algorithm));
    if served && request.verify_signature().is_ok() {
        Ok(())
    } else {
        Err(CsrError::SignatureInvalid)
    }
}
