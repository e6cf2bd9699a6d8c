//! Wiring of `chunk-publisher`.

use chunk_publisher::publish;
use muster_cloud::{Ledger, Publishing, Sealing, Service, connect_in_lambda};
use muster_lambda::{Configuration, run, start_logging, topic_prefixes, variables};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let prefixes = topic_prefixes(&configuration)?;
    let cloud = connect_in_lambda();
    let publisher = Publishing::new(&cloud);
    let ledger = Ledger::new(&cloud, configuration.required(variables::LEDGER_TABLE)?);
    let unseal = Sealing::new(&cloud, configuration.required(variables::KEY_ID)?);
    cloud
        .warm(&[Service::DYNAMODB, Service::IOT_DATA, Service::KMS])
        .await;
    run(
        async |publication| publish(&prefixes, &publisher, &ledger, &unseal, publication).await,
        cloud.calls,
    )
    .await
}
