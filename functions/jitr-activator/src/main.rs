//! Wiring of `jitr-activator`.

use jitr_activator::take;
use muster_cloud::{Service, Workflows, connect_in_lambda};
use muster_lambda::{Configuration, run, start_logging, variables};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let cloud = connect_in_lambda();
    let workflow =
        Workflows::new(&cloud).state_machine(configuration.required(variables::STATE_MACHINE_ARN)?);
    cloud.warm(&[Service::STEP_FUNCTIONS]).await;
    run(async |batch| take(&workflow, batch).await, cloud.calls).await
}
