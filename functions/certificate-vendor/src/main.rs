//! Wiring of `certificate-vendor`.

use certificate_vendor::{Address, World};
use muster_cloud::{
    Endpoint, ExpressMachine, Ledger, Objects, Service, TokenKeys, connect_in_lambda,
};
use muster_lambda::{
    Configuration, now_seconds, pace_limits, run_device_api, start_logging, variables,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let cloud = connect_in_lambda();
    let world = World {
        ledger: Ledger::new(&cloud, configuration.required(variables::LEDGER_TABLE)?),
        key: TokenKeys::new(&cloud, configuration.required(variables::TOKEN_KEY_ID)?),
        workflow: ExpressMachine::new(
            &cloud,
            configuration.required(variables::STATE_MACHINE_ARN)?,
        ),
        address: Address::new(
            Endpoint::new(&cloud),
            Objects::new(&cloud, configuration.required(variables::VAULT_BUCKET)?),
            configuration.optional(variables::DEVICE_ENDPOINT),
        ),
        limits: pace_limits(&configuration)?,
    };
    cloud
        .warm(&[Service::DYNAMODB, Service::KMS, Service::STEP_FUNCTIONS])
        .await;
    run_device_api(
        async |request| Box::pin(world.answer(now_seconds(), request)).await,
        cloud.calls,
    )
    .await
}
