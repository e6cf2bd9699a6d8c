//! The bytes that a firmware engineer checks their own encoder and decoder against.
//!
//! The "certificate" of the vectors is the 50 bytes 00, 01, … 31 (hex), cut in two chunks.

mod common;

use common::payload;
use muster_chunking::{Acknowledgement, Answer, Delivery, Manifest, MissingSet};

const WIRE: &str = include_str!("../wire.md");

const MANIFEST: &str =
    "85001aa622e1381832025820a622e13829e488422ee72a5fc92cb11d25c3d0f185a1384b8138df5074c983bf";
const FIRST_CHUNK: &str = "84011aa622e138005819000102030405060708090a0b0c0d0e0f101112131415161718";
const LAST_CHUNK: &str = "84011aa622e138015819191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031";
const ACTIVATED: &str = "82021aa622e138";
const ALL_HERE: &str = "821aa622e13880";
const SOME_MISSING: &str = "821aa622e13883011818187f";

fn certificate() -> Vec<u8> {
    (0..50).collect()
}

fn manifest() -> Manifest {
    Manifest::new(&certificate(), 25).unwrap()
}

/// The bytes of a vector, which the crate's documentation must show too.
fn bytes(vector: &str) -> Vec<u8> {
    assert!(
        WIRE.contains(vector),
        "wire.md doesn't show the vector {vector}"
    );
    hex::decode(vector).unwrap()
}

fn assert_is(answer: &Answer<'_>, vector: &str) {
    assert_eq!(hex::encode(payload(answer)), vector);
    assert_eq!(Answer::decode(&bytes(vector)).as_ref(), Ok(answer));
}

#[test]
fn a_manifest_is_these_bytes() {
    assert_is(&Answer::Manifest(manifest()), MANIFEST);
}

#[test]
fn chunks_are_these_bytes() {
    let certificate = certificate();
    for (index, vector) in [(0, FIRST_CHUNK), (1, LAST_CHUNK)] {
        let chunk = manifest().chunk(index, &certificate).unwrap();
        assert_is(&Answer::Chunk(chunk), vector);
    }
}

#[test]
fn an_activation_is_these_bytes() {
    assert_is(&Answer::Activated(manifest().delivery()), ACTIVATED);
}

#[test]
fn acknowledgements_are_these_bytes() {
    let some = MissingSet::from_iter([127, 1, 24]);
    for (missing, vector) in [(MissingSet::new(), ALL_HERE), (some, SOME_MISSING)] {
        let acknowledgement = Acknowledgement::new(manifest().delivery(), missing);
        let mut buffer = [0; Acknowledgement::MAX_LENGTH];
        let length = acknowledgement.encode(&mut buffer).unwrap();
        assert_eq!(hex::encode(&buffer[..length]), vector);
        assert_eq!(Acknowledgement::decode(&bytes(vector)), Ok(acknowledgement));
    }
}

#[test]
fn integers_longer_than_need_be_are_understood() {
    let activated = hex::decode("82190002190007").unwrap();
    assert_eq!(
        Answer::decode(&activated),
        Ok(Answer::Activated(Delivery::from(7)))
    );
    let acknowledgement = hex::decode("821a000000079801190005").unwrap();
    let missing = MissingSet::from_iter([5]);
    assert_eq!(
        Acknowledgement::decode(&acknowledgement),
        Ok(Acknowledgement::new(Delivery::from(7), missing))
    );
}
