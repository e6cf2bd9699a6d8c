//! Wiring of `registry-follower`.

use muster_cloud::{Ledger, Service, ThingDates, connect_in_lambda};
use muster_lambda::{
    Configuration, now_milliseconds, rotation_policy, run, start_logging, variables,
};
use registry_follower::World;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let cloud = connect_in_lambda();
    let world = World {
        ledger: Ledger::new(&cloud, configuration.required(variables::LEDGER_TABLE)?),
        things: ThingDates::new(&cloud),
        policy: rotation_policy(&configuration)?,
        timeline_days: configuration.number(variables::TIMELINE_DAYS)?,
    };
    cloud.warm(&[Service::DYNAMODB, Service::IOT]).await;
    run(
        async |batch| world.follow(now_milliseconds(), batch).await,
        cloud.calls,
    )
    .await
}
