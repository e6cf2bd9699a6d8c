//! Wiring of `delivery-acknowledger`.

use delivery_acknowledger::acknowledge;
use muster_cloud::{Ledger, Publishing, Service, Workflows, connect_in_lambda};
use muster_lambda::{Configuration, run, start_logging, topic_prefixes, variables};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let prefixes = topic_prefixes(&configuration)?;
    let cloud = connect_in_lambda();
    let ledger = Ledger::new(&cloud, configuration.required(variables::LEDGER_TABLE)?);
    let waiting = Workflows::new(&cloud);
    let publisher = Publishing::new(&cloud);
    cloud
        .warm(&[
            Service::DYNAMODB,
            Service::STEP_FUNCTIONS,
            Service::IOT_DATA,
        ])
        .await;
    run(
        async |batch| acknowledge(&prefixes, &ledger, &waiting, &publisher, batch).await,
        cloud.calls,
    )
    .await
}
