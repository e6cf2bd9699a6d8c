//! KMS: keys that pass through a workflow's state are sealed.

use crate::connect::client;
use crate::{Cloud, failure};
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_onboarding::ports::{Seal, Unseal};
use muster_onboarding::{CloudFailure, FailureKind};
use secrecy::{ExposeSecret, SecretString};

/// The encryption context's name: what was sealed for one certificate does not open for another.
const CONTEXT: &str = "certificateId";

/// The adapter to KMS.
#[derive(Debug, Clone)]
pub struct Sealing {
    client: Client,
    key_id: String,
}

impl Sealing {
    /// Seals and unseals with the key `key_id`, as far as the role allows.
    pub fn new(cloud: &Cloud, key_id: impl Into<String>) -> Self {
        Self {
            client: client!(aws_sdk_kms, cloud),
            key_id: key_id.into(),
        }
    }
}

fn broken(action: &'static str, message: &str) -> CloudFailure {
    CloudFailure {
        kind: FailureKind::Refused,
        action,
        message: message.to_owned(),
        source: None,
    }
}

impl Seal for Sealing {
    async fn seal(
        &self,
        secret: &SecretString,
        certificate_id: &str,
    ) -> Result<String, CloudFailure> {
        const ACTION: &str = "kms:Encrypt";
        let answer = self
            .client
            .encrypt()
            .key_id(&self.key_id)
            .plaintext(Blob::new(secret.expose_secret().as_bytes()))
            .encryption_context(CONTEXT, certificate_id)
            .send()
            .await
            .map_err(|error| failure(ACTION, error))?;
        let sealed = answer
            .ciphertext_blob()
            .ok_or_else(|| broken(ACTION, "the answer is empty"))?;
        Ok(STANDARD.encode(sealed.as_ref()))
    }
}

impl Unseal for Sealing {
    async fn unseal(
        &self,
        sealed: &str,
        certificate_id: &str,
    ) -> Result<SecretString, CloudFailure> {
        const ACTION: &str = "kms:Decrypt";
        let sealed = STANDARD
            .decode(sealed)
            .map_err(|_| broken(ACTION, "the sealed key is not base64"))?;
        let answer = self
            .client
            .decrypt()
            .key_id(&self.key_id)
            .ciphertext_blob(Blob::new(sealed))
            .encryption_context(CONTEXT, certificate_id)
            .send()
            .await
            .map_err(|error| failure(ACTION, error))?;
        let secret = answer
            .plaintext()
            .ok_or_else(|| broken(ACTION, "the answer is empty"))?;
        let text = std::str::from_utf8(secret.as_ref())
            .map_err(|_| broken(ACTION, "what was sealed is not text"))?;
        Ok(SecretString::from(text.to_owned()))
    }
}
