//! Connections that are open before the first invocation needs them.

use crate::Cloud;
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

/// A service that a function calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// AWS IoT's control plane.
    #[cfg(feature = "identity")]
    Iot,
    /// AWS IoT's data plane.
    #[cfg(feature = "publishing")]
    IotData,
    /// `DynamoDB`.
    #[cfg(feature = "ledger")]
    DynamoDb,
    /// KMS.
    #[cfg(feature = "sealing")]
    Kms,
    /// Step Functions.
    #[cfg(feature = "workflows")]
    StepFunctions,
}

impl Cloud {
    /// Opens a connection to each service, all at once, into the pool that every client of this `Cloud` uses.
    ///
    /// It takes no permission and is no call: a request goes through the SDK up to the wire, where an unsigned
    /// `GET /ping` takes its place. So it reaches the very host that calls will go to, and the SDK has done
    /// everything once that it does at first use only. Errors do not matter here; they come again with the call.
    pub async fn warm(&self, services: &[Service]) {
        let pings = join_all(services.iter().map(|&service| self.ping(service)));
        let _ = tokio::time::timeout(LIMIT, pings).await;
    }

    fn ping(&self, service: Service) -> BoxFuture<'static, ()> {
        let config = &self.config;
        match service {
            #[cfg(feature = "identity")]
            Service::Iot => {
                let call = aws_sdk_iot::Client::new(config)
                    .describe_thing()
                    .thing_name("-");
                Box::pin(async move { drop(call.customize().interceptor(Ping).send().await) })
            }
            #[cfg(feature = "publishing")]
            Service::IotData => {
                let call = aws_sdk_iotdataplane::Client::new(config)
                    .publish()
                    .topic("-");
                Box::pin(async move { drop(call.customize().interceptor(Ping).send().await) })
            }
            #[cfg(feature = "ledger")]
            Service::DynamoDb => {
                let call = aws_sdk_dynamodb::Client::new(config)
                    .get_item()
                    .table_name("-");
                Box::pin(async move { drop(call.customize().interceptor(Ping).send().await) })
            }
            #[cfg(feature = "sealing")]
            Service::Kms => {
                let call = aws_sdk_kms::Client::new(config).decrypt();
                Box::pin(async move { drop(call.customize().interceptor(Ping).send().await) })
            }
            #[cfg(feature = "workflows")]
            Service::StepFunctions => {
                let call = aws_sdk_sfn::Client::new(config).send_task_success();
                Box::pin(async move { drop(call.customize().interceptor(Ping).send().await) })
            }
        }
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
}
