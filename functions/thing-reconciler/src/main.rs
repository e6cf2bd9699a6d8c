//! Wiring of `thing-reconciler`.

use muster_cloud::{Inventory, Ledger, Queue, Service, ThingDates, connect_in_lambda};
use muster_lambda::{Configuration, run, start_logging, variables};
use thing_reconciler::World;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let cloud = connect_in_lambda();
    let world = World {
        ledger: Ledger::new(&cloud, configuration.required(variables::LEDGER_TABLE)?),
        things: Inventory::new(&cloud),
        dates: ThingDates::new(&cloud),
        changes: Queue::new(
            &cloud,
            configuration.required(variables::REGISTRY_QUEUE_URL)?,
        ),
    };
    cloud.warm(&[Service::DYNAMODB, Service::IOT]).await;
    run(async |task| world.reconcile(task).await, cloud.calls).await
}
