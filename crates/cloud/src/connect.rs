//! One configuration for all clients of a process.

use crate::CallCounter;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, tls};
use std::time::Duration;

/// What clients are built from.
#[derive(Debug, Clone)]
pub struct Cloud {
    /// The SDK's configuration.
    pub config: SdkConfig,
    /// Counts the calls of all clients that were built with it.
    pub calls: CallCounter,
}

/// Reads region, credentials and endpoint from the environment, as Lambda and the local stack set them.
///
/// The SDK retries twice on its own, for a lost packet; waiting out a throttle is the workflow's part, whose
/// back-off does not keep a function running.
pub async fn connect() -> Cloud {
    let http_client = Builder::new()
        .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(8))
        .build();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client)
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(timeouts)
        .load()
        .await;
    Cloud { config, calls: CallCounter::default() }
}
