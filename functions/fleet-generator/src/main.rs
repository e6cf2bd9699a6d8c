//! Wiring of `fleet-generator`.

use fleet_generator::World;
use muster_cloud::{CustomResourceAnswers, Ledger, Service, Workflows, connect_in_lambda};
use muster_lambda::{Configuration, run_api, start_logging, variables};
use uuid::Uuid;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let cloud = connect_in_lambda();
    let workflow = configuration.required(variables::STATE_MACHINE_ARN)?;
    let world = World {
        workflow: Workflows::new(&cloud).state_machine(workflow),
        ledger: Ledger::new(&cloud, configuration.required(variables::LEDGER_TABLE)?),
        resources: CustomResourceAnswers::new(),
        verifiers: configuration.list(variables::VERIFIER_NAMES)?,
    };
    cloud
        .warm(&[Service::STEP_FUNCTIONS, Service::DYNAMODB])
        .await;
    run_api(
        async |event| world.generate(&Uuid::new_v4().to_string(), event).await,
        cloud.calls,
    )
    .await
}
