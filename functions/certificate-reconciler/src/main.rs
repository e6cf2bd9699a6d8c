//! Wiring of `certificate-reconciler`.

use certificate_reconciler::World;
use muster_cloud::{Identity, Inventory, Ledger, Queue, Registrations, Service, connect_in_lambda};
use muster_lambda::{Configuration, now_milliseconds, run, start_logging, variables};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let cloud = connect_in_lambda();
    let world = World {
        ledger: Ledger::new(&cloud, configuration.required(variables::LEDGER_TABLE)?),
        inventory: Inventory::new(&cloud),
        // It attaches nothing.
        certificates: Identity::new(&cloud, ""),
        registry: Registrations::new(&cloud),
        registrations: Queue::new(
            &cloud,
            configuration.required(variables::REGISTRATION_QUEUE_URL)?,
        ),
    };
    cloud.warm(&[Service::DYNAMODB, Service::IOT]).await;
    run(
        async |task| world.reconcile(now_milliseconds(), task).await,
        cloud.calls,
    )
    .await
}
