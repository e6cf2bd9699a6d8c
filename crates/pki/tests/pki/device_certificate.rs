//! What a certificate authority signs for its devices, and for AWS.

use std::sync::Arc;
use std::time::Duration;

use muster_pki::{
    CaCertificate, CaError, CaKey, CaSubject, CertificateRequest, DeviceProfile, SubjectError,
    SubmittedRequest, Validity, pem_to_der, read_certificate,
};
use rcgen::PublicKeyData;
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::UnixTime;
use rustls::server::WebPkiClientVerifier;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;

use crate::authority::{
    JANUARY_2026, JANUARY_2036, TEN_YEARS, authority, device, key_of, named, operators, pair_of,
    profile, request,
};
use crate::der::{BIT_STRING, Info, RSA_WITH_SHA256, SEQUENCE, element, signature};
use crate::{csr, data};

/// 2027-06-01T00:00:00Z, after 1970.
const JUNE_2027: Duration = Duration::from_hours(503_280);

/// Whether a TLS server that trusts the CA takes the certificate from its client, in June 2027.
fn is_trusted(certificate: &[u8], ca: &CaCertificate) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(ca.der().into()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .unwrap();
    let june = UnixTime::since_unix_epoch(JUNE_2027);
    verifier
        .verify_client_cert(&certificate.into(), &[], june)
        .is_ok()
}

#[test]
fn a_signed_certificate_is_trusted_for_the_key_of_the_request() {
    for ca in [authority(), operators(), intermediate(), rsa()] {
        for name in ["p256", "p384", "rsa2048"] {
            let request = CertificateRequest::parse_der(&csr(name)).unwrap();
            let signed =
                ca.0.sign(&ca.1, &request, &profile("device-00012"))
                    .unwrap();
            assert!(is_trusted(signed.der(), &ca.0), "{name}");
            let summary = read_certificate(signed.der()).unwrap();
            assert!(summary.issued_by(&ca.0) && !summary.is_ca);
            let submitted = SubmittedRequest::parse_der(&csr(name)).unwrap();
            assert_eq!(summary.public_key_fingerprint, submitted.fingerprint());
            assert_eq!(pem_to_der(&signed.pem()).unwrap(), signed.der());
        }
    }
}

fn intermediate() -> (CaCertificate, CaKey) {
    let certificate = CaCertificate::parse_pem(&data("ca-intermediate.crt.pem")).unwrap();
    (certificate, key_of("p384"))
}

fn rsa() -> (CaCertificate, CaKey) {
    let key = key_of("ca-rsa2048");
    let certificate = CaCertificate::issue(&key, &named("Device CA"), TEN_YEARS).unwrap();
    (certificate, key)
}

#[test]
fn a_signed_certificate_says_what_the_profile_says_and_nothing_that_the_request_asks_for() {
    let ca = authority();
    let request = CertificateRequest::parse_der(&csr("p256-extensions")).unwrap();
    let profile = DeviceProfile {
        subject: CaSubject {
            organization: Some("Fleet".into()),
            ..named("sensor-7")
        },
        validity: TEN_YEARS,
    };
    let signed = ca.0.sign(&ca.1, &request, &profile).unwrap();
    let (_, certificate) = X509Certificate::from_der(signed.der()).unwrap();
    assert_eq!(certificate.subject().to_string(), "O=Fleet, CN=sensor-7");
    assert!(certificate.subject_alternative_name().unwrap().is_none());
    let constraints = certificate.basic_constraints().unwrap().unwrap();
    assert!(constraints.critical && !constraints.value.ca);
    let usage = certificate.key_usage().unwrap().unwrap();
    assert_eq!(usage.value.to_string(), "Digital Signature");
    let purposes = certificate.extended_key_usage().unwrap().unwrap().value;
    assert!(purposes.client_auth && !purposes.server_auth && !purposes.any);
    assert_eq!(certificate.extensions().len(), 5);
}

/// The name has DC and OU twice, and its strings are of kinds that rcgen would not write.
#[test]
fn the_issuer_is_the_operators_subject_and_key_identifier_byte_for_byte() {
    let ca = operators();
    let signed = device(&ca, "device-00012");
    let (_, root) = X509Certificate::from_der(ca.0.der()).unwrap();
    let (_, certificate) = X509Certificate::from_der(signed.der()).unwrap();
    assert_eq!(certificate.issuer().as_raw(), root.subject().as_raw());
    let of_root = root
        .iter_extensions()
        .find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(own) => Some(own.0),
            _ => None,
        });
    let of_device =
        certificate
            .iter_extensions()
            .find_map(|extension| match extension.parsed_extension() {
                ParsedExtension::AuthorityKeyIdentifier(issuer) => {
                    issuer.key_identifier.as_ref().map(|issuer| issuer.0)
                }
                _ => None,
            });
    assert!(of_root.is_some());
    assert_eq!(of_device, of_root);
}

#[test]
fn the_validity_is_cut_to_the_cas_own() {
    let ca = authority();
    let sign = |not_before_unix, not_after_unix| {
        let profile = DeviceProfile {
            validity: Validity {
                not_before_unix,
                not_after_unix,
            },
            ..profile("device-00012")
        };
        let signed = ca.0.sign(&ca.1, &request(), &profile)?;
        let summary = read_certificate(signed.der()).unwrap();
        Ok((summary.not_before_unix, summary.not_after_unix))
    };
    let (begin, end) = (JANUARY_2026, JANUARY_2036);
    assert_eq!(sign(begin + 5, end - 5), Ok((begin + 5, end - 5)));
    assert_eq!(sign(begin - 5, end + 5), Ok((begin, end)));
    assert_eq!(sign(end + 1, end + 5), Err(CaError::OutsideCaValidity));
    assert_eq!(sign(begin - 5, begin - 1), Err(CaError::OutsideCaValidity));
    assert_eq!(sign(end, begin), Err(CaError::Validity));
    assert_eq!(sign(i64::MIN, i64::MAX), Err(CaError::Validity));
}

#[test]
fn the_cas_own_key_is_required() {
    let (ca, _) = authority();
    let result = ca.sign(&CaKey::generate().unwrap(), &request(), &profile("device"));
    assert_eq!(result, Err(CaError::KeyMismatch));
}

#[test]
fn a_device_without_a_name_gets_no_certificate() {
    let (ca, key) = authority();
    let result = ca.sign(&key, &request(), &profile(""));
    assert_eq!(result, Err(CaError::Subject(SubjectError::NoCommonName)));
}

#[test]
fn the_same_request_signed_twice_gets_two_numbers() {
    let (ca, key) = authority();
    let request = request();
    let [one, other] = [(); 2].map(|()| {
        let signed = ca.sign(&key, &request, &profile("device")).unwrap();
        read_certificate(signed.der()).unwrap().serial
    });
    assert_ne!(one, other);
}

#[test]
fn aws_finds_the_registration_code_in_a_certificate_that_the_ca_signed() {
    let code = "8f3c0a".repeat(10) + "beef";
    for (ca, key) in [authority(), operators()] {
        let pem = ca.verification_certificate(&key, &code, TEN_YEARS).unwrap();
        let summary = read_certificate(&pem_to_der(&pem).unwrap()).unwrap();
        assert_eq!(summary.common_name.as_deref(), Some(code.as_str()));
        assert!(summary.issued_by(&ca) && !summary.is_ca);
        let too_long = code.clone() + "0";
        assert!(matches!(
            ca.verification_certificate(&key, &too_long, TEN_YEARS),
            Err(CaError::Subject(SubjectError::TooLong {
                characters: 65,
                ..
            }))
        ));
    }
}

/// RFC 3279 (section 2.3.1) has the NULL. A request that leaves it away is read nevertheless, since AWS may take it.
#[test]
fn an_rsa_key_without_its_parameters_is_not_certified() {
    let pair = pair_of(&key_of("ca-rsa2048"));
    let bits = element(BIT_STRING, &[&[0], pair.der_bytes()].concat());
    let algorithm = [0x30, 11, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    let info = Info {
        key: element(SEQUENCE, &[&algorithm[..], &bits].concat()),
        ..Info::of(&pair)
    };
    let part = element(SEQUENCE, &info.fields());
    let der = [&part[..], &RSA_WITH_SHA256, &signature(&pair, &part)].concat();
    let request = CertificateRequest::parse_der(&element(SEQUENCE, &der)).unwrap();
    let (ca, key) = authority();
    let result = ca.sign(&key, &request, &profile("device-00012"));
    assert_eq!(result, Err(CaError::DeviceKey));
}
