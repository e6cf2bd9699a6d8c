//! Certificate revocation lists (RFC 5280, section 5), which name the certificates that a CA has taken back.

use std::collections::HashSet;

use x509_parser::asn1_rs::FromDer;
use x509_parser::time::ASN1Time;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::ca_certificate::CaCertificate;
use crate::der::{
    BIT_STRING, BOOLEAN, CONTEXT_0, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, content,
    elements, fields,
};
use crate::serial_number::SerialNumber;
use crate::{pem, signature};

/// The largest list that is read, in bytes of PEM or of DER. An entry has about 40 bytes of DER, so that some 25,000
/// revoked certificates fit, and 19,000 in PEM.
pub const MAX_REVOCATION_LIST_BYTES: usize = 1024 * 1024;

/// The label of a revocation list (RFC 7468, section 6).
const LABEL: &str = "X509 CRL";
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// INTEGER 1: version 2.
const V2: [u8; 3] = [INTEGER, 1, 1];

/// Why a revocation list cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RevocationListError {
    /// More than [`MAX_REVOCATION_LIST_BYTES`].
    #[error("The revocation list is too large. It may have {MAX_REVOCATION_LIST_BYTES} bytes.")]
    TooLarge,
    /// Not one well-formed revocation list.
    #[error(
        "The revocation list cannot be read. It has to be one X.509 CRL: PEM (\"BEGIN X509 CRL\") or DER."
    )]
    Unreadable,
    /// It has a critical extension. RFC 5280 (sections 5.2 and 5.3) forbids to use a list whose critical extensions
    /// are not understood: those make it a part of a list, or one for other CAs' certificates as well.
    #[error(
        "The revocation list has a critical extension, which is not understood. Give a complete list that the CA itself issued for all of its certificates."
    )]
    CriticalExtension,
}

/// A revocation list as it was found: who signed it is still to be asked, with [`signed_by`](Self::signed_by).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationList {
    der: Vec<u8>,
    issuer: Vec<u8>,
    next_update_unix: Option<i64>,
    revoked: HashSet<SerialNumber>,
}

impl RevocationList {
    /// Reads a list in PEM or DER.
    ///
    /// # Errors
    /// [`RevocationListError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, RevocationListError> {
        if bytes.len() > MAX_REVOCATION_LIST_BYTES {
            return Err(RevocationListError::TooLarge);
        }
        if bytes.first() == Some(&SEQUENCE) {
            return Self::parse_der(bytes.to_vec());
        }
        let text = std::str::from_utf8(bytes).map_err(|_| RevocationListError::Unreadable)?;
        let block = pem::block(text).map_err(|_| RevocationListError::Unreadable)?;
        if block.tag() != LABEL {
            return Err(RevocationListError::Unreadable);
        }
        Self::parse_der(block.into_contents())
    }

    fn parse_der(der: Vec<u8>) -> Result<Self, RevocationListError> {
        let contents = Contents::read(&der).ok_or(RevocationListError::Unreadable)?;
        if contents.critical {
            return Err(RevocationListError::CriticalExtension);
        }
        Ok(Self {
            issuer: contents.issuer.to_vec(),
            next_update_unix: contents.next_update_unix,
            revoked: contents.revoked,
            der,
        })
    }

    /// Whether the CA itself has issued this list: it is the issuer by name, its key usage, if it has one, allows
    /// revocation lists (cRLSign; RFC 5280, section 6.3.3), and the signature is its key's.
    pub fn signed_by(&self, ca: &CaCertificate) -> bool {
        ca.signs_revocation_lists
            && self.issuer == ca.subject
            && SubjectPublicKeyInfo::from_der(&ca.public_key)
                .is_ok_and(|(_, key)| signature::is_from_issuer(&key, &self.der))
    }

    /// Whether the list takes back the certificate of this number, for whatever reason. It says so of the
    /// certificates of the CA that has signed it, and of no other's.
    pub fn revokes(&self, serial: &SerialNumber) -> bool {
        self.revoked.contains(serial)
    }

    /// When the next list will be there at the latest, in seconds since 1970-01-01T00:00:00Z. After that this one is
    /// out of date. `None` if it does not say, which RFC 5280 (section 5.1.2.5) does not allow.
    pub fn next_update_unix(&self) -> Option<i64> {
        self.next_update_unix
    }
}

/// What is read from a list's DER. x509-parser is not asked: it passes over entries that it cannot read, and so would
/// let revoked certificates through.
struct Contents<'a> {
    issuer: &'a [u8],
    next_update_unix: Option<i64>,
    revoked: HashSet<SerialNumber>,
    critical: bool,
}

impl<'a> Contents<'a> {
    fn read(der: &'a [u8]) -> Option<Self> {
        let [list, _algorithm, _signature] = fields(der, [SEQUENCE, SEQUENCE, BIT_STRING])?;
        let parts = elements(list, SEQUENCE)?;
        // Version 1 is not written down.
        let parts = parts.strip_prefix(&[&V2[..]]).unwrap_or(&parts);
        let [algorithm, issuer, this_update, rest @ ..] = parts else {
            return None;
        };
        if !is(algorithm, SEQUENCE) || !is(issuer, SEQUENCE) {
            return None;
        }
        time(this_update)?;
        let (next_update, rest) = next_if(rest, is_time);
        let (entries, rest) = next_if(rest, |part| is(part, SEQUENCE));
        let (extensions, rest) = next_if(rest, |part| is(part, CONTEXT_0));
        if !rest.is_empty() {
            return None;
        }
        let mut critical = match extensions {
            Some(extensions) => has_critical(content(extensions)?)?,
            None => false,
        };
        let mut revoked = HashSet::new();
        for entry in entries.map_or(Some(Vec::new()), |entries| elements(entries, SEQUENCE))? {
            let (serial, extended) = read_entry(entry)?;
            revoked.insert(serial);
            critical |= extended;
        }
        Some(Self {
            issuer,
            next_update_unix: match next_update {
                Some(next_update) => Some(time(next_update)?),
                None => None,
            },
            revoked,
            critical,
        })
    }
}

/// A revoked certificate's number, and whether something critical is said of it.
fn read_entry(entry: &[u8]) -> Option<(SerialNumber, bool)> {
    let parts = elements(entry, SEQUENCE)?;
    let [serial, date, extensions @ ..] = parts.as_slice() else {
        return None;
    };
    time(date)?;
    let serial = content(serial).filter(|number| is(serial, INTEGER) && !number.is_empty())?;
    let critical = match extensions {
        [] => false,
        [extensions] => has_critical(extensions)?,
        _ => return None,
    };
    Some((SerialNumber::of_integer(serial), critical))
}

/// Whether one of the extensions is critical.
fn has_critical(extensions: &[u8]) -> Option<bool> {
    let mut critical = false;
    for extension in elements(extensions, SEQUENCE)? {
        let parts = elements(extension, SEQUENCE)?;
        let (kind, rest) = parts.split_first()?;
        let (flag, rest) = next_if(rest, |part| is(part, BOOLEAN));
        if !is(kind, OBJECT_IDENTIFIER) || rest.len() != 1 || !is(rest[0], OCTET_STRING) {
            return None;
        }
        critical |= flag.is_some_and(|flag| content(flag) != Some(&[0]));
    }
    Some(critical)
}

/// The first part, if it is of this kind, and the parts behind it.
fn next_if<'a, 'b>(
    parts: &'b [&'a [u8]],
    of_kind: impl Fn(&[u8]) -> bool,
) -> (Option<&'a [u8]>, &'b [&'a [u8]]) {
    match parts {
        [part, rest @ ..] if of_kind(part) => (Some(part), rest),
        _ => (None, parts),
    }
}

fn is(der: &[u8], tag: u8) -> bool {
    der.first() == Some(&tag)
}

fn is_time(der: &[u8]) -> bool {
    is(der, UTC_TIME) || is(der, GENERALIZED_TIME)
}

/// The time in seconds since 1970.
fn time(der: &[u8]) -> Option<i64> {
    let (after, time) = ASN1Time::from_der(der).ok()?;
    after.is_empty().then(|| time.timestamp())
}
