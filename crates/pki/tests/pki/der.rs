//! Requests that no honest tool makes, built byte by byte and signed with a real key.

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData, SigningKey};

pub const INTEGER: u8 = 0x02;
pub const BIT_STRING: u8 = 0x03;
pub const OCTET_STRING: u8 = 0x04;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;
/// `[0]`, constructed: a request's attributes.
pub const ATTRIBUTES: u8 = 0xa0;
/// INTEGER 0: version 1 of a request.
pub const V1: [u8; 3] = [2, 1, 0];
/// 1.2.840.10045.4.3.2, without parameters.
pub const ECDSA_WITH_SHA256: [u8; 12] = [0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
/// 1.2.840.113549.1.1.11, with its NULL.
pub const RSA_WITH_SHA256: [u8; 15] = [
    0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11, 5, 0,
];
/// A private attribute type, 1.3.6.1.4.1.99999.1, which no parser knows.
pub const PRIVATE_TYPE: [u8; 11] = [6, 9, 0x2b, 6, 1, 4, 1, 0x86, 0x8d, 0x1f, 1];

/// One element: tag, shortest length, content.
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let digits: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut der = vec![tag];
    match digits.as_slice() {
        [] => der.push(0),
        [short @ ..=0x7f] => der.push(*short),
        long => {
            der.push(0x80 | u8::try_from(long.len()).unwrap());
            der.extend(long);
        }
    }
    der.extend(content);
    der
}

/// An element of the tag in an element of the tag in ..., as many as fit the size in bytes.
pub fn nested(tag: u8, size: usize) -> Vec<u8> {
    let mut der = element(tag, &[]);
    loop {
        let outer = element(tag, &der);
        if outer.len() > size {
            return der;
        }
        der = outer;
    }
}

/// The fields of a request's signed part, before they are put together.
pub struct Info {
    pub version: Vec<u8>,
    pub subject: Vec<u8>,
    pub key: Vec<u8>,
    pub attributes: Vec<u8>,
}

impl Info {
    /// What an honest request with an empty subject says of this key.
    pub fn of(key: &KeyPair) -> Self {
        Self {
            version: V1.to_vec(),
            subject: element(SEQUENCE, &[]),
            key: key.subject_public_key_info(),
            attributes: element(ATTRIBUTES, &[]),
        }
    }

    /// With one attribute of a private type, holding these values.
    pub fn with_attribute(self, values: &[u8]) -> Self {
        let attribute = [&PRIVATE_TYPE[..], &element(SET, values)].concat();
        Self {
            attributes: element(ATTRIBUTES, &element(SEQUENCE, &attribute)),
            ..self
        }
    }

    /// The fields, one behind the other.
    pub fn fields(&self) -> Vec<u8> {
        [
            &self.version[..],
            &self.subject,
            &self.key,
            &self.attributes,
        ]
        .concat()
    }

    /// The whole request, with an honest signature.
    pub fn signed(&self, key: &KeyPair) -> Vec<u8> {
        let info = element(SEQUENCE, &self.fields());
        element(
            SEQUENCE,
            &[
                info.clone(),
                ECDSA_WITH_SHA256.to_vec(),
                signature(key, &info),
            ]
            .concat(),
        )
    }
}

/// The signature's BIT STRING.
pub fn signature(key: &KeyPair, message: &[u8]) -> Vec<u8> {
    element(
        BIT_STRING,
        &[&[0], &key.sign(message).unwrap()[..]].concat(),
    )
}

/// A new P-256 key.
pub fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}
