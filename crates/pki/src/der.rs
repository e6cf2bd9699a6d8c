//! What x509-parser leaves unchecked: that nothing stands behind the fields that it reads.

use x509_parser::asn1_rs::{Any, FromDer};

/// The elements inside one constructed DER element, each with its header.
///
/// `None` unless the bytes are exactly one constructed element that holds exactly `N` elements.
pub(crate) fn elements<const N: usize>(der: &[u8]) -> Option<[&[u8]; N]> {
    let (after, outer) = Any::from_der(der).ok()?;
    if !after.is_empty() || !outer.header.is_constructed() {
        return None;
    }
    let mut rest = outer.data;
    let mut found = [rest; N];
    for element in &mut found {
        let (after, _) = Any::from_der(rest).ok()?;
        *element = &rest[..rest.len() - after.len()];
        rest = after;
    }
    rest.is_empty().then_some(found)
}
