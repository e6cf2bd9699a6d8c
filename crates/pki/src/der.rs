//! What x509-parser leaves open: that each field has its own tag, the shortest length, and nothing behind it.
//!
//! It reads past all of these, while AWS may not, and a refusal is worth most before a workflow has begun.

use x509_parser::asn1_rs::{Any, FromDer};

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
/// `[0]`, constructed.
pub(crate) const CONTEXT_0: u8 = 0xa0;

/// The elements inside the one element of the given tag that the bytes are, each with its header.
pub(crate) fn elements(der: &[u8], tag: u8) -> Option<Vec<&[u8]>> {
    let mut rest = content(der).filter(|_| der.first() == Some(&tag))?;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (_, after) = split(rest)?;
        found.push(&rest[..rest.len() - after.len()]);
        rest = after;
    }
    Some(found)
}

/// The elements inside a SEQUENCE, if they are exactly those of the given tags.
pub(crate) fn fields<const N: usize>(der: &[u8], tags: [u8; N]) -> Option<[&[u8]; N]> {
    let found: [&[u8]; N] = elements(der, SEQUENCE)?.try_into().ok()?;
    let tagged = found
        .iter()
        .zip(tags)
        .all(|(element, tag)| element.first() == Some(&tag));
    tagged.then_some(found)
}

/// The content of the one element that the bytes are.
pub(crate) fn content(der: &[u8]) -> Option<&[u8]> {
    split(der).and_then(|(content, after)| after.is_empty().then_some(content))
}

/// One element: the tag, the shortest length, and the content.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let leading_zeros = length.iter().take_while(|byte| **byte == 0).count();
    let mut der = vec![tag];
    match &length[leading_zeros..] {
        [] => der.push(0),
        [short @ ..=0x7f] => der.push(*short),
        // A length has as many digits as a usize has bytes at most, which the lower seven bits hold.
        digits => {
            der.push(0x80 | u8::try_from(digits.len()).unwrap_or_default());
            der.extend(digits);
        }
    }
    der.extend(content);
    der
}

/// The first element's content, and what comes after the element.
fn split(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (after, element) = Any::from_der(der).ok()?;
    let content = element.data;
    let shortest_header = match content.len() {
        0..=0x7f => 2,
        0x80..=0xff => 3,
        0x100..=0xffff => 4,
        _ => 5,
    };
    (der.len() == shortest_header + content.len() + after.len()).then_some((content, after))
}
