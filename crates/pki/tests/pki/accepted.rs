//! Requests that get their certificate.

use std::iter;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use muster_pki::{CertificateRequest, MAX_CSR_BYTES, SubmittedRequest, pem_to_der};

use crate::der::{Info, OCTET_STRING, RSA_WITH_SHA256, SEQUENCE, element, key};
use crate::{csr, data};

#[test]
fn every_kind_of_key_that_aws_and_muster_share_is_accepted() {
    for name in ["p256", "p384", "rsa2048", "rsa4096", "p256-extensions"] {
        let der = csr(name);
        let request = CertificateRequest::parse_der(&der);
        assert_eq!(
            request.as_ref().map(CertificateRequest::der),
            Ok(&der[..]),
            "{name}"
        );
    }
}

#[test]
fn an_rsa_signature_may_leave_out_its_empty_parameters() {
    let der = csr("rsa2048");
    let (info, rest) = elements_of(&der);
    assert_eq!(rest[..15], RSA_WITH_SHA256);
    let without = element(SEQUENCE, &RSA_WITH_SHA256[2..13]);
    let der = element(SEQUENCE, &[info, &without, &rest[15..]].concat());
    assert!(CertificateRequest::parse_der(&der).is_ok());
}

/// A request's signed part, and what comes behind it.
fn elements_of(der: &[u8]) -> (&[u8], &[u8]) {
    let content = &der[4..];
    content.split_at(4 + usize::from(u16::from_be_bytes([content[2], content[3]])))
}

#[test]
fn a_request_is_the_same_in_each_form_that_a_device_may_send() {
    let der = csr("p256");
    let expected = SubmittedRequest::parse_der(&der).unwrap();
    let base64 = STANDARD.encode(&der);
    let broken_lines: String = base64
        .as_bytes()
        .chunks(20)
        .fold(String::new(), |text, line| {
            text + "\r\n\t " + std::str::from_utf8(line).unwrap()
        });
    let forms = [
        ("pem", data("p256.csr.pem")),
        ("pem with CRLF", data("p256.csr.pem").replace('\n', "\r\n")),
        ("pem in one line", data("p256.csr.pem").replace('\n', " ")),
        (
            "pem without its last line end",
            data("p256.csr.pem").trim_end().to_owned(),
        ),
        ("pem with the older label", data("p256-new-label.csr.pem")),
        ("pem below openssl's text", data("p256-with-text.csr.pem")),
        ("base64", base64),
        ("base64 with white space", broken_lines),
    ];
    for (form, text) in forms {
        assert_eq!(
            SubmittedRequest::parse_text(&text).as_ref(),
            Ok(&expected),
            "{form}"
        );
    }
}

#[test]
fn base64_may_be_padded_or_not() {
    let der = csr("device");
    let padded = STANDARD.encode(&der);
    assert!(padded.ends_with("=="));
    for text in [padded, STANDARD_NO_PAD.encode(&der)] {
        let request = SubmittedRequest::parse_text(&text);
        assert_eq!(
            request.as_ref().map(SubmittedRequest::der),
            Ok(&der[..]),
            "{text}"
        );
    }
}

#[test]
fn the_pem_for_aws_is_the_devices_request_in_lf_lines() {
    let request = CertificateRequest::parse_der(&csr("p256")).unwrap();
    assert_eq!(request.pem(), data("p256.csr.pem"));
}

#[test]
fn the_fingerprint_is_the_sha256_of_the_public_key() {
    let request = SubmittedRequest::parse_der(&csr("device")).unwrap();
    // openssl pkey -in device.key.pem -pubout -outform DER | sha256sum
    assert_eq!(
        request.fingerprint(),
        "b7039d9c4140369be5b1567a6ccbf33cfad40805e7d6c49653a28d023829c589"
    );
}

#[test]
fn the_largest_request_allowed_is_accepted() {
    let key = key();
    let of = |filling: usize| {
        Info::of(&key)
            .with_attribute(&element(OCTET_STRING, &vec![0; filling]))
            .signed(&key)
    };
    let filling = 3500 + MAX_CSR_BYTES - of(3500).len();
    // Signatures differ in length by a byte or two.
    let largest = iter::repeat_with(|| of(filling))
        .find(|der| der.len() == MAX_CSR_BYTES)
        .unwrap();
    let request = CertificateRequest::parse_der(&largest).unwrap();
    let submitted = SubmittedRequest::parse_text(&request.pem()).unwrap();
    assert_eq!(submitted.der(), request.der());
    assert_eq!(pem_to_der(&request.pem()), Ok(largest));
}
