//! Wiring of `bundle-packer`.

use bundle_packer::{Stack, pack};
use muster_cloud::{Endpoint, Ledger, Objects, Service, connect_in_lambda};
use muster_lambda::{Configuration, run, start_logging, variables};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let cloud = connect_in_lambda();
    let files = Objects::new(&cloud, configuration.required(variables::VAULT_BUCKET)?);
    let ledger = Ledger::new(&cloud, configuration.required(variables::LEDGER_TABLE)?);
    let endpoint = Endpoint::new(&cloud);
    let stack = Stack {
        device_endpoint: configuration.optional(variables::DEVICE_ENDPOINT),
        vault_prefix: configuration.required(variables::VAULT_PREFIX)?,
    };
    cloud.warm(&[Service::IOT, Service::DYNAMODB]).await;
    run(
        async |task| pack(&files, &ledger, &endpoint, &stack, task).await,
        cloud.calls,
    )
    .await
}
