//! What is no request, or not one that is read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_pki::{CsrError, MAX_CSR_BYTES, SubmittedRequest, der_to_pem};

use crate::{csr, data, parse};

fn parse_text(text: &str) -> Result<SubmittedRequest, CsrError> {
    SubmittedRequest::parse_text(text)
}

#[test]
fn nothing_and_garbage_are_unreadable() {
    for der in [
        &[][..],
        &[0],
        &[0x30],
        &[0x30, 0],
        &[0x30, 0x80, 0, 0],
        &[0xff; 300],
        b"hello",
    ] {
        assert_eq!(parse(der), Err(CsrError::Unreadable), "{der:?}");
    }
    for text in [
        "",
        "  \n",
        "hello",
        "{}",
        "MIH+",
        "ąę",
        "-----BEGIN ",
        "=",
        "Zg===",
    ] {
        assert_eq!(parse_text(text), Err(CsrError::Unreadable), "{text:?}");
    }
}

#[test]
fn a_request_cut_off_anywhere_is_unreadable() {
    for name in ["p256", "rsa2048"] {
        let der = csr(name);
        for length in 0..der.len() {
            assert_eq!(
                parse(&der[..length]),
                Err(CsrError::Unreadable),
                "{name} after {length}"
            );
        }
    }
}

#[test]
fn bytes_after_the_request_are_unreadable() {
    let der = [&csr("p256")[..], &[0]].concat();
    assert_eq!(parse(&der), Err(CsrError::Unreadable));
    assert_eq!(
        parse_text(&STANDARD.encode(&der)),
        Err(CsrError::Unreadable)
    );
    assert_eq!(
        parse_text(&der_to_pem("CERTIFICATE REQUEST", &der)),
        Err(CsrError::Unreadable)
    );
}

#[test]
fn a_request_of_more_than_4096_bytes_is_too_large() {
    for size in [MAX_CSR_BYTES + 1, 100_000] {
        let der = vec![0x30; size];
        assert_eq!(parse(&der), Err(CsrError::TooLarge), "{size}");
        assert_eq!(
            parse_text(&STANDARD.encode(&der)),
            Err(CsrError::TooLarge),
            "{size}"
        );
        let pem = der_to_pem("CERTIFICATE REQUEST", &der);
        assert_eq!(parse_text(&pem), Err(CsrError::TooLarge), "{size}");
    }
    let white_space = " ".repeat(1_000_000);
    assert_eq!(parse_text(&white_space), Err(CsrError::TooLarge));
}

#[test]
fn pem_of_something_else_is_unreadable() {
    let der = csr("p256");
    for label in [
        "CERTIFICATE",
        "PRIVATE KEY",
        "certificate request",
        "X509 CSR",
    ] {
        assert_eq!(
            parse_text(&der_to_pem(label, &der)),
            Err(CsrError::Unreadable),
            "{label}"
        );
    }
    let certificate = data("device.crt.pem").replace("CERTIFICATE", "CERTIFICATE REQUEST");
    assert_eq!(parse_text(&certificate), Err(CsrError::Unreadable));
}

#[test]
fn two_requests_in_one_text_are_unreadable_since_either_could_be_meant() {
    let text = data("p256.csr.pem") + &data("p384.csr.pem");
    assert_eq!(parse_text(&text), Err(CsrError::Unreadable));
}

#[test]
fn base64_with_other_characters_is_unreadable() {
    let base64 = STANDARD.encode(csr("p256"));
    for other in ["!", "-", "_", "\0", "=", "\u{a0}"] {
        let text = format!("{}{other}{}", &base64[..40], &base64[40..]);
        assert_eq!(parse_text(&text), Err(CsrError::Unreadable), "{other:?}");
    }
    let damaged = data("p256.csr.pem")
        .replace("MII", "M!I")
        .replace("MIH", "M!H");
    assert_eq!(parse_text(&damaged), Err(CsrError::Unreadable));
}
