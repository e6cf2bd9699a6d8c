//! Wiring of `claim-intake`.

use claim_intake::{Machines, take};
use muster_cloud::{Service, Workflows, connect_in_lambda};
use muster_lambda::{
    Configuration, ConfigurationError, run, start_logging, topic_prefixes, variables,
};
use muster_onboarding::ClaimRules;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let rules = ClaimRules {
        prefixes: topic_prefixes(&configuration)?,
        legacy_mode: configuration.switch(variables::LEGACY_MODE)?,
    };
    let cloud = connect_in_lambda();
    let workflows = Workflows::new(&cloud);
    let machine =
        |name| Ok::<_, ConfigurationError>(workflows.state_machine(configuration.required(name)?));
    let machines = Machines {
        provisioning: machine(variables::STATE_MACHINE_ARN)?,
        rotation: machine(variables::ROTATION_STATE_MACHINE_ARN)?,
    };
    cloud.warm(&[Service::STEP_FUNCTIONS]).await;
    run(
        async |batch| take(&rules, &machines, batch).await,
        cloud.calls,
    )
    .await
}
