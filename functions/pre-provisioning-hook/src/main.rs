//! Wiring of `pre-provisioning-hook`.

use muster_cloud::{
    Events, Identity, Ledger, Queue, Registrations, Service, ThingDates, VerifierFunctions,
    connect_in_lambda,
};
use muster_lambda::{
    Configuration, now_milliseconds, rotation_policy, run, start_logging, surge_rule, variables,
};
use pre_provisioning_hook::{Patience, World};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let cloud = connect_in_lambda();
    let patience = Patience::default();
    let world = World {
        ledger: Ledger::new(&cloud, configuration.required(variables::LEDGER_TABLE)?),
        // It attaches nothing.
        certificates: Identity::new(&cloud, ""),
        things: Registrations::new(&cloud),
        dates: ThingDates::new(&cloud),
        verifiers: VerifierFunctions::with_patience(&cloud, patience.verifier),
        bus: Events::new(&cloud, configuration.required(variables::EVENT_BUS)?),
        verifier_arns: configuration.pairs(variables::VERIFIER_NAMES, variables::VERIFIER_ARNS)?,
        surge_rule: surge_rule(&configuration)?,
        connections: Queue::new(
            &cloud,
            configuration.required(variables::CONNECTION_QUEUE_URL)?,
        ),
        timeline_days: configuration.number(variables::TIMELINE_DAYS)?,
        rotation: rotation_policy(&configuration)?,
        patience,
    };
    cloud
        .warm(&[Service::DYNAMODB, Service::EVENTBRIDGE, Service::IOT])
        .await;
    run(
        async |payload| Box::pin(world.answer(now_milliseconds(), payload)).await,
        cloud.calls,
    )
    .await
}
