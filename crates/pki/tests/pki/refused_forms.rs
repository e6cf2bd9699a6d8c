//! Requests with a good signature that a lenient reader would take, and AWS perhaps not.

use std::iter;

use muster_pki::CsrError;

use crate::der::{
    ATTRIBUTES, ECDSA_WITH_SHA256, INTEGER, Info, SEQUENCE, SET, element, key, signature,
};
use crate::{csr, parse};

#[test]
fn a_request_of_another_version_is_unreadable() {
    let key = key();
    let info = Info {
        version: vec![2, 1, 1],
        ..Info::of(&key)
    };
    assert_eq!(parse(&info.signed(&key)), Err(CsrError::Unreadable));
}

#[test]
fn fields_smuggled_in_behind_the_signed_ones_are_unreadable() {
    let key = key();
    let info = element(SEQUENCE, &Info::of(&key).fields());
    let signed = signature(&key, &info);
    let smuggled = element(5, &[]);

    let behind_the_signature = [
        info.clone(),
        ECDSA_WITH_SHA256.to_vec(),
        signed.clone(),
        smuggled.clone(),
    ]
    .concat();
    assert_eq!(
        parse(&element(SEQUENCE, &behind_the_signature)),
        Err(CsrError::Unreadable)
    );

    // The length counts the smuggled field, the signature does not.
    let longer = element(
        SEQUENCE,
        &[Info::of(&key).fields(), smuggled.clone()].concat(),
    );
    let signed_short = signature(&key, &longer[..longer.len() - smuggled.len()]);
    let behind_the_attributes = [longer, ECDSA_WITH_SHA256.to_vec(), signed_short].concat();
    assert_eq!(
        parse(&element(SEQUENCE, &behind_the_attributes)),
        Err(CsrError::Unreadable)
    );
}

#[test]
fn a_field_smuggled_into_the_key_is_unreadable_since_it_would_change_the_fingerprint() {
    let key = key();
    let honest = Info::of(&key);
    let content = &honest.key[2..];
    let info = Info {
        key: element(SEQUENCE, &[content, &element(5, &[])].concat()),
        ..honest
    };
    assert_eq!(parse(&info.signed(&key)), Err(CsrError::Unreadable));
}

#[test]
fn a_subject_that_is_no_name_is_unreadable() {
    let key = key();
    let common_name = [6, 3, 0x55, 4, 3];
    let value = element(0x0c, b"device-00012");
    let subject_of =
        |pair: &[u8], part: u8| element(SEQUENCE, &element(part, &element(SEQUENCE, pair)));
    let subject_is = |subject: Vec<u8>| {
        let info = Info {
            subject,
            ..Info::of(&key)
        };
        parse(&info.signed(&key)).map(|_| ())
    };
    let pair = [&common_name[..], &value].concat();
    assert_eq!(subject_is(subject_of(&pair, SET)), Ok(()));
    assert_eq!(subject_is(element(SEQUENCE, &[])), Ok(()));

    let not_a_set = subject_of(&pair, SEQUENCE);
    let no_type = subject_of(&value.repeat(2), SET);
    let no_value = subject_of(&common_name, SET);
    let two_values = subject_of(&[&pair[..], &value].concat(), SET);
    let empty_part = element(SEQUENCE, &element(SET, &[]));
    for subject in [not_a_set, no_type, no_value, two_values, empty_part, value] {
        assert_eq!(
            subject_is(subject.clone()),
            Err(CsrError::Unreadable),
            "{subject:?}"
        );
    }
}

#[test]
fn a_length_longer_than_it_has_to_be_is_unreadable() {
    let der = csr("p256");
    assert_eq!(der[..3], [0x30, 0x81, 0xd2]);
    for length in [
        &[0x82, 0, 0xd2][..],
        &[0x83, 0, 0, 0xd2],
        &[0x84, 0, 0, 0, 0xd2],
    ] {
        let longer = [&[0x30], length, &der[3..]].concat();
        assert_eq!(parse(&longer), Err(CsrError::Unreadable), "{length:?}");
    }
}

#[test]
fn attributes_that_are_not_whole_elements_are_unreadable() {
    let key = key();
    let honest = Info::of(&key).with_attribute(&[5, 0]);
    assert!(parse(&honest.signed(&key)).is_ok());

    let attribute = &honest.attributes[2..];
    let longer_length = [&[0x30, 0x81, attribute[1]], &attribute[2..]].concat();
    let cut_off = attribute[..attribute.len() - 1].to_vec();
    let garbage_behind = [attribute, &[0xff]].concat();
    let no_attribute = element(INTEGER, &[0]);
    for content in [longer_length, cut_off, garbage_behind, no_attribute] {
        let info = Info {
            attributes: element(ATTRIBUTES, &content),
            ..Info::of(&key)
        };
        assert_eq!(
            parse(&info.signed(&key)),
            Err(CsrError::Unreadable),
            "{content:?}"
        );
    }
}

#[test]
fn bits_that_are_not_whole_bytes_are_unreadable() {
    // Some readers insist on unused bits being zeros, which half of the keys and signatures have by chance.
    for key in iter::repeat_with(key).take(8) {
        let honest = Info::of(&key);
        let mut of_key = honest.key.clone();
        of_key[25] = 1;
        let info = Info {
            key: of_key,
            ..Info::of(&key)
        };
        assert_eq!(parse(&info.signed(&key)), Err(CsrError::Unreadable));

        let info = element(SEQUENCE, &honest.fields());
        let mut of_signature = signature(&key, &info);
        assert_eq!(of_signature[2], 0);
        of_signature[2] = 1;
        let der = element(
            SEQUENCE,
            &[info, ECDSA_WITH_SHA256.to_vec(), of_signature].concat(),
        );
        assert_eq!(parse(&der), Err(CsrError::Unreadable));
    }
}
