//! Wiring of `device-certificate-generator`.

use device_certificate_generator::World;
use muster_cloud::{
    CaKeys, Endpoint, Ledger, Registrations, Service, VaultBucket, VerifierFunctions,
    connect_in_lambda,
};
use muster_lambda::{
    Configuration, now_milliseconds, rotation_policy, run_api, start_logging, variables,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let cloud = connect_in_lambda();
    let world = World {
        registry: Registrations::new(&cloud),
        ledger: Ledger::new(&cloud, configuration.required(variables::LEDGER_TABLE)?),
        endpoint: Endpoint::new(&cloud),
        vault: VaultBucket::new(
            &cloud,
            configuration.required(variables::VAULT_BUCKET)?,
            configuration.required(variables::VAULT_PREFIX)?,
        ),
        keys: CaKeys::new(&cloud, configuration.required(variables::KEY_ID)?),
        verifiers: VerifierFunctions::new(&cloud),
        verifier_arns: configuration.pairs(variables::VERIFIER_NAMES, variables::VERIFIER_ARNS)?,
        timeline_days: configuration.number(variables::TIMELINE_DAYS)?,
        rotation: rotation_policy(&configuration)?,
    };
    cloud
        .warm(&[Service::IOT, Service::DYNAMODB, Service::KMS])
        .await;
    run_api(
        async |event| world.generate(now_milliseconds(), event).await,
        cloud.calls,
    )
    .await
}
