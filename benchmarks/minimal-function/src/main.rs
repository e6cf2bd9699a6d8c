//! What the AWS SDK's own examples come to: a function that makes one `DescribeThing` for each invocation.

use aws_config::BehaviorVersion;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let http_client = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client)
        .load()
        .await;
    let iot = aws_sdk_iot::Client::new(&config);
    let iot = &iot;
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<Value>| {
        let thing = event.payload["thingName"].as_str().unwrap_or_default();
        let found = iot.describe_thing().thing_name(thing).send().await?;
        Ok::<_, Error>(json!({ "thingId": found.thing_id() }))
    }))
    .await
}
