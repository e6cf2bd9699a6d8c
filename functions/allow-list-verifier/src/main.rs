//! Wiring of `allow-list-verifier`.

use allow_list_verifier::verify;
use muster_cloud::{Ledger, Service, connect_in_lambda};
use muster_lambda::{Configuration, run_verifier, start_logging, variables};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let cloud = connect_in_lambda();
    let ledger = Ledger::new(&cloud, configuration.required(variables::LEDGER_TABLE)?);
    cloud.warm(&[Service::DYNAMODB]).await;
    run_verifier(
        async |question| verify(&ledger, question).await,
        cloud.calls,
    )
    .await
}
