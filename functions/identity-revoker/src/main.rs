//! Wiring of `identity-revoker`.

use identity_revoker::revoke;
use muster_cloud::{Identity, Ledger, Service, connect_in_lambda};
use muster_lambda::{Configuration, run, start_logging, variables};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let cloud = connect_in_lambda();
    let identity = Identity::new(&cloud, configuration.required(variables::DEVICE_POLICY)?);
    let ledger = Ledger::new(&cloud, configuration.required(variables::LEDGER_TABLE)?);
    cloud.warm(&[Service::DYNAMODB, Service::IOT]).await;
    run(
        async |task| revoke(&identity, &ledger, task).await,
        cloud.calls,
    )
    .await
}
