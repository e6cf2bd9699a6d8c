//! What the certificate of a certificate authority has to be (RFC 5280, section 4.2.1.9).

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{KeyUsage, ParsedExtension, X509Extension};
use x509_parser::oid_registry::OID_X509_EXT_SUBJECT_KEY_IDENTIFIER;
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Version;

use crate::ca_certificate::CaCertificate;
use crate::ca_error::CaError;
use crate::der::{BIT_STRING, SEQUENCE, fields};
use crate::validity::Validity;
use crate::{public_key, signature};

/// Reads a CA's certificate.
pub(crate) fn read(der: &[u8]) -> Result<CaCertificate, CaError> {
    // Nothing may stand behind the fields, where the signature does not reach.
    fields(der, [SEQUENCE, SEQUENCE, BIT_STRING]).ok_or(CaError::Unreadable)?;
    let (_, certificate) = X509Certificate::from_der(der).map_err(|_| CaError::Unreadable)?;
    if certificate.version() != X509Version::V3 {
        return Err(CaError::NotVersion3);
    }
    let constraints = certificate
        .basic_constraints()
        .map_err(|_| CaError::Unreadable)?;
    if !constraints.is_some_and(|constraints| constraints.value.ca) {
        return Err(CaError::NotCa);
    }
    let usage = certificate
        .key_usage()
        .map_err(|_| CaError::Unreadable)?
        .map(|usage| usage.value);
    if usage.is_some_and(|usage| !usage.key_cert_sign()) {
        return Err(CaError::MayNotSign);
    }
    public_key::check(certificate.public_key())?;
    let self_issued = certificate.subject().as_raw() == certificate.issuer().as_raw();
    if self_issued && !signature::is_from_issuer(certificate.public_key(), der) {
        return Err(CaError::SignatureInvalid);
    }
    Ok(CaCertificate {
        der: der.to_vec(),
        subject: certificate.subject().as_raw().to_vec(),
        public_key: certificate.public_key().raw.to_vec(),
        key_identifier: key_identifier(&certificate)?,
        validity: Validity {
            not_before_unix: certificate.validity().not_before.timestamp(),
            not_after_unix: certificate.validity().not_after.timestamp(),
        },
        signs_revocation_lists: usage.is_none_or(KeyUsage::crl_sign),
    })
}

fn key_identifier(certificate: &X509Certificate<'_>) -> Result<Option<Vec<u8>>, CaError> {
    let extension = certificate
        .get_extension_unique(&OID_X509_EXT_SUBJECT_KEY_IDENTIFIER)
        .map_err(|_| CaError::Unreadable)?;
    match extension.map(X509Extension::parsed_extension) {
        None => Ok(None),
        Some(ParsedExtension::SubjectKeyIdentifier(identifier)) => Ok(Some(identifier.0.to_vec())),
        Some(_) => Err(CaError::Unreadable),
    }
}
