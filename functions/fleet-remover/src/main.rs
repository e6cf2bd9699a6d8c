//! Wiring of `fleet-remover`.

use fleet_remover::{Stack, remove};
use muster_cloud::{Fleets, Ledger, Objects, Service, connect_in_lambda};
use muster_lambda::{Configuration, place, run, start_logging, variables};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let cloud = connect_in_lambda();
    let place = place(&configuration)?;
    let registry = Fleets::new(&cloud, place.mark());
    let files = Objects::new(&cloud, configuration.required(variables::VAULT_BUCKET)?);
    let ledger = Ledger::new(&cloud, configuration.required(variables::LEDGER_TABLE)?);
    let stack = Stack {
        place,
        vault_prefix: configuration.required(variables::VAULT_PREFIX)?,
    };
    cloud.warm(&[Service::IOT, Service::DYNAMODB]).await;
    run(
        async |task| remove(&registry, &files, &ledger, &stack, task).await,
        cloud.calls,
    )
    .await
}
