//! The form of a certificate signing request (RFC 2986, section 4), to the last byte.

use crate::der::{
    BIT_STRING, CONTEXT_0, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, SET, content, elements, fields,
};

/// Whether these bytes are the fields of a request in strict DER and nothing else.
pub(crate) fn is_exact(der: &[u8]) -> bool {
    check(der).is_some()
}

fn check(der: &[u8]) -> Option<()> {
    let [info, _algorithm, signature] = fields(der, [SEQUENCE, SEQUENCE, BIT_STRING])?;
    let [_version, subject, key, attributes] =
        fields(info, [INTEGER, SEQUENCE, SEQUENCE, CONTEXT_0])?;
    let [_algorithm, key] = fields(key, [SEQUENCE, BIT_STRING])?;
    elements(attributes, CONTEXT_0)?;
    (is_name(subject) && is_whole_bytes(signature) && is_whole_bytes(key)).then_some(())
}

/// Whether it is a name: a sequence of sets of types with their values (RFC 5280, section 4.1.2.4).
fn is_name(der: &[u8]) -> bool {
    let is_pair = |der: &&[u8]| match elements(der, SEQUENCE).as_deref() {
        Some([kind, _value]) => kind.first() == Some(&OBJECT_IDENTIFIER),
        _ => false,
    };
    let is_part = |der: &&[u8]| {
        elements(der, SET).is_some_and(|pairs| !pairs.is_empty() && pairs.iter().all(is_pair))
    };
    elements(der, SEQUENCE).is_some_and(|parts| parts.iter().all(is_part))
}

/// Whether a BIT STRING, which can end within a byte, ends with one, as signatures and keys do: its content begins with
/// the number of bits that are not used.
fn is_whole_bytes(der: &[u8]) -> bool {
    content(der).is_some_and(|content| content.first() == Some(&0))
}
