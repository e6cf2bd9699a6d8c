//! Requests that don't prove that their sender holds the key.

use muster_pki::CsrError;

use crate::der::{Info, key};
use crate::{csr, parse};

#[test]
fn a_changed_signature_is_invalid() {
    for name in ["p256", "p384", "rsa2048"] {
        let mut der = csr(name);
        *der.last_mut().unwrap() ^= 1;
        assert_eq!(parse(&der), Err(CsrError::SignatureInvalid), "{name}");
    }
}

#[test]
fn a_changed_subject_is_invalid() {
    for name in ["p256", "p384", "rsa2048"] {
        let mut der = csr(name);
        let subject = der
            .windows(12)
            .position(|found| found == b"device-00012")
            .unwrap();
        der[subject + 11] = b'3';
        assert_eq!(parse(&der), Err(CsrError::SignatureInvalid), "{name}");
    }
}

#[test]
fn a_request_for_somebody_elses_key_is_invalid() {
    let theirs = Info::of(&key());
    assert_eq!(
        parse(&theirs.signed(&key())),
        Err(CsrError::SignatureInvalid)
    );
}

#[test]
fn an_rsa_pss_signature_is_invalid_and_the_sentence_says_what_to_use() {
    let error = parse(&csr("rsa2048-pss-signature")).unwrap_err();
    assert_eq!(error, CsrError::SignatureInvalid);
    assert!(
        error.to_string().contains("RSA PKCS#1 over SHA-256"),
        "{error}"
    );
}

#[test]
fn a_signature_over_sha1_is_invalid() {
    assert_eq!(parse(&csr("p256-sha1")), Err(CsrError::SignatureInvalid));
    assert_eq!(parse(&csr("rsa2048-sha1")), Err(CsrError::SignatureInvalid));
}
