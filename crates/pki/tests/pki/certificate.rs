//! What is read from a certificate.

use muster_pki::{CertificateError, DeviceKey, certificate_id, pem_to_der, read_certificate};
use rcgen::{CertificateParams, DistinguishedName, DnType};

use crate::data;
use crate::der::key;

fn device_certificate() -> Vec<u8> {
    pem_to_der(&data("device.crt.pem")).unwrap()
}

#[test]
fn a_certificate_tells_its_holder_its_key_and_its_end() {
    let key = DeviceKey::from_pem(&data("device.key.pem").into()).unwrap();
    let read = read_certificate(&device_certificate()).unwrap();
    assert_eq!(read.common_name.as_deref(), Some("device-00012"));
    assert_eq!(read.common_names, 1);
    assert_eq!(read.public_key_fingerprint, key.fingerprint());
    // openssl x509 -in device.crt.pem -noout -dates -serial
    assert_eq!(read.not_before_unix, 1_795_319_873);
    assert_eq!(read.not_after_unix, 2_110_679_873);
    assert_eq!(
        read.serial.to_string(),
        "197a1469bd5ae572176a84c097e0e69bbd37c108"
    );
}

#[test]
fn the_id_is_the_one_that_aws_gives() {
    // openssl x509 -in device.crt.pem -noout -fingerprint -sha256
    assert_eq!(
        certificate_id(&device_certificate()),
        "f54534cc492a835bba01c35fa883e1b0ee1351206c9f406c3b2fc1d413cc591f"
    );
}

#[test]
fn a_certificate_without_a_name_has_none() {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Example");
    let certificate = params.self_signed(&key()).unwrap();
    assert_eq!(
        read_certificate(certificate.der()).unwrap().common_name,
        None
    );
}

#[test]
fn what_is_not_exactly_one_certificate_is_unreadable() {
    let der = device_certificate();
    for length in 0..der.len() {
        assert_eq!(
            read_certificate(&der[..length]),
            Err(CertificateError::Unreadable),
            "{length}"
        );
    }
    let two = der.repeat(2);
    for other in [
        &two[..],
        &crate::csr("device"),
        data("device.crt.pem").as_bytes(),
    ] {
        assert_eq!(read_certificate(other), Err(CertificateError::Unreadable));
    }
}
