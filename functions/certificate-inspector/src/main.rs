//! Wiring of `certificate-inspector`.

use certificate_inspector::inspect;
use muster_cloud::{Registrations, Service, VaultRevocationLists, connect_in_lambda};
use muster_lambda::{Configuration, now_seconds, run, start_logging, variables};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let verifiers = configuration.pairs(variables::VERIFIER_NAMES, variables::VERIFIER_ARNS)?;
    let cloud = connect_in_lambda();
    let registry = Registrations::new(&cloud);
    let lists = VaultRevocationLists::new(
        &cloud,
        configuration.required(variables::VAULT_BUCKET)?,
        configuration.required(variables::VAULT_PREFIX)?,
    );
    cloud.warm(&[Service::IOT]).await;
    run(
        async |task| inspect(&registry, &lists, &verifiers, now_seconds(), task).await,
        cloud.calls,
    )
    .await
}
