//! Bytes made to break a reader.

use std::thread;

use muster_pki::{
    CaCertificate, CaKey, CertificateRequest, CsrError, DeviceKey, RevocationList,
    SubmittedRequest, pem_to_der, read_certificate,
};
use proptest::prelude::*;
use secrecy::{ExposeSecret, SecretString};

use crate::authority::{Part, extension, operators, pkcs8_of, subject};
use crate::der::{ATTRIBUTES, Info, SEQUENCE, SET, element, key, nested};
use crate::{csr, data};

/// Less stack than any Lambda or device thread has.
const SMALL_STACK_BYTES: usize = 128 * 1024;

fn parse_on_a_small_stack(der: Vec<u8>) -> Result<CertificateRequest, CsrError> {
    thread::Builder::new()
        .stack_size(SMALL_STACK_BYTES)
        .spawn(move || CertificateRequest::parse_der(&der))
        .unwrap()
        .join()
        .unwrap()
}

#[test]
fn a_thousand_elements_inside_each_other_are_unreadable_and_do_not_fill_the_stack() {
    for tag in [SEQUENCE, SET, ATTRIBUTES, 0x24, 0x23] {
        let result = parse_on_a_small_stack(nested(tag, 4096));
        assert_eq!(result, Err(CsrError::Unreadable), "{tag:#x}");
    }
    let without_lengths = [SEQUENCE, 0x80].repeat(2048);
    assert_eq!(
        parse_on_a_small_stack(without_lengths),
        Err(CsrError::Unreadable)
    );
}

#[test]
fn depth_in_each_field_of_a_signed_request_does_not_fill_the_stack() {
    let key = key();
    let deep = nested(SEQUENCE, 3600);
    let in_the_attribute = Info::of(&key).with_attribute(&deep);
    let in_the_subject = Info {
        subject: deep.clone(),
        ..Info::of(&key)
    };
    let in_the_key = Info {
        key: deep.clone(),
        ..Info::of(&key)
    };
    let in_the_attributes = Info {
        attributes: nested(ATTRIBUTES, 3600),
        ..Info::of(&key)
    };

    // An attribute that nobody knows is no reason to refuse.
    assert!(parse_on_a_small_stack(in_the_attribute.signed(&key)).is_ok());
    for info in [in_the_subject, in_the_key, in_the_attributes] {
        let result = parse_on_a_small_stack(info.signed(&key));
        assert_eq!(result, Err(CsrError::Unreadable));
    }
}

#[test]
fn depth_in_a_requested_extension_does_not_fill_the_stack() {
    // The extension request (1.2.840.113549.1.9.14) for a subject alternative name that is a directory name.
    let request = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 14];
    let name = element(SEQUENCE, &element(0xa4, &nested(SEQUENCE, 3400)));
    let extension = [&[6, 3, 0x55, 0x1d, 17][..], &element(4, &name)].concat();
    let extensions = element(SEQUENCE, &element(SEQUENCE, &extension));
    let attribute = element(
        SEQUENCE,
        &[&request[..], &element(SET, &extensions)].concat(),
    );
    let key = key();
    let info = Info {
        attributes: element(ATTRIBUTES, &attribute),
        ..Info::of(&key)
    };
    // Whatever the answer is, there is one.
    let _ = parse_on_a_small_stack(info.signed(&key));
}

#[test]
fn depth_in_a_certificate_does_not_fill_the_stack() {
    let key = key();
    let deep = nested(SEQUENCE, 60_000);
    let name = subject(&[]);
    let directory_name = element(SEQUENCE, &element(0xa4, &deep));
    let in_extensions = [15, 17, 19, 30, 31, 32, 35]
        .map(|number| (name.clone(), extension(number, &directory_name)));
    let parts = in_extensions.into_iter().chain([
        (deep.clone(), extension(19, &[0x30, 0])),
        (
            subject(std::slice::from_ref(&deep)),
            extension(19, &[0x30, 0]),
        ),
        (name.clone(), deep.clone()),
    ]);
    for (subject, extensions) in parts {
        let part = Part {
            serial: vec![1],
            issuer: name.clone(),
            subject,
            extensions,
        };
        let der = part.signed(&key);
        let reads = move || {
            let _ = read_certificate(&der);
            let _ = CaCertificate::parse_der(&der);
        };
        thread::Builder::new()
            .stack_size(SMALL_STACK_BYTES)
            .spawn(reads)
            .unwrap()
            .join()
            .unwrap();
    }
}

#[test]
fn no_single_bit_of_a_request_can_be_changed_unnoticed() {
    let der = csr("p256");
    for bit in 0..der.len() * 8 {
        let mut changed = der.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(
            CertificateRequest::parse_der(&changed).is_err(),
            "bit {bit}"
        );
    }
}

fn read_by_everything(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = CertificateRequest::parse_der(bytes);
    let _ = SubmittedRequest::parse_text(&text);
    let _ = read_certificate(bytes);
    let _ = CaCertificate::parse_der(bytes);
    let _ = CaCertificate::parse_pem(&text);
    let _ = CaKey::from_pkcs8_der(&bytes.to_vec().into());
    let _ = RevocationList::parse(bytes);
    let _ = pem_to_der(&text);
    let _ = DeviceKey::from_pem(&SecretString::from(text.into_owned()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..5000)) {
        read_by_everything(&bytes);
    }

    #[test]
    fn no_text_like_pem_makes_a_reader_panic(text in "(-----BEGIN |-----END |CERTIFICATE REQUEST|PRIVATE KEY|CERTIFICATE|X509 CRL|-----|[A-Za-z0-9+/=: \n]){0,40}") {
        read_by_everything(text.as_bytes());
    }

    #[test]
    fn no_damage_to_a_request_makes_a_reader_panic_or_goes_unnoticed(
        name in prop::sample::select(vec!["p256", "p384", "rsa2048", "p256-extensions"]),
        at in any::<prop::sample::Index>(),
        removed in 0_usize..8,
        inserted in prop::collection::vec(any::<u8>(), 0..8),
    ) {
        let der = csr(name);
        let at = at.index(der.len());
        let end = (at + removed).min(der.len());
        let damaged = [&der[..at], &inserted, &der[end..]].concat();
        read_by_everything(&damaged);
        let mistaken = CertificateRequest::parse_der(&damaged).is_ok() && damaged != der;
        prop_assert!(!mistaken, "{name}: {} bytes at {at} became {inserted:?}", end - at);
    }

    #[test]
    fn no_damage_to_a_cas_files_makes_a_reader_panic_or_goes_unnoticed(
        file in 0_usize..4,
        at in any::<prop::sample::Index>(),
        removed in 0_usize..8,
        inserted in prop::collection::vec(any::<u8>(), 0..8),
    ) {
        let (ca, _) = operators();
        let der = match file {
            0 => pkcs8_of("ca-rsa2048").expose_secret().to_vec(),
            1 => pem_to_der(&data("ca.crl.pem")).unwrap(),
            2 => pem_to_der(&data("ca-intermediate.crt.pem")).unwrap(),
            _ => ca.der().to_vec(),
        };
        let at = at.index(der.len());
        let end = (at + removed).min(der.len());
        let damaged = [&der[..at], &inserted, &der[end..]].concat();
        read_by_everything(&damaged);
        let list = RevocationList::parse(&damaged).is_ok_and(|list| list.signed_by(&ca));
        let certificate = read_certificate(&damaged).is_ok_and(|read| read.issued_by(&ca));
        let mistaken = (list || certificate) && damaged != der;
        prop_assert!(!mistaken, "{file}: {} bytes at {at} became {inserted:?}", end - at);
    }
}
