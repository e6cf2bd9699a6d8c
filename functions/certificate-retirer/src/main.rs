//! Wiring of `certificate-retirer`.

use certificate_retirer::World;
use muster_cloud::{Events, Identity, Ledger, Service, connect_in_lambda};
use muster_lambda::{Configuration, now_milliseconds, run, start_logging, variables};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let cloud = connect_in_lambda();
    let world = World {
        ledger: Ledger::new(&cloud, configuration.required(variables::LEDGER_TABLE)?),
        // It attaches nothing.
        certificates: Identity::new(&cloud, ""),
        bus: Events::new(&cloud, configuration.required(variables::EVENT_BUS)?),
        timeline_days: configuration.number(variables::TIMELINE_DAYS)?,
    };
    cloud.warm(&[Service::DYNAMODB, Service::IOT]).await;
    run(
        async |task| world.retire(now_milliseconds(), task).await,
        cloud.calls,
    )
    .await
}
