//! Wiring of `certificate-activator`.

use certificate_activator::activate;
use muster_cloud::{Registrations, Service, connect_in_lambda};
use muster_lambda::{run, start_logging};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let cloud = connect_in_lambda();
    let certificates = Registrations::new(&cloud);
    cloud.warm(&[Service::IOT]).await;
    run(
        async |task| activate(&certificates, task).await,
        cloud.calls,
    )
    .await
}
