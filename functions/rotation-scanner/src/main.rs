//! Wiring of `rotation-scanner`.

use muster_cloud::{Ledger, Service, connect_in_lambda};
use muster_lambda::{Configuration, now_milliseconds, run, start_logging, variables};
use rotation_scanner::scan;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let cloud = connect_in_lambda();
    let ledger = Ledger::new(&cloud, configuration.required(variables::LEDGER_TABLE)?);
    cloud.warm(&[Service::DYNAMODB]).await;
    run(
        async |task| scan(&ledger, now_milliseconds(), task).await,
        cloud.calls,
    )
    .await
}
