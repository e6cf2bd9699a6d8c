//! Certificate authorities and lists that no honest tool makes, and honest ones for them to be like.

use muster_pki::{
    CaCertificate, CaKey, CaSubject, CertificateRequest, DeviceCertificate, DeviceKey,
    DeviceProfile, Validity,
};
use rcgen::{KeyPair, PublicKeyData};
use secrecy::SecretSlice;

use crate::data;
use crate::der::{ECDSA_WITH_SHA256, INTEGER, OCTET_STRING, SEQUENCE, SET, element, signature};

/// 2026-01-01T00:00:00Z.
pub const JANUARY_2026: i64 = 1_767_225_600;
/// 2036-01-01T00:00:00Z.
pub const JANUARY_2036: i64 = 2_082_758_400;

pub const TEN_YEARS: Validity = Validity {
    not_before_unix: JANUARY_2026,
    not_after_unix: JANUARY_2036,
};

/// A CA's key of `tests/data`.
pub fn key_of(name: &str) -> CaKey {
    CaKey::from_pkcs8_der(&pkcs8_of(name)).unwrap()
}

/// The PKCS#8 of a key of `tests/data`.
pub fn pkcs8_of(name: &str) -> SecretSlice<u8> {
    muster_pki::pem_to_der(&data(&format!("{name}.key.pem")))
        .unwrap()
        .into()
}

/// The operator's own CA of `tests/data`.
pub fn operators() -> (CaCertificate, CaKey) {
    let certificate = CaCertificate::parse_pem(&data("ca.crt.pem")).unwrap();
    (certificate, key_of("ca-rsa2048"))
}

pub fn named(common_name: &str) -> CaSubject {
    CaSubject {
        common_name: common_name.to_owned(),
        ..CaSubject::default()
    }
}

/// A new CA, valid for ten years.
pub fn authority() -> (CaCertificate, CaKey) {
    let key = CaKey::generate().unwrap();
    let certificate = CaCertificate::issue(&key, &named("Device CA"), TEN_YEARS).unwrap();
    (certificate, key)
}

pub fn profile(common_name: &str) -> DeviceProfile {
    DeviceProfile {
        subject: named(common_name),
        validity: TEN_YEARS,
    }
}

/// A request that came over the wire.
pub fn request() -> CertificateRequest {
    let made = DeviceKey::generate().unwrap().csr("ignored").unwrap();
    CertificateRequest::parse_der(made.der()).unwrap()
}

/// The certificate of a device that the CA signs.
pub fn device((ca, key): &(CaCertificate, CaKey), name: &str) -> DeviceCertificate {
    ca.sign(key, &request(), &profile(name)).unwrap()
}

/// A name with these common names, each an element of any kind.
pub fn subject(common_names: &[Vec<u8>]) -> Vec<u8> {
    let part = |value: &Vec<u8>| {
        let pair = [&[6, 3, 0x55, 4, 3], &value[..]].concat();
        element(SET, &element(SEQUENCE, &pair))
    };
    element(
        SEQUENCE,
        &common_names.iter().flat_map(part).collect::<Vec<_>>(),
    )
}

/// An extension of the family of 2.5.29, without the flag that it is critical.
pub fn extension(number: u8, value: &[u8]) -> Vec<u8> {
    let kind = [6, 3, 0x55, 0x1d, number];
    element(
        SEQUENCE,
        &[&kind[..], &element(OCTET_STRING, value)].concat(),
    )
}

/// The fields of a certificate's signed part, before they are put together.
pub struct Part {
    pub serial: Vec<u8>,
    pub issuer: Vec<u8>,
    pub subject: Vec<u8>,
    pub extensions: Vec<u8>,
}

impl Part {
    /// Signed by the key, which it certifies as well.
    pub fn signed(&self, key: &KeyPair) -> Vec<u8> {
        signed(&self.unsigned(key), key)
    }

    /// What is signed.
    pub fn unsigned(&self, key: &KeyPair) -> Vec<u8> {
        let time = |text: &[u8]| element(0x17, text);
        let validity = [time(b"260101000000Z"), time(b"360101000000Z")].concat();
        let part = [
            &[0xa0, 3, 2, 1, 2][..],
            &element(INTEGER, &self.serial),
            &ECDSA_WITH_SHA256,
            &self.issuer,
            &element(SEQUENCE, &validity),
            &self.subject,
            &key.subject_public_key_info(),
            &element(0xa3, &element(SEQUENCE, &self.extensions)),
        ]
        .concat();
        element(SEQUENCE, &part)
    }
}

/// What is signed, with its signature.
pub fn signed(part: &[u8], key: &KeyPair) -> Vec<u8> {
    let fields = [part, &ECDSA_WITH_SHA256, &signature(key, part)].concat();
    element(SEQUENCE, &fields)
}

/// The key in the form of the test's library.
pub fn pair_of(key: &CaKey) -> KeyPair {
    use secrecy::ExposeSecret;
    KeyPair::try_from(key.pkcs8_der().expose_secret()).unwrap()
}
