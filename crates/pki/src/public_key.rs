//! Which public keys may have a certificate.
//!
//! AWS takes RSA from 2048 bits and NIST P-256, P-384 and P-521 (`CreateCertificateFromCsr`). P-521 is left out:
//! the signature check has no code for it, and no device with little memory wants it.

use x509_parser::der_parser::asn1_rs::{Oid, Tag};
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_PKCS1_RSAENCRYPTION,
};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::pem;

/// The fewest bits an RSA modulus may have.
const MIN_RSA_BITS: usize = 2048;
/// The most bits an RSA modulus may have: what the signature check reads.
const MAX_RSA_BITS: usize = 8192;
/// The bytes of an uncompressed point on P-256; those on other curves are longer.
const P256_POINT: usize = 65;
/// The longest name of a key's kind that is repeated to the device, in characters.
const MAX_NAME: usize = 64;

/// Why a key may have no certificate.
#[derive(Debug)]
pub(crate) enum PublicKeyError {
    /// Not the fields of a key of its kind.
    Unreadable,
    /// An RSA key with too few bits.
    RsaTooSmall { bits: usize },
    /// A kind of key that is not served, named in at most 64 characters.
    Unsupported(String),
}

/// Whether a certificate may be issued for this key.
pub(crate) fn check(key: &SubjectPublicKeyInfo<'_>) -> Result<(), PublicKeyError> {
    let algorithm = &key.algorithm.algorithm;
    if *algorithm == OID_PKCS1_RSAENCRYPTION {
        check_rsa(key)
    } else if *algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY {
        check_ec(key)
    } else {
        Err(PublicKeyError::Unsupported(name(algorithm)))
    }
}

fn check_rsa(key: &SubjectPublicKeyInfo<'_>) -> Result<(), PublicKeyError> {
    let Ok(PublicKey::RSA(rsa)) = key.parsed() else {
        return Err(PublicKeyError::Unreadable);
    };
    match bits(rsa.modulus).ok_or(PublicKeyError::Unreadable)? {
        bits if bits < MIN_RSA_BITS => Err(PublicKeyError::RsaTooSmall { bits }),
        bits if bits > MAX_RSA_BITS => {
            Err(PublicKeyError::Unsupported(format!("RSA of {bits} bits")))
        }
        _ => Ok(()),
    }
}

fn check_ec(key: &SubjectPublicKeyInfo<'_>) -> Result<(), PublicKeyError> {
    let parameters = key
        .algorithm
        .parameters
        .as_ref()
        .ok_or(PublicKeyError::Unreadable)?;
    // x509-parser would take any element's content for an identifier.
    let Some(curve) = (parameters.tag() == Tag::Oid)
        .then(|| parameters.as_oid().ok())
        .flatten()
    else {
        return Err(PublicKeyError::Unsupported(
            "a curve given by its parameters instead of its name".into(),
        ));
    };
    let coordinate = if curve == OID_EC_P256 {
        32
    } else if curve == OID_NIST_EC_P384 {
        48
    } else {
        return Err(PublicKeyError::Unsupported(name(&curve)));
    };
    match key.subject_public_key.data.as_ref() {
        [4, point @ ..] if point.len() == 2 * coordinate => Ok(()),
        [2 | 3, point @ ..] if point.len() == coordinate => {
            Err(PublicKeyError::Unsupported("a compressed point".into()))
        }
        _ => Err(PublicKeyError::Unreadable),
    }
}

/// The uncompressed point, 65 bytes, of a public key on P-256 in PEM (`BEGIN PUBLIC KEY`, RFC 7468, section 13), to
/// encrypt to. `None` for anything else.
pub fn p256_point(text: &str) -> Option<Vec<u8>> {
    let block = pem::block(text).ok()?;
    let (after, key) = SubjectPublicKeyInfo::from_der(block.contents()).ok()?;
    let point = key.subject_public_key.data.as_ref();
    let taken = block.tag() == "PUBLIC KEY" && after.is_empty() && check(&key).is_ok();
    (taken && point.len() == P256_POINT).then(|| point.to_vec())
}

/// The bits of an INTEGER's content; `None` if it is negative.
fn bits(integer: &[u8]) -> Option<usize> {
    if integer.first()? & 0x80 != 0 {
        return None;
    }
    let zeros = integer.iter().take_while(|byte| **byte == 0).count();
    let digits = &integer[zeros..];
    let unused = digits
        .first()
        .map_or(0, |first| first.leading_zeros() as usize);
    Some(digits.len() * 8 - unused)
}

/// What people call an algorithm or curve, or its dotted identifier.
fn name(identifier: &Oid<'_>) -> String {
    let dotted = identifier.to_id_string();
    match dotted.as_str() {
        "1.2.840.10040.4.1" => "DSA".into(),
        "1.2.840.113549.1.1.10" => "RSASSA-PSS".into(),
        "1.3.101.112" => "Ed25519".into(),
        "1.3.101.113" => "Ed448".into(),
        "1.3.132.0.10" => "secp256k1".into(),
        "1.3.132.0.35" => "P-521".into(),
        _ if dotted.len() <= MAX_NAME => dotted,
        _ => "unknown".into(),
    }
}
