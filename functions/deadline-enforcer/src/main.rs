//! Wiring of `deadline-enforcer`.

use deadline_enforcer::World;
use muster_cloud::{Events, Identity, Ledger, Registrations, Service, connect_in_lambda};
use muster_lambda::{
    Configuration, now_milliseconds, overdue_action, rotation_policy, run, start_logging, variables,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let cloud = connect_in_lambda();
    let world = World {
        ledger: Ledger::new(&cloud, configuration.required(variables::LEDGER_TABLE)?),
        // Which policies it attaches and detaches, the ledger says.
        certificates: Identity::new(&cloud, ""),
        activation: Registrations::new(&cloud),
        bus: Events::new(&cloud, configuration.required(variables::EVENT_BUS)?),
        policy: rotation_policy(&configuration)?,
        action: overdue_action(&configuration)?,
        quarantine: configuration.required(variables::QUARANTINE_POLICY)?,
        timeline_days: configuration.number(variables::TIMELINE_DAYS)?,
    };
    cloud.warm(&[Service::DYNAMODB, Service::IOT]).await;
    run(
        async |task| world.enforce(now_milliseconds(), task).await,
        cloud.calls,
    )
    .await
}
