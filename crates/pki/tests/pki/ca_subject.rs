//! The names that certificates can carry.

use muster_pki::{CaCertificate, CaError, CaKey, CaSubject, SubjectError};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::authority::{TEN_YEARS, named};

fn issued(subject: &CaSubject) -> String {
    let key = CaKey::generate().unwrap();
    let ca = CaCertificate::issue(&key, subject, TEN_YEARS).unwrap();
    let (_, certificate) = X509Certificate::from_der(ca.der()).unwrap();
    certificate.subject().to_string()
}

fn full() -> CaSubject {
    CaSubject {
        common_name: "Device CA".into(),
        country: Some("DE".into()),
        state: Some("Bayern".into()),
        locality: Some("München".into()),
        organization: Some("Example".into()),
        organizational_unit: Some("Devices".into()),
    }
}

#[test]
fn every_field_stands_in_the_certificate_and_empty_ones_do_not() {
    assert_eq!(
        issued(&full()),
        "C=DE, ST=Bayern, L=München, O=Example, OU=Devices, CN=Device CA"
    );
    let sparse = CaSubject {
        country: Some(String::new()),
        state: Some(" ".into()),
        locality: None,
        organization: Some("Example".into()),
        organizational_unit: Some(String::new()),
        ..full()
    };
    assert_eq!(issued(&sparse), "O=Example, CN=Device CA");
}

#[test]
fn a_common_name_is_required() {
    for empty in ["", "   "] {
        assert_eq!(named(empty).validate(), Err(SubjectError::NoCommonName));
    }
}

#[test]
fn the_longest_fields_are_taken_and_a_character_more_is_told() {
    type Field = fn(&mut CaSubject) -> &mut String;
    let fields: [(&str, usize, Field); 5] = [
        ("common name", 64, |subject| &mut subject.common_name),
        ("state", 128, |subject| {
            subject.state.get_or_insert_default()
        }),
        ("locality", 128, |subject| {
            subject.locality.get_or_insert_default()
        }),
        ("organization", 64, |subject| {
            subject.organization.get_or_insert_default()
        }),
        ("organizational unit", 64, |subject| {
            subject.organizational_unit.get_or_insert_default()
        }),
    ];
    for (field, most, of) in fields {
        let mut subject = full();
        *of(&mut subject) = "ü".repeat(most);
        assert_eq!(subject.validate(), Ok(()));
        of(&mut subject).push('x');
        let characters = most + 1;
        assert_eq!(
            subject.validate(),
            Err(SubjectError::TooLong {
                field,
                characters,
                most
            })
        );
        for control in ['\n', '\t', '\0', '\u{7f}', '\u{85}'] {
            *of(&mut subject) = format!("a{control}b");
            assert_eq!(
                subject.validate(),
                Err(SubjectError::ControlCharacter { field })
            );
        }
    }
}

#[test]
fn a_country_is_two_letters() {
    for country in ["D", "DEU", "D1", "Ü", "ÄÖ", "D\n", "D "] {
        let subject = CaSubject {
            country: Some(country.into()),
            ..full()
        };
        assert_eq!(subject.validate(), Err(SubjectError::Country), "{country}");
    }
}

#[test]
fn a_ca_gets_no_certificate_for_a_name_that_is_refused() {
    let key = CaKey::generate().unwrap();
    let result = CaCertificate::issue(&key, &named(""), TEN_YEARS);
    assert_eq!(result, Err(CaError::Subject(SubjectError::NoCommonName)));
}
