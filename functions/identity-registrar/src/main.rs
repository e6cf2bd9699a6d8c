//! Wiring of `identity-registrar`.

use identity_registrar::register;
use muster_cloud::{Identity, Service, connect_in_lambda};
use muster_lambda::{
    Configuration, now_milliseconds, rotation_policy, run, start_logging, variables,
};
use muster_onboarding::rotation::Day;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let cloud = connect_in_lambda();
    let registry = Identity::new(&cloud, configuration.required(variables::DEVICE_POLICY)?);
    let policy = rotation_policy(&configuration)?;
    cloud.warm(&[Service::IOT]).await;
    run(
        async |task| register(&registry, &policy, Day::of(now_milliseconds()), task).await,
        cloud.calls,
    )
    .await
}
