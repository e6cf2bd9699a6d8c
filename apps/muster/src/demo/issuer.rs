//! The operator's part of the way over HTTPS: a token for each device.

use crate::commands::Failure;
use muster_cloud::TokenKeys;
use muster_cloud::operator::{Terms, Tokens};
use muster_documents::Serial;
use muster_onboarding::tokens::Opens;
use secrecy::SecretString;

/// How long a token is good, in seconds.
const LIFE: i64 = 3600;

/// Issues tokens.
#[derive(Debug, Clone)]
pub struct Issuer {
    /// Where they are kept.
    pub tokens: Tokens,
    /// What they are hashed with.
    pub keys: TokenKeys,
}

impl Issuer {
    /// A token for a device's certificate.
    pub async fn issue(&self, serial: &Serial) -> Result<SecretString, Failure> {
        let now = jiff::Timestamp::now().as_second();
        let terms = Terms {
            opens: Opens::Certificate,
            created_at: now,
            expires_at: now + LIFE,
            retire_after_hours: None,
        };
        let issued = self.tokens.issue(&self.keys, serial, &terms).await?;
        Ok(issued.text)
    }
}
