//! One configuration, and one pool of connections, for all clients of a process.

use crate::CallCounter;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{
    HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use std::time::Duration;

/// How long a connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long one attempt of a call may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(8);

/// What clients are built from.
#[derive(Debug, Clone)]
pub struct Cloud {
    /// The SDK's configuration.
    pub config: SdkConfig,
    /// Counts the calls of all clients that were built with it.
    pub calls: CallCounter,
}

/// A client of a service's SDK whose calls are counted: every SDK has types of its own with the same names.
macro_rules! client {
    ($sdk:ident, $cloud:expr) => {
        $sdk::Client::from_conf(
            $sdk::config::Builder::from(&$cloud.config)
                .interceptor($cloud.calls.clone())
                .build(),
        )
    };
}
pub(crate) use client;

/// Finds region, credentials and endpoint wherever the SDK looks for them: environment, profiles, SSO, metadata.
pub async fn connect() -> Cloud {
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client())
        .retry_config(retries())
        .timeout_config(timeouts())
        .load()
        .await;
    Cloud {
        config,
        calls: CallCounter::default(),
    }
}

/// Takes region, credentials and endpoint from the environment, where Lambda puts them, and looks nowhere else:
/// a function starts without the SDK's search through profiles and metadata services.
pub fn connect_in_lambda() -> Cloud {
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http_client())
        .credentials_provider(SharedCredentialsProvider::new(
            EnvironmentVariableCredentialsProvider::new(),
        ))
        .retry_config(retries())
        .timeout_config(timeouts());
    config.set_region(std::env::var("AWS_REGION").ok().map(Region::new));
    config.set_endpoint_url(std::env::var("AWS_ENDPOINT_URL").ok());
    Cloud {
        config: config.build(),
        calls: CallCounter::default(),
    }
}

/// The SDK retries twice on its own, for a lost packet; waiting out a throttle is the workflow's part, whose
/// back-off does not keep a function running.
fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(3)
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build()
}

/// The SDK's own HTTP client reads and parses the system's root certificates once more for each client that is
/// built; here that is done once for the process.
pub(crate) fn http_client() -> SharedHttpClient {
    let connector = connector();
    http_client_fn(move |_settings, _components| connector.clone())
}

/// A pool of connections, with and without TLS.
pub(crate) fn connector() -> SharedHttpConnector {
    let settings = HttpConnectorSettings::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .build();
    let connector = aws_smithy_http_client::Connector::builder()
        .connector_settings(settings)
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build();
    SharedHttpConnector::new(connector)
}

/// For tests: what is built from it asks at this address, with any credentials.
#[cfg(all(
    test,
    any(
        feature = "events",
        feature = "ledger",
        feature = "shadows",
        feature = "vault",
        feature = "verifying"
    )
))]
pub(crate) fn connect_to(address: &str) -> Cloud {
    let credentials = aws_credential_types::Credentials::new("key", "secret", None, None, "test");
    Cloud {
        config: SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http_client())
            .region(Region::new("eu-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(address)
            .build(),
        calls: CallCounter::default(),
    }
}
