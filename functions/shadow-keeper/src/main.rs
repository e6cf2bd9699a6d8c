//! Wiring of `shadow-keeper`.

use muster_cloud::{Ledger, Service, ThingShadows, TokenKeys, connect_in_lambda};
use muster_lambda::{
    Configuration, now_seconds, pace_limits, run_device_api, shadow_rules, start_logging, variables,
};
use shadow_keeper::World;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let cloud = connect_in_lambda();
    let world = World {
        ledger: Ledger::new(&cloud, configuration.required(variables::LEDGER_TABLE)?),
        key: TokenKeys::new(&cloud, configuration.required(variables::TOKEN_KEY_ID)?),
        shadows: ThingShadows::new(&cloud),
        limits: pace_limits(&configuration)?,
        rules: shadow_rules(&configuration)?,
    };
    cloud
        .warm(&[Service::DYNAMODB, Service::KMS, Service::IOT_DATA])
        .await;
    run_device_api(
        async |request| Box::pin(world.serve(now_seconds(), request)).await,
        cloud.calls,
    )
    .await
}
