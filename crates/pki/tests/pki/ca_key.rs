//! The private key of a certificate authority.

use muster_pki::{CaCertificate, CaKey, CaKeyError};
use secrecy::{ExposeSecret, SecretSlice};

use crate::authority::{TEN_YEARS, key_of, named, pkcs8_of};
use crate::der::{OCTET_STRING, SEQUENCE, element};

fn read(der: &[u8]) -> Result<CaKey, CaKeyError> {
    CaKey::from_pkcs8_der(&der.to_vec().into())
}

#[test]
fn a_key_survives_being_written_down_and_read() {
    let key = CaKey::generate().unwrap();
    let again = CaKey::from_pkcs8_der(&key.pkcs8_der()).unwrap();
    let ca = CaCertificate::issue(&key, &named("Device CA"), TEN_YEARS).unwrap();
    assert!(ca.key_matches(&again));
    assert!(!ca.key_matches(&CaKey::generate().unwrap()));
}

#[test]
fn p256_p384_and_rsa_keys_issue_their_cas() {
    for name in ["device", "p384", "ca-rsa2048"] {
        let key = key_of(name);
        let ca = CaCertificate::issue(&key, &named("Device CA"), TEN_YEARS).unwrap();
        assert!(ca.key_matches(&key), "{name}");
        assert_eq!(
            key.pkcs8_der().expose_secret(),
            pkcs8_of(name).expose_secret()
        );
    }
}

/// RFC 5915 lets the inner part name the curve once more. OpenSSL leaves it away, other tools write it.
#[test]
fn a_key_that_names_its_curve_twice_is_read() {
    let openssls = pkcs8_of("device");
    let openssls = openssls.expose_secret();
    // SEQUENCE { 0, AlgorithmIdentifier, OCTET STRING { SEQUENCE { 1, number, [1] public key } } }
    let (before, number, public_key) = (&openssls[3..27], &openssls[31..68], &openssls[68..]);
    let curve = [0xa0, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    let key = element(SEQUENCE, &[number, &curve, public_key].concat());
    let twice = element(SEQUENCE, &[before, &element(OCTET_STRING, &key)].concat());
    let ca = CaCertificate::issue(&read(&twice).unwrap(), &named("CA"), TEN_YEARS).unwrap();
    assert!(ca.key_matches(&key_of("device")));
}

#[test]
fn a_key_that_no_ca_may_have_is_refused_with_those_that_it_may() {
    let nothing = SecretSlice::from(Vec::new());
    let pem = SecretSlice::from(crate::data("ca-rsa2048.key.pem").into_bytes());
    let public_key_only: SecretSlice<u8> = crate::csr("p256").into();
    let refused = ["ca-rsa2047", "ca-p521", "ca-ed25519", "device-sec1"].map(pkcs8_of);
    for key in refused.iter().chain([&nothing, &pem, &public_key_only]) {
        let error = CaKey::from_pkcs8_der(key).unwrap_err();
        assert_eq!(error, CaKeyError::Unusable);
        assert!(
            error
                .to_string()
                .contains("P-256, P-384 or RSA of 2048 to 4096 bits")
        );
    }
}

#[test]
fn a_cut_off_key_is_refused() {
    for name in ["device", "ca-rsa2048"] {
        let der = pkcs8_of(name);
        let der = der.expose_secret();
        for length in 0..der.len() {
            assert!(read(&der[..length]).is_err(), "{name}: {length}");
        }
    }
}

#[test]
fn nothing_of_a_key_is_printed() {
    for name in ["device", "ca-rsa2048"] {
        let key = key_of(name);
        let der = key.pkcs8_der();
        let printed = format!("{key:?} {key:#?} {der:?}");
        assert!(printed.contains("fingerprint"), "{printed}");
        for secret in der.expose_secret().windows(8) {
            let decimal = format!("{secret:?}").replace(['[', ']'], "");
            for spelling in [hex::encode(secret), hex::encode_upper(secret), decimal] {
                assert!(!printed.contains(&spelling), "{spelling} is in {printed}");
            }
        }
    }
}
