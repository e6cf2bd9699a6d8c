//! Wiring of `claim-intake`.

use claim_intake::{Claims, Intake, Machines};
use muster_cloud::{Events, Identity, Ledger, Service, Workflows, connect_in_lambda};
use muster_lambda::{
    Configuration, ConfigurationError, now_milliseconds, run, start_logging, surge_rule,
    topic_prefixes, variables,
};
use muster_onboarding::ClaimRules;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let cloud = connect_in_lambda();
    let workflows = Workflows::new(&cloud);
    let machine =
        |name| Ok::<_, ConfigurationError>(workflows.state_machine(configuration.required(name)?));
    let intake = Intake {
        rules: ClaimRules {
            prefixes: topic_prefixes(&configuration)?,
            legacy_mode: configuration.switch(variables::LEGACY_MODE)?,
        },
        machines: Machines {
            provisioning: machine(variables::STATE_MACHINE_ARN)?,
            rotation: machine(variables::ROTATION_STATE_MACHINE_ARN)?,
        },
        claims: Claims {
            ledger: Ledger::new(&cloud, configuration.required(variables::LEDGER_TABLE)?),
            // It attaches nothing.
            certificates: Identity::new(&cloud, ""),
            bus: Events::new(&cloud, configuration.required(variables::EVENT_BUS)?),
            surge_rule: surge_rule(&configuration)?,
        },
    };
    cloud
        .warm(&[Service::DYNAMODB, Service::STEP_FUNCTIONS])
        .await;
    run(
        async |batch| intake.take(now_milliseconds(), batch).await,
        cloud.calls,
    )
    .await
}
