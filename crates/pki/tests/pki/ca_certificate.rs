//! The certificates of certificate authorities: those that are issued, and those that operators bring.

use muster_pki::{
    CaCertificate, CaError, CaKey, MAX_CA_PEM_BYTES, SerialNumber, Validity, read_certificate,
};
use rcgen::{CertificateParams, IsCa};
use rustls::RootCertStore;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;

use crate::authority::{
    JANUARY_2026, JANUARY_2036, Part, TEN_YEARS, authority, extension, key_of, named, operators,
    subject,
};
use crate::data;
use crate::der::{SEQUENCE, element, key};

#[test]
fn an_issued_certificate_is_a_cas_and_says_so_as_rfc_5280_has_it() {
    let (ca, _) = authority();
    let (_, certificate) = X509Certificate::from_der(ca.der()).unwrap();
    let constraints = certificate.basic_constraints().unwrap().unwrap();
    assert!(constraints.critical && constraints.value.ca);
    assert_eq!(constraints.value.path_len_constraint, Some(0));
    let usage = certificate.key_usage().unwrap().unwrap();
    assert!(usage.critical);
    assert_eq!(usage.value.to_string(), "Key Cert Sign, CRL Sign");
    let identifiers: Vec<_> = certificate
        .extensions()
        .iter()
        .filter_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(own) => Some(own.0),
            ParsedExtension::AuthorityKeyIdentifier(issuers) => {
                issuers.key_identifier.as_ref().map(|issuers| issuers.0)
            }
            _ => None,
        })
        .collect();
    assert!(matches!(identifiers.as_slice(), [one, other] if one == other && one.len() == 20));

    let summary = read_certificate(ca.der()).unwrap();
    assert!(summary.is_ca && summary.issued_by(&ca));
    assert_eq!(summary.not_before_unix, JANUARY_2026);
    assert_eq!(summary.not_after_unix, JANUARY_2036);
    assert_eq!(ca.validity(), TEN_YEARS);
    RootCertStore::empty().add(ca.der().into()).unwrap();
}

#[test]
fn every_certificate_has_a_positive_number_of_20_bytes_of_its_own() {
    let key = CaKey::generate().unwrap();
    let numbers: std::collections::HashSet<_> = (0..50)
        .map(|_| {
            let ca = CaCertificate::issue(&key, &named("Device CA"), TEN_YEARS).unwrap();
            let (_, certificate) = X509Certificate::from_der(ca.der()).unwrap();
            let number = certificate.raw_serial().to_vec();
            assert!(number.len() == 20 && number[0] & 0x80 == 0, "{number:?}");
            number
        })
        .collect();
    assert_eq!(numbers.len(), 50);
}

#[test]
fn a_certificate_has_the_number_that_was_chosen_for_it() {
    let key = CaKey::generate().unwrap();
    let number = SerialNumber::random().unwrap();
    let ca = CaCertificate::issue_numbered(&key, &named("Device CA"), TEN_YEARS, &number).unwrap();
    assert_eq!(read_certificate(ca.der()).unwrap().serial, number);
}

#[test]
fn a_cas_public_key_is_its_own_in_pem() {
    let (ca, _) = authority();
    let (_, certificate) = X509Certificate::from_der(ca.der()).unwrap();
    let pem = ca.public_key_pem();
    assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\n"));
    assert_eq!(
        muster_pki::pem_to_der(&pem).unwrap(),
        certificate.public_key().raw
    );
}

#[test]
fn an_issued_certificate_survives_being_written_down_and_read() {
    let (ca, key) = authority();
    assert_eq!(CaCertificate::parse_pem(&ca.pem()), Ok(ca.clone()));
    assert!(ca.key_matches(&key));
    assert_eq!(ca.id(), muster_pki::certificate_id(ca.der()));
}

#[test]
fn a_validity_that_no_certificate_can_have_is_refused() {
    let key = CaKey::generate().unwrap();
    let issue = |not_before_unix, not_after_unix| {
        let validity = Validity {
            not_before_unix,
            not_after_unix,
        };
        CaCertificate::issue(&key, &named("Device CA"), validity).map(|ca| ca.validity())
    };
    let (first, last) = (-631_152_000, 253_402_300_799);
    assert!(issue(first, last).is_ok());
    assert!(issue(0, 0).is_ok());
    for (begin, end) in [(1, 0), (first - 1, 0), (0, last + 1), (i64::MIN, i64::MAX)] {
        assert_eq!(issue(begin, end), Err(CaError::Validity), "{begin} {end}");
    }
}

#[test]
fn an_operators_certificate_is_taken_with_its_key() {
    let (ca, key) = operators();
    assert!(ca.key_matches(&key));
    assert!(!ca.key_matches(&key_of("p384")));
    assert!(read_certificate(ca.der()).unwrap().issued_by(&ca));
    let with_text = format!("Certificate:\n    Data:\n{}", data("ca.crt.pem"));
    assert_eq!(CaCertificate::parse_pem(&with_text), Ok(ca));
}

#[test]
fn an_intermediate_is_taken_without_its_issuer() {
    let intermediate = CaCertificate::parse_pem(&data("ca-intermediate.crt.pem")).unwrap();
    assert!(intermediate.key_matches(&key_of("p384")));
    assert!(
        read_certificate(intermediate.der())
            .unwrap()
            .issued_by(&operators().0)
    );
}

#[test]
fn what_is_no_ca_is_refused_by_what_is_wrong_with_it() {
    let refused = [
        ("ca-v1.crt.pem", CaError::NotVersion3),
        ("ca-no-cert-sign.crt.pem", CaError::MayNotSign),
        ("ca-sha1.crt.pem", CaError::SignatureInvalid),
        ("ca-p521.crt.pem", CaError::KeyUnsupported("P-521".into())),
        (
            "ca-ed25519.crt.pem",
            CaError::KeyUnsupported("Ed25519".into()),
        ),
        ("p256.csr.pem", CaError::Unreadable),
        ("ca-rsa2048.key.pem", CaError::Unreadable),
        ("ca.crl.pem", CaError::Unreadable),
    ];
    for (file, expected) in refused {
        assert_eq!(
            CaCertificate::parse_pem(&data(file)),
            Err(expected),
            "{file}"
        );
    }
}

#[test]
fn a_self_signed_ca_has_to_be_signed_by_itself() {
    for ca in [authority().0, operators().0] {
        let mut der = ca.der().to_vec();
        *der.last_mut().unwrap() ^= 1;
        assert_eq!(
            CaCertificate::parse_der(&der),
            Err(CaError::SignatureInvalid)
        );
    }
}

#[test]
fn a_devices_certificate_is_no_cas() {
    let mut params = CertificateParams::default();
    for kind in [IsCa::NoCa, IsCa::ExplicitNoCa] {
        params.is_ca = kind;
        let certificate = params.self_signed(&key()).unwrap();
        assert_eq!(
            CaCertificate::parse_der(certificate.der()),
            Err(CaError::NotCa)
        );
    }
}

#[test]
fn exactly_one_certificate_is_read() {
    let pem = data("ca.crt.pem");
    let parse = CaCertificate::parse_pem;
    assert_eq!(parse(&pem.repeat(2)), Err(CaError::NotOne(2)));
    let with_key = pem.clone() + &data("ca-rsa2048.key.pem");
    assert_eq!(parse(&with_key), Err(CaError::NotOne(2)));
    assert_eq!(parse(""), Err(CaError::Unreadable));
    let long = " ".repeat(MAX_CA_PEM_BYTES) + &pem;
    assert_eq!(parse(&long), Err(CaError::TooLarge));

    let der = operators().0.der().to_vec();
    for length in 0..der.len() {
        assert!(
            CaCertificate::parse_der(&der[..length]).is_err(),
            "{length}"
        );
    }
    let behind = [&der[..], &[0]].concat();
    assert_eq!(CaCertificate::parse_der(&behind), Err(CaError::Unreadable));
}

#[test]
fn two_answers_to_whether_it_is_a_ca_are_none() {
    let key = key();
    let name = subject(&[element(0x0c, b"Device CA")]);
    let yes = extension(19, &element(SEQUENCE, &[1, 1, 0xff]));
    let no = extension(19, &element(SEQUENCE, &[]));
    let with = |extensions: &[u8]| {
        let part = Part {
            serial: vec![1],
            issuer: name.clone(),
            subject: name.clone(),
            extensions: extensions.to_vec(),
        };
        CaCertificate::parse_der(&part.signed(&key)).map(|_| ())
    };
    assert_eq!(with(&yes), Ok(()));
    assert_eq!(with(&no), Err(CaError::NotCa));
    assert_eq!(with(&[&yes[..], &no].concat()), Err(CaError::Unreadable));
    let unreadable_usage = [&yes[..], &extension(15, &[0xff])].concat();
    assert_eq!(with(&unreadable_usage), Err(CaError::Unreadable));
}

#[test]
fn no_single_bit_of_a_certificate_can_be_changed_unnoticed() {
    let (ca, _) = authority();
    for bit in 0..ca.der().len() * 8 {
        let mut changed = ca.der().to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        // With another issuer it would be an intermediate's, whose signature the root has to judge.
        let taken = CaCertificate::parse_der(&changed);
        let judged = read_certificate(&changed).is_ok_and(|read| read.issued_by(&ca));
        assert!(!judged, "bit {bit}");
        assert!(taken.is_err() || taken != Ok(ca.clone()), "bit {bit}");
    }
}
