//! A device's key for one reader only (HPKE, RFC 9180).

use crate::GenerateError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::DhP256HkdfSha256 as Kem;
use hpke::{Deserializable, OpModeS, Serializable, single_shot_seal};
use muster_documents::{ENCRYPTION_INFO, EncryptedKey};
use muster_pki::p256_point;
use secrecy::{ExposeSecret, SecretString};

/// Who is to read a key.
pub(crate) struct Reader(<Kem as hpke::Kem>::PublicKey);

impl Reader {
    /// The holder of this key on P-256, PEM. `None` if it is none, or its point is not on the curve.
    pub(crate) fn from_pem(public_key: &str) -> Option<Self> {
        let point = p256_point(public_key)?;
        let key = <Kem as hpke::Kem>::PublicKey::from_bytes(&point).ok()?;
        Some(Self(key))
    }

    /// Encrypts a key, bound to the certificate that it belongs to.
    pub(crate) fn encrypt(
        &self,
        private_key: &SecretString,
        certificate_id: &str,
    ) -> Result<EncryptedKey, GenerateError> {
        let (encapsulated, ciphertext) = single_shot_seal::<AesGcm256, HkdfSha256, Kem>(
            &OpModeS::Base,
            &self.0,
            ENCRYPTION_INFO.as_bytes(),
            private_key.expose_secret().as_bytes(),
            certificate_id.as_bytes(),
        )
        .map_err(|_| GenerateError::NotEncrypted)?;
        Ok(EncryptedKey {
            encapsulated_key: STANDARD.encode(encapsulated.to_bytes()),
            ciphertext: STANDARD.encode(ciphertext),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hpke::{Kem as _, OpModeR, single_shot_open};

    #[test]
    fn only_the_holder_of_the_key_reads_it_and_only_as_that_certificates() {
        let (private, public) = Kem::gen_keypair();
        let secret = SecretString::from("the key".to_owned());
        let reader = Reader(public);
        let encrypted = reader.encrypt(&secret, "id").unwrap();
        let decode = |text: &str| STANDARD.decode(text).unwrap();
        let encapsulated = decode(&encrypted.encapsulated_key);
        assert_eq!(encapsulated.len(), 65);
        let encapsulated = <Kem as hpke::Kem>::EncappedKey::from_bytes(&encapsulated).unwrap();
        let open = |key, id: &str| {
            single_shot_open::<AesGcm256, HkdfSha256, Kem>(
                &OpModeR::Base,
                key,
                &encapsulated,
                ENCRYPTION_INFO.as_bytes(),
                &decode(&encrypted.ciphertext),
                id.as_bytes(),
            )
        };
        assert_eq!(open(&private, "id").unwrap(), b"the key");
        assert!(open(&private, "another").is_err());
        assert!(open(&Kem::gen_keypair().0, "id").is_err());
        assert_ne!(reader.encrypt(&secret, "id").unwrap(), encrypted);
    }
}
