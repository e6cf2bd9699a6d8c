//! Wiring of `certificate-issuer`.

use certificate_issuer::issue;
use muster_cloud::{Identity, Ledger, Sealing, Service, connect_in_lambda};
use muster_lambda::{Configuration, run, start_logging, variables};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let cloud = connect_in_lambda();
    let authority = Identity::new(&cloud, configuration.required(variables::DEVICE_POLICY)?);
    let ledger = Ledger::new(&cloud, configuration.required(variables::LEDGER_TABLE)?);
    let seal = Sealing::new(&cloud, configuration.required(variables::KEY_ID)?);
    cloud
        .warm(&[Service::DYNAMODB, Service::IOT, Service::KMS])
        .await;
    run(
        async |task| issue(&authority, &ledger, &seal, task).await,
        cloud.calls,
    )
    .await
}
