//! The key that a device makes, and the request that it makes with it.

use muster_pki::{
    CertificateRequest, DeviceKey, KeyError, MAX_COMMON_NAME_CHARACTERS, SubmittedRequest,
};
use secrecy::{ExposeSecret, SecretString};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer;

use crate::{csr, data};

fn secret(name: &str) -> SecretString {
    data(name).into()
}

/// The part of a request that is signed.
fn signed_part(der: &[u8]) -> Vec<u8> {
    let (_, request) = X509CertificationRequest::from_der(der).unwrap();
    request.certification_request_info.raw.to_vec()
}

#[test]
fn a_devices_request_is_accepted_and_carries_its_key() {
    let key = DeviceKey::generate().unwrap();
    let made = key.csr("device-00012").unwrap();
    assert_eq!(CertificateRequest::parse_der(made.der()), Ok(made.clone()));
    let request = SubmittedRequest::parse_der(made.der()).unwrap();
    assert_eq!(request.fingerprint(), key.fingerprint());
}

/// `openssl req -verify` accepts the request in the file. A device's says the same to the byte, up to the signature,
/// which is another each time.
#[test]
fn a_devices_request_is_byte_for_byte_what_openssl_makes_of_the_same_key() {
    let key = DeviceKey::from_pem(&secret("device.key.pem")).unwrap();
    let made = key.csr("device-00012").unwrap();
    let openssls = csr("device");
    assert_eq!(signed_part(made.der()), signed_part(&openssls));

    let (_, made) = X509CertificationRequest::from_der(made.der()).unwrap();
    let (_, openssls) = X509CertificationRequest::from_der(&openssls).unwrap();
    assert_eq!(made.signature_algorithm, openssls.signature_algorithm);
    assert_eq!(made.verify_signature(), Ok(()));
}

#[test]
fn a_devices_request_is_small_whatever_its_signature() {
    for _ in 0..200 {
        let key = DeviceKey::generate().unwrap();
        assert!(key.csr("device-00012").unwrap().der().len() <= 213);
        assert!(key.csr(&"x".repeat(64)).unwrap().der().len() <= 267);
    }
}

#[test]
fn the_request_names_the_device() {
    let key = DeviceKey::generate().unwrap();
    for name in ["d", "device-00012", "a_b:c-1", "Müller", &"x".repeat(64)] {
        let made = key.csr(name).unwrap();
        assert_eq!(CertificateRequest::parse_der(made.der()), Ok(made.clone()));
        let (_, request) = X509CertificationRequest::from_der(made.der()).unwrap();
        let subject = &request.certification_request_info.subject;
        let names: Vec<_> = subject
            .iter_attributes()
            .map(|name| name.as_str().unwrap())
            .collect();
        assert_eq!(names, [name]);
    }
}

#[test]
fn a_name_that_no_certificate_can_carry_is_refused_with_its_length() {
    let key = DeviceKey::generate().unwrap();
    for characters in [0, MAX_COMMON_NAME_CHARACTERS + 1, 128] {
        let error = key.csr(&"x".repeat(characters)).unwrap_err();
        assert!(
            matches!(error, KeyError::CommonNameLength { characters: told } if told == characters),
            "{error}"
        );
    }
}

#[test]
fn a_key_survives_being_written_down_and_read() {
    let key = DeviceKey::generate().unwrap();
    let pem = key.pem();
    let again = DeviceKey::from_pem(&pem).unwrap();
    assert_eq!(again.fingerprint(), key.fingerprint());
    assert_eq!(again.pem().expose_secret(), pem.expose_secret());
    assert_eq!(
        again.pkcs8_der().expose_secret(),
        key.pkcs8_der().expose_secret()
    );
    assert!(
        pem.expose_secret()
            .starts_with("-----BEGIN PRIVATE KEY-----\n")
    );
    assert!(!pem.expose_secret().contains('\r'));
}

#[test]
fn two_devices_never_have_the_same_key() {
    let [one, other] = [(); 2].map(|()| DeviceKey::generate().unwrap().fingerprint());
    assert_ne!(one, other);
}

#[test]
fn what_is_no_p256_key_in_pkcs8_pem_is_unreadable() {
    let p256 = data("device.key.pem");
    let refused = [
        ("nothing", String::new()),
        ("garbage", "secret".to_owned()),
        ("a P-384 key", data("p384.key.pem")),
        ("an SEC1 key", data("device-sec1.key.pem")),
        ("a certificate", data("device.crt.pem")),
        ("another label", p256.replace("PRIVATE KEY", "CERTIFICATE")),
        ("half a key", p256.replace("MIG", "")),
        ("two keys", p256.repeat(2)),
    ];
    for (what, text) in refused {
        let result = DeviceKey::from_pem(&text.into());
        assert!(
            matches!(result, Err(KeyError::Unreadable)),
            "{what}: {result:?}"
        );
    }
}

/// Every way that the bytes of a key are commonly printed.
fn spellings(key: &DeviceKey) -> Vec<String> {
    let der = key.pkcs8_der();
    // In the PKCS#8 of a P-256 key the private number's 32 bytes begin at the 36th.
    let number = &der.expose_secret()[36..68];
    let pem = key.pem();
    let lines = pem.expose_secret().lines().skip(1).map(str::to_owned);
    let decimal = format!("{number:?}");
    lines
        .filter(|line| !line.starts_with('-'))
        .chain([
            hex::encode(number),
            hex::encode_upper(number),
            decimal.replace(['[', ']'], ""),
        ])
        .collect()
}

#[test]
fn nothing_of_a_key_is_printed() {
    let key = DeviceKey::from_pem(&secret("device.key.pem")).unwrap();
    let printed = format!("{key:?} {key:#?} {:?} {:?}", key.pem(), key.pkcs8_der());
    let damaged = data("device.key.pem").replace("MIG", "MI!");
    let error = DeviceKey::from_pem(&damaged.into()).unwrap_err();
    let printed = format!("{printed} {error} {error:?}");
    assert!(printed.contains(&key.fingerprint()), "{printed}");
    for secret in spellings(&key) {
        assert!(!printed.contains(&secret), "{secret} is in {printed}");
    }
}
