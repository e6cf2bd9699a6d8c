//! Connections that are open before the first invocation needs them.

use crate::Cloud;
use aws_config::SdkConfig;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use futures_util::future::{BoxFuture, join_all};
use std::time::Duration;

/// How long init waits for the connections. What is not open by then opens with the first call.
const LIMIT: Duration = Duration::from_secs(1);

/// A service that a function calls. A value for each and no enum, so that a function links only those it names.
#[derive(Debug, Clone, Copy)]
pub struct Service(fn(&SdkConfig) -> BoxFuture<'static, ()>);

impl Service {
    /// AWS IoT's control plane.
    #[cfg(any(feature = "authorities", feature = "fleets", feature = "identity"))]
    pub const IOT: Self = Self(|config| {
        let call = aws_sdk_iot::Client::new(config)
            .describe_thing()
            .thing_name("-");
        Box::pin(async move { drop(call.customize().interceptor(Ping).send().await) })
    });
    /// AWS IoT's data plane.
    #[cfg(any(feature = "publishing", feature = "shadows"))]
    pub const IOT_DATA: Self = Self(|config| {
        let call = aws_sdk_iotdataplane::Client::new(config)
            .publish()
            .topic("-");
        Box::pin(async move { drop(call.customize().interceptor(Ping).send().await) })
    });
    /// `DynamoDB`.
    #[cfg(feature = "ledger")]
    pub const DYNAMODB: Self = Self(|config| {
        let call = aws_sdk_dynamodb::Client::new(config)
            .get_item()
            .table_name("-");
        Box::pin(async move { drop(call.customize().interceptor(Ping).send().await) })
    });
    /// `EventBridge`.
    #[cfg(feature = "events")]
    pub const EVENTBRIDGE: Self = Self(|config| {
        let call = aws_sdk_eventbridge::Client::new(config).put_events();
        Box::pin(async move { drop(call.customize().interceptor(Ping).send().await) })
    });
    /// KMS.
    #[cfg(any(feature = "authorities", feature = "sealing", feature = "tokens"))]
    pub const KMS: Self = Self(|config| {
        let call = aws_sdk_kms::Client::new(config).decrypt();
        Box::pin(async move { drop(call.customize().interceptor(Ping).send().await) })
    });
    /// Step Functions.
    #[cfg(feature = "workflows")]
    pub const STEP_FUNCTIONS: Self = Self(|config| {
        let call = aws_sdk_sfn::Client::new(config).send_task_success();
        Box::pin(async move { drop(call.customize().interceptor(Ping).send().await) })
    });
}

impl Cloud {
    /// Opens a connection to each service, all at once, into the pool that every client of this `Cloud` uses.
    ///
    /// It takes no permission and is no call: a request goes through the SDK up to the wire, where an unsigned
    /// `GET /ping` takes its place. So it reaches the very host that calls will go to, and the SDK has done
    /// everything once that it does at first use only. Errors do not matter here; they come again with the call.
    pub async fn warm(&self, services: &[Service]) {
        let pings = join_all(services.iter().map(|Service(ping)| ping(&self.config)));
        let _ = tokio::time::timeout(LIMIT, pings).await;
    }
}

/// Replaces the signed request, body, token and all.
#[derive(Debug)]
struct Ping;

#[dyn_dispatch_hint]
impl Intercept for Ping {
    fn name(&self) -> &'static str {
        "Ping"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let address = ping_address(context.request().uri()).ok_or("the request has no host")?;
        *context.request_mut() = HttpRequest::get(address)?;
        Ok(())
    }
}

/// The address that many AWS services answer for their own health checks; any other answer does as well.
fn ping_address(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once("://")?;
    let host = rest
        .split(['/', '?'])
        .next()
        .filter(|host| !host.is_empty())?;
    Some(format!("{scheme}://{host}/ping"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ping_goes_to_the_host_and_port_of_the_call_and_carries_nothing_of_it() {
        let address = ping_address("http://127.0.0.1:4566/things/secret?x=y").unwrap();
        assert_eq!(address, "http://127.0.0.1:4566/ping");
        let address = ping_address("https://dynamodb.eu-central-1.amazonaws.com").unwrap();
        assert_eq!(address, "https://dynamodb.eu-central-1.amazonaws.com/ping");
        assert_eq!(ping_address("/only/a/path"), None);
    }

    #[cfg(feature = "identity")]
    mod on_the_wire {
        use super::super::*;
        use crate::{CallCounter, connect};
        use aws_config::{BehaviorVersion, Region};
        use aws_credential_types::Credentials;
        use aws_credential_types::provider::SharedCredentialsProvider;
        use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
        use tokio::net::TcpListener;
        use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

        /// Answers 404 to everything, and tells each request's head with the number of its connection.
        async fn service() -> (String, UnboundedReceiver<(usize, String)>) {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = format!("http://{}", listener.local_addr().unwrap());
            let (told, requests) = unbounded_channel();
            tokio::spawn(async move {
                for connection in 0.. {
                    let mut stream = BufReader::new(listener.accept().await.unwrap().0);
                    let told = told.clone();
                    tokio::spawn(async move {
                        let mut head = String::new();
                        while stream.read_line(&mut head).await.is_ok_and(|read| read > 0) {
                            if head.ends_with("\r\n\r\n") {
                                told.send((connection, std::mem::take(&mut head))).unwrap();
                                let answer = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
                                stream.write_all(answer).await.unwrap();
                            }
                        }
                    });
                }
            });
            (address, requests)
        }

        #[tokio::test]
        async fn the_first_call_finds_its_connection_open_and_the_ping_was_not_signed() {
            let (address, mut requests) = service().await;
            let credentials = Credentials::new("key", "secret", Some("token".into()), None, "test");
            let config = SdkConfig::builder()
                .behavior_version(BehaviorVersion::latest())
                .http_client(connect::http_client())
                .region(Region::new("eu-central-1"))
                .credentials_provider(SharedCredentialsProvider::new(credentials))
                .endpoint_url(address)
                .build();
            let cloud = Cloud {
                config,
                calls: CallCounter::default(),
            };

            cloud.warm(&[Service::IOT]).await;
            let client = aws_sdk_iot::Client::new(&cloud.config);
            let _ = client.describe_thing().thing_name("sensor-1").send().await;

            let (opened_by, ping) = requests.recv().await.unwrap();
            assert!(ping.starts_with("GET /ping HTTP/1.1\r\n"), "{ping}");
            let ping = ping.to_lowercase();
            assert!(
                !ping.contains("authorization") && !ping.contains("token"),
                "{ping}"
            );
            let (used_by, call) = requests.recv().await.unwrap();
            assert!(call.starts_with("GET /things/sensor-1 "), "{call}");
            assert_eq!(opened_by, used_by);
        }

        #[tokio::test]
        async fn a_service_that_is_not_there_does_not_keep_a_function_from_starting() {
            let config = SdkConfig::builder()
                .behavior_version(BehaviorVersion::latest())
                .http_client(connect::http_client())
                .region(Region::new("eu-central-1"))
                .endpoint_url("http://127.0.0.1:9")
                .build();
            let cloud = Cloud {
                config,
                calls: CallCounter::default(),
            };
            let began = std::time::Instant::now();
            cloud.warm(&[Service::IOT]).await;
            assert!(began.elapsed() < LIMIT + Duration::from_secs(1));
        }
    }
}
