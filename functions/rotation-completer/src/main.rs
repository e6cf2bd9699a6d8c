//! Wiring of `rotation-completer`.

use muster_cloud::{
    Events, Identity, Ledger, Registrations, Service, ThingDates, connect_in_lambda,
};
use muster_lambda::{
    Configuration, now_milliseconds, rotation_policy, run, start_logging, variables,
};
use rotation_completer::World;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let cloud = connect_in_lambda();
    let world = World {
        ledger: Ledger::new(&cloud, configuration.required(variables::LEDGER_TABLE)?),
        // It attaches nothing.
        certificates: Identity::new(&cloud, ""),
        activation: Registrations::new(&cloud),
        things: ThingDates::new(&cloud),
        bus: Events::new(&cloud, configuration.required(variables::EVENT_BUS)?),
        policy: rotation_policy(&configuration)?,
        timeline_days: configuration.number(variables::TIMELINE_DAYS)?,
    };
    cloud.warm(&[Service::DYNAMODB]).await;
    run(
        async |batch| world.complete(now_milliseconds(), batch).await,
        cloud.calls,
    )
    .await
}
