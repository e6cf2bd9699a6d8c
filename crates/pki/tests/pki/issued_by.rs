//! What is asked of a certificate that a device shows before it is let in.

use muster_pki::{CaCertificate, CertificateSummary, read_certificate};
use rcgen::KeyPair;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::authority::{
    JANUARY_2026, JANUARY_2036, Part, authority, device, extension, named, pair_of, signed, subject,
};
use crate::der::{ECDSA_WITH_SHA256, SEQUENCE, element};

const UTF8_STRING: u8 = 0x0c;

/// A certificate that the CA's key signed, whatever is in it.
struct Forge {
    ca: CaCertificate,
    key: KeyPair,
}

impl Forge {
    fn new() -> Self {
        let (ca, key) = authority();
        Self {
            key: pair_of(&key),
            ca,
        }
    }

    fn part(&self, common_names: &[Vec<u8>]) -> Part {
        let (_, ca) = X509Certificate::from_der(self.ca.der()).unwrap();
        Part {
            serial: vec![1],
            issuer: ca.subject().as_raw().to_vec(),
            subject: subject(common_names),
            extensions: extension(19, &element(SEQUENCE, &[])),
        }
    }

    fn read(&self, part: &Part) -> CertificateSummary {
        let summary = read_certificate(&part.signed(&self.key)).unwrap();
        assert!(summary.issued_by(&self.ca));
        summary
    }

    fn named(&self, common_names: &[Vec<u8>]) -> (Option<String>, usize) {
        let summary = self.read(&self.part(common_names));
        (summary.common_name, summary.common_names)
    }
}

#[test]
fn a_certificate_is_its_own_cas_and_nobody_elses() {
    let ca = authority();
    let summary = read_certificate(device(&ca, "device-00012").der()).unwrap();
    assert!(summary.issued_by(&ca.0));
    assert!(
        !summary.issued_by(&authority().0),
        "another CA of the same name"
    );
    let renamed = CaCertificate::issue(&ca.1, &named("Other CA"), ca.0.validity()).unwrap();
    assert!(
        !summary.issued_by(&renamed),
        "another name for the same key"
    );
    assert_eq!(summary.not_before_unix, JANUARY_2026);
    assert_eq!(summary.not_after_unix, JANUARY_2036);
}

#[test]
fn no_single_bit_of_a_certificate_can_be_changed_unnoticed() {
    let ca = authority();
    let der = device(&ca, "device-00012").der().to_vec();
    for bit in 0..der.len() * 8 {
        let mut changed = der.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let judged = read_certificate(&changed).is_ok_and(|read| read.issued_by(&ca.0));
        assert!(!judged, "bit {bit}");
    }
}

#[test]
fn a_certificate_that_names_two_algorithms_is_nobodys() {
    let forge = Forge::new();
    let mut part = forge.part(&[]).unsigned(&forge.key);
    let at = part
        .windows(ECDSA_WITH_SHA256.len())
        .position(|found| found == ECDSA_WITH_SHA256)
        .unwrap();
    assert!(
        read_certificate(&signed(&part, &forge.key))
            .unwrap()
            .issued_by(&forge.ca)
    );
    part[at + ECDSA_WITH_SHA256.len() - 1] = 3;
    let summary = read_certificate(&signed(&part, &forge.key)).unwrap();
    assert!(!summary.issued_by(&forge.ca));
}

#[test]
fn any_common_name_is_told_as_it_is() {
    let forge = Forge::new();
    let text = |text: &str| element(UTF8_STRING, text.as_bytes());
    let long = "x".repeat(300);
    for name in [
        &long,
        "*",
        "dev#+/ice",
        "../..",
        "a\nb",
        "",
        "\u{202e}ecived",
    ] {
        assert_eq!(forge.named(&[text(name)]), (Some(name.to_owned()), 1));
    }
    assert_eq!(forge.named(&[]), (None, 0));
    assert_eq!(
        forge.named(&[element(UTF8_STRING, &[0xff, 0xfe])]),
        (None, 1)
    );
    assert_eq!(forge.named(&[element(SEQUENCE, &[])]), (None, 1));
    let several = [
        text("device-1"),
        text("device-2"),
        element(UTF8_STRING, &[0xff]),
    ];
    assert_eq!(forge.named(&several), (Some("device-1".into()), 3));
    let not_text_first = [element(UTF8_STRING, &[0xff]), text("device-2")];
    assert_eq!(forge.named(&not_text_first), (None, 2));
}

#[test]
fn a_serial_number_reads_as_openssl_shows_it() {
    let forge = Forge::new();
    let read = |serial: &[u8]| {
        let part = Part {
            serial: serial.to_vec(),
            ..forge.part(&[])
        };
        forge.read(&part).serial.to_string()
    };
    assert_eq!(read(&[1]), "01");
    assert_eq!(read(&[0]), "00");
    assert_eq!(read(&[0, 0x8a, 0x3f]), "8a3f");
    assert_eq!(read(&[0x7f; 300]), "7f".repeat(300));
}

#[test]
fn a_certificate_that_may_be_a_cas_is_told_to_be_one() {
    let forge = Forge::new();
    let is_ca = |extensions: Vec<u8>| {
        let part = Part {
            extensions,
            ..forge.part(&[])
        };
        forge.read(&part).is_ca
    };
    let yes = extension(19, &element(SEQUENCE, &[1, 1, 0xff]));
    let no = extension(19, &element(SEQUENCE, &[]));
    assert!(is_ca(yes.clone()));
    assert!(!is_ca(no.clone()));
    assert!(!is_ca(extension(15, &[3, 2, 7, 0x80])));
    assert!(is_ca([no.clone(), yes].concat()));
    assert!(is_ca(extension(19, &[0xff])));
}
