//! Wiring of `rotation-notifier`.

use muster_cloud::{Ledger, Publishing, Service, connect_in_lambda};
use muster_lambda::{Configuration, rotation_policy, run, start_logging, variables};
use rotation_notifier::notify;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let cloud = connect_in_lambda();
    let ledger = Ledger::new(&cloud, configuration.required(variables::LEDGER_TABLE)?);
    let publisher = Publishing::new(&cloud);
    let policy = rotation_policy(&configuration)?;
    cloud.warm(&[Service::DYNAMODB, Service::IOT_DATA]).await;
    run(
        async |task| notify(&ledger, &publisher, &policy, task).await,
        cloud.calls,
    )
    .await
}
