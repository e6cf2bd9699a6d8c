//! KMS: the keyed hashes of tokens.

use crate::connect::client;
use crate::failure::lacks;
use crate::{Cloud, failure};
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::MacAlgorithmSpec;
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::TokenKey;

/// The adapter to the stack's key for tokens, which makes hashes and is never seen.
#[derive(Debug, Clone)]
pub struct TokenKeys {
    client: Client,
    key_id: String,
}

impl TokenKeys {
    /// Hashes with the key `key_id`, as far as the role allows.
    pub fn new(cloud: &Cloud, key_id: impl Into<String>) -> Self {
        Self {
            client: client!(aws_sdk_kms, cloud),
            key_id: key_id.into(),
        }
    }
}

impl TokenKey for TokenKeys {
    async fn token_mac(&self, digest: &str) -> Result<Vec<u8>, CloudFailure> {
        const ACTION: &str = "kms:GenerateMac";
        let answer = self
            .client
            .generate_mac()
            .key_id(&self.key_id)
            .mac_algorithm(MacAlgorithmSpec::HmacSha256)
            .message(Blob::new(digest.as_bytes()))
            .send()
            .await
            .map_err(|error| failure(ACTION, error))?;
        let mac = answer.mac.ok_or_else(|| lacks(ACTION, "hash"))?;
        Ok(mac.into_inner())
    }
}
