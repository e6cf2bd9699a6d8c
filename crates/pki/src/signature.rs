//! Whether a request, a certificate or a revocation list is signed by a key.

use x509_parser::asn1_rs::BitString;
use x509_parser::prelude::FromDer;
use x509_parser::verify::verify_signature;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use crate::der::{BIT_STRING, SEQUENCE, content, elements, fields};

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

/// Whether the bytes are what is signed, the algorithm and a signature of a served kind by this key, and nothing else
/// (RFC 2986, section 4.2; RFC 5280, sections 4.1 and 5.1).
pub(crate) fn is_from(key: &SubjectPublicKeyInfo<'_>, der: &[u8]) -> bool {
    let Some([signed, algorithm, signature]) = fields(der, [SEQUENCE, SEQUENCE, BIT_STRING]) else {
        return false;
    };
    if !SERVED.contains(&algorithm) {
        return false;
    }
    let Ok((_, algorithm)) = AlgorithmIdentifier::from_der(algorithm) else {
        return false;
    };
    let Some([0, signature @ ..]) = content(signature) else {
        return false;
    };
    verify_signature(key, &algorithm, &BitString::new(0, signature), signed).is_ok()
}

/// Whether a certificate or a revocation list is signed by this key, by the algorithm that is named under the
/// signature as well: RFC 5280, sections 4.1.1.2 and 5.1.1.2, has both be the same.
pub(crate) fn is_from_issuer(key: &SubjectPublicKeyInfo<'_>, der: &[u8]) -> bool {
    let same_algorithm = fields(der, [SEQUENCE, SEQUENCE, BIT_STRING]).and_then(
        |[signed, algorithm, _signature]| {
            let named = elements(signed, SEQUENCE)?
                .into_iter()
                .find(|element| element.first() == Some(&SEQUENCE))?;
            Some(named == algorithm)
        },
    );
    same_algorithm == Some(true) && is_from(key, der)
}
