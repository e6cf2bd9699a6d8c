//! Messages that are almost right are refused, and the error says what is wrong with them.

use muster_chunking::{Acknowledgement, Answer, DecodeError};

/// Decodes spaced hex as an answer.
fn answer(hex: &str) -> Result<(), DecodeError> {
    Answer::decode(&bytes(hex)).map(|_| ())
}

/// Decodes spaced hex as an acknowledgement.
fn acknowledgement(hex: &str) -> Result<(), DecodeError> {
    Acknowledgement::decode(&bytes(hex)).map(|_| ())
}

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex.replace(' ', "")).unwrap()
}

/// A manifest of delivery 0 with a digest of zeros.
fn manifest(length: &str, count: &str) -> String {
    format!("85 00 00 {length} {count} 5820 {}", "00".repeat(32))
}

#[test]
fn what_is_not_cbor_or_of_another_type_is_refused_where_it_stands() {
    for (hex, at) in [
        ("", 0),
        ("00", 0),
        ("a0", 0),
        ("7b", 0),
        ("80", 1),
        ("82 20 00", 1),
        ("82 02", 2),
        ("82 02 20", 2),
        ("82 02 1a 0000", 2),
        ("82 02 1b 0000000100000000", 2),
        ("82 02 fb 3ff0000000000000", 2),
        ("84 01 00 00 61 30", 4),
        ("84 01 00 00 58 ff 00", 4),
        ("84 01 00 00 5b ffffffffffffffff 00", 4),
        ("84 01 00 1a 00010000 41 00", 3),
        ("85 00 00 01 01 41 00", 5),
        ("85 00 00 1a 00010001 01 5820", 3),
    ] {
        assert_eq!(answer(hex), Err(DecodeError::Malformed { at }), "{hex}");
    }
    for (hex, at) in [
        ("", 0),
        ("82 00", 2),
        ("82 00 00", 2),
        ("82 00 81", 3),
        ("82 00 81 20", 3),
        ("82 00 81 1a 00010000", 3),
        ("82 00 61 30", 2),
        ("82 61 30 80", 1),
    ] {
        assert_eq!(
            acknowledgement(hex),
            Err(DecodeError::Malformed { at }),
            "{hex}"
        );
    }
}

#[test]
fn indefinite_lengths_are_refused() {
    assert_eq!(answer("9f 02 00 ff"), Err(DecodeError::Malformed { at: 0 }));
    assert_eq!(
        answer("84 01 00 00 5f 41 00 ff"),
        Err(DecodeError::Malformed { at: 4 })
    );
    assert_eq!(
        acknowledgement("9f 00 80 ff"),
        Err(DecodeError::Malformed { at: 0 })
    );
    assert_eq!(
        acknowledgement("82 00 9f ff"),
        Err(DecodeError::Malformed { at: 2 })
    );
}

#[test]
fn nothing_may_follow_a_message() {
    for hex in [
        "82 02 00 00",
        "84 01 00 00 41 00 00",
        &format!("{} 00", manifest("01", "01")),
    ] {
        let decoded = answer(hex);
        assert_eq!(
            decoded,
            Err(DecodeError::TrailingBytes { trailing: 1 }),
            "{hex}"
        );
    }
    assert_eq!(
        acknowledgement("82 00 81 00 82 00 80"),
        Err(DecodeError::TrailingBytes { trailing: 3 })
    );
}

#[test]
fn unknown_kinds_and_other_field_counts_are_refused() {
    assert_eq!(answer("82 03 00"), Err(DecodeError::UnknownMessage(3)));
    assert_eq!(
        answer("82 19 ffff 00"),
        Err(DecodeError::UnknownMessage(u16::MAX))
    );
    assert_eq!(
        answer("83 02 00 00"),
        Err(DecodeError::FieldCount {
            expected: 2,
            found: 3
        })
    );
    assert_eq!(
        answer("83 01 00 00"),
        Err(DecodeError::FieldCount {
            expected: 4,
            found: 3
        })
    );
    assert_eq!(
        answer("82 00 00"),
        Err(DecodeError::FieldCount {
            expected: 5,
            found: 2
        })
    );
    assert_eq!(
        acknowledgement("83 00 80 00"),
        Err(DecodeError::FieldCount {
            expected: 2,
            found: 3
        })
    );
}

#[test]
fn indexes_that_no_delivery_has_are_refused() {
    assert_eq!(
        answer("84 01 00 18 80 41 00"),
        Err(DecodeError::IndexTooLarge(128))
    );
    assert_eq!(
        answer("84 01 00 19 ffff 41 00"),
        Err(DecodeError::IndexTooLarge(u16::MAX))
    );
    assert_eq!(
        acknowledgement("82 00 81 18 80"),
        Err(DecodeError::IndexTooLarge(128))
    );
    assert_eq!(acknowledgement("82 00 82 18 7f 00"), Ok(()));
    let many = format!("82 00 98 81 {}", "00".repeat(129));
    assert_eq!(
        acknowledgement(&many),
        Err(DecodeError::TooManyIndexes(129))
    );
    let huge = "82 00 9b ffffffffffffffff";
    assert_eq!(
        acknowledgement(huge),
        Err(DecodeError::TooManyIndexes(u64::MAX))
    );
}

#[test]
fn a_chunk_without_data_is_refused() {
    assert_eq!(answer("84 01 00 00 40"), Err(DecodeError::ChunkEmpty));
}

#[test]
fn a_manifest_that_cannot_be_is_refused() {
    for (length, count) in [
        ("00", "00"),
        ("00", "01"),
        ("01", "00"),
        ("01", "02"),
        // Of 10 bytes, seven chunks would be of two bytes, and five are enough for that.
        ("0a", "07"),
        ("0a", "18 80"),
        ("18 81", "18 81"),
        ("19 2001", "18 40"),
        ("19 ffff", "18 80"),
        ("19 ffff", "19 ffff"),
    ] {
        let decoded = answer(&manifest(length, count));
        assert_eq!(
            decoded,
            Err(DecodeError::ManifestInconsistent),
            "{length} in {count}"
        );
    }
    for (length, count) in [
        ("01", "01"),
        ("0a", "05"),
        ("0a", "0a"),
        ("19 2000", "18 80"),
    ] {
        assert_eq!(
            answer(&manifest(length, count)),
            Ok(()),
            "{length} in {count}"
        );
    }
}

#[test]
fn a_manifest_under_another_deliverys_number_is_refused() {
    let honest = manifest("01", "01");
    let other = honest.replacen("85 00 00", "85 00 01", 1);
    assert_eq!(answer(&honest), Ok(()));
    assert_eq!(answer(&other), Err(DecodeError::ManifestInconsistent));
}
