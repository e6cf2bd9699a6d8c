//! Wiring of `identity-registrar`.

use identity_registrar::register;
use muster_cloud::Identity;
use muster_lambda::{Configuration, run, start_logging, variables};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let cloud = muster_cloud::connect().await;
    let registry = Identity::new(&cloud, configuration.required(variables::DEVICE_POLICY)?);
    run(async |task| register(&registry, task).await, cloud.calls).await
}
