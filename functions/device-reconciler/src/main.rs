//! Wiring of `device-reconciler`.

use device_reconciler::World;
use muster_cloud::{
    Identity, Inventory, Ledger, Queue, Registrations, Service, Workflows, connect_in_lambda,
};
use muster_lambda::{
    Configuration, now_milliseconds, rotation_policy, run, start_logging, variables,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let cloud = connect_in_lambda();
    let workflows = Workflows::new(&cloud);
    let arns = configuration.list(variables::STATE_MACHINE_ARNS)?;
    let world = World {
        ledger: Ledger::new(&cloud, configuration.required(variables::LEDGER_TABLE)?),
        things: Inventory::new(&cloud),
        connections: Queue::new(
            &cloud,
            configuration.required(variables::CONNECTION_QUEUE_URL)?,
        ),
        workflows: arns
            .into_iter()
            .map(|arn| workflows.state_machine(arn))
            .collect(),
        registry: Registrations::new(&cloud),
        // It attaches nothing.
        policies: Identity::new(&cloud, ""),
        policy: rotation_policy(&configuration)?,
        timeline_days: configuration.number(variables::TIMELINE_DAYS)?,
    };
    cloud.warm(&[Service::DYNAMODB, Service::IOT]).await;
    run(
        async |task| world.reconcile(now_milliseconds(), task).await,
        cloud.calls,
    )
    .await
}
