//! Wiring of `ca-registrator`.

use ca_registrator::{Settings, register};
use muster_cloud::{Authorities, CaKeys, Service, VaultBucket, connect_in_lambda};
use muster_lambda::{Configuration, now_seconds, run_api, start_logging, variables};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let cloud = connect_in_lambda();
    let authorities = Authorities::new(&cloud);
    let keys = CaKeys::new(&cloud, configuration.required(variables::KEY_ID)?);
    let vault = VaultBucket::new(
        &cloud,
        configuration.required(variables::VAULT_BUCKET)?,
        configuration.required(variables::VAULT_PREFIX)?,
    );
    let settings = Settings {
        verifiers: configuration.list(variables::VERIFIER_NAMES)?,
        device_policy: configuration.required(variables::DEVICE_POLICY)?,
        provisioning_role_arn: configuration.required(variables::PROVISIONING_ROLE_ARN)?,
    };
    cloud.warm(&[Service::IOT, Service::KMS]).await;
    run_api(
        async |event| register(&authorities, &keys, &vault, &settings, now_seconds(), event).await,
        cloud.calls,
    )
    .await
}
