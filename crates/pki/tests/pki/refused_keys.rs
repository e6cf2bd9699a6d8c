//! Keys that get no certificate, by the names that help their makers.

use muster_pki::{CertificateRequest, CsrError};

use crate::der::{BIT_STRING, INTEGER, Info, SEQUENCE, element, key};
use crate::{csr, parse};

fn unsupported(name: &str) -> Result<CertificateRequest, CsrError> {
    Err(CsrError::KeyUnsupported(name.to_owned()))
}

#[test]
fn an_rsa_key_below_2048_bits_is_too_small_by_a_single_bit() {
    assert_eq!(
        parse(&csr("rsa1024")),
        Err(CsrError::RsaTooSmall { bits: 1024 })
    );
    assert_eq!(
        parse(&csr("rsa2047")),
        Err(CsrError::RsaTooSmall { bits: 2047 })
    );
}

#[test]
fn other_keys_are_refused_by_their_names() {
    assert_eq!(parse(&csr("p521")), unsupported("P-521"));
    assert_eq!(parse(&csr("secp256k1")), unsupported("secp256k1"));
    assert_eq!(parse(&csr("ed25519")), unsupported("Ed25519"));
    assert_eq!(parse(&csr("ed448")), unsupported("Ed448"));
    assert_eq!(parse(&csr("rsa-pss-key")), unsupported("RSASSA-PSS"));
    assert_eq!(parse(&csr("rsa9216")), unsupported("RSA of 9216 bits"));
    assert_eq!(
        parse(&csr("p256-compressed")),
        unsupported("a compressed point")
    );
    assert_eq!(
        parse(&csr("p256-explicit")),
        unsupported("a curve given by its parameters instead of its name")
    );
}

#[test]
fn a_key_of_an_unheard_of_kind_is_named_by_its_number_unless_that_is_endless() {
    let of_kind = |arcs: &[u8]| {
        let algorithm = element(SEQUENCE, &element(6, arcs));
        let bits = element(BIT_STRING, &[0, 1, 2, 3]);
        let info = Info {
            key: element(SEQUENCE, &[algorithm, bits].concat()),
            ..Info::of(&key())
        };
        parse(&info.signed(&key()))
    };
    assert_eq!(of_kind(&[0x2b, 6, 1, 4]), unsupported("1.3.6.1.4"));
    for arcs in [[0x2b; 2000], [0xff; 2000]] {
        let refused = of_kind(&arcs);
        assert!(
            matches!(&refused, Err(CsrError::KeyUnsupported(name)) if name.len() <= 64),
            "{refused:?}"
        );
    }
}

#[test]
fn the_sentence_names_the_key_and_what_to_use_instead() {
    let sentence = parse(&csr("p521")).unwrap_err().to_string();
    assert!(
        sentence.contains("P-521") && sentence.contains("Use P-256"),
        "{sentence}"
    );
    let sentence = parse(&csr("rsa1024")).unwrap_err().to_string();
    assert!(
        sentence.contains("1024 bits") && sentence.contains("2048"),
        "{sentence}"
    );
}

#[test]
fn an_elliptic_curve_key_of_the_wrong_length_is_unreadable() {
    let key = key();
    let honest = Info::of(&key);
    for kept in [2, 32, 63, 64] {
        let algorithm = &honest.key[2..23];
        let point = &honest.key[26..26 + kept];
        let bits = element(BIT_STRING, &[&[0], point].concat());
        let info = Info {
            key: element(SEQUENCE, &[algorithm, &bits].concat()),
            ..Info::of(&key)
        };
        assert_eq!(
            parse(&info.signed(&key)),
            Err(CsrError::Unreadable),
            "{kept}"
        );
    }
}

#[test]
fn an_rsa_key_with_a_negative_modulus_is_unreadable() {
    let algorithm = [
        0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0,
    ];
    let with_modulus = |modulus: &[u8]| {
        let numbers = [element(INTEGER, modulus), element(INTEGER, &[1, 0, 1])].concat();
        let bits = element(
            BIT_STRING,
            &[&[0][..], &element(SEQUENCE, &numbers)].concat(),
        );
        let spki = element(SEQUENCE, &[&algorithm[..], &bits].concat());
        parse(
            &Info {
                key: spki,
                ..Info::of(&key())
            }
            .signed(&key()),
        )
    };
    assert_eq!(with_modulus(&[0xff; 256]), Err(CsrError::Unreadable));
    let positive = [&[0][..], &[0xff; 256]].concat();
    assert_eq!(with_modulus(&positive), Err(CsrError::SignatureInvalid));
    assert_eq!(with_modulus(&[0]), Err(CsrError::RsaTooSmall { bits: 0 }));
}
