//! KMS: the keys of certificate authorities, which are kept in its ciphertext only.

use crate::connect::client;
use crate::failure::lacks;
use crate::{Cloud, failure};
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeyPairSpec;
use muster_documents::CaKeyType;
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::{AuthorityKeyOpener, AuthorityKeys, SealedKeyPair};
use muster_pki::SerialNumber;
use secrecy::SecretSlice;

/// The encryption context's name for what is encrypted: a CA's key opens as nothing else. `template.yaml` allows
/// key pairs with this use only.
const USE: (&str, &str) = ("use", "ca-private-key");
/// The encryption context's name for whose key it is: the serial number of the CA's certificate, in lowercase hex.
const SERIAL: &str = "caSerialNumber";

/// The adapter to KMS for CAs' keys.
#[derive(Debug, Clone)]
pub struct CaKeys {
    client: Client,
    key_id: String,
}

impl CaKeys {
    /// Encrypts private keys with the key `key_id`.
    pub fn new(cloud: &Cloud, key_id: impl Into<String>) -> Self {
        Self {
            client: client!(aws_sdk_kms, cloud),
            key_id: key_id.into(),
        }
    }
}

impl AuthorityKeys for CaKeys {
    async fn make_ca_key(
        &self,
        key_type: CaKeyType,
        serial: &SerialNumber,
    ) -> Result<SealedKeyPair, CloudFailure> {
        const ACTION: &str = "kms:GenerateDataKeyPair";
        let spec = match key_type {
            CaKeyType::EccNistP256 => DataKeyPairSpec::EccNistP256,
            CaKeyType::Rsa2048 => DataKeyPairSpec::Rsa2048,
        };
        let answer = self
            .client
            .generate_data_key_pair()
            .key_id(&self.key_id)
            .key_pair_spec(spec)
            .encryption_context(USE.0, USE.1)
            .encryption_context(SERIAL, serial.to_string())
            .send()
            .await
            .map_err(|error| failure(ACTION, error))?;
        let in_clear = answer.private_key_plaintext;
        let sealed = answer.private_key_ciphertext_blob;
        match (in_clear, sealed) {
            (Some(in_clear), Some(sealed)) => Ok(SealedKeyPair {
                private_key: SecretSlice::from(in_clear.into_inner()),
                sealed: sealed.into_inner(),
            }),
            _ => Err(lacks(ACTION, "private key")),
        }
    }
}

impl AuthorityKeyOpener for CaKeys {
    async fn open_ca_key(
        &self,
        sealed: Vec<u8>,
        serial: &SerialNumber,
    ) -> Result<SecretSlice<u8>, CloudFailure> {
        const ACTION: &str = "kms:Decrypt";
        let answer = self
            .client
            .decrypt()
            .key_id(&self.key_id)
            .ciphertext_blob(Blob::new(sealed))
            .encryption_context(USE.0, USE.1)
            .encryption_context(SERIAL, serial.to_string())
            .send()
            .await
            .map_err(|error| failure(ACTION, error))?;
        let in_clear = answer
            .plaintext
            .ok_or_else(|| lacks(ACTION, "private key"))?;
        Ok(SecretSlice::from(in_clear.into_inner()))
    }
}
