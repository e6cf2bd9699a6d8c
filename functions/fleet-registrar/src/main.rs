//! Wiring of `fleet-registrar`.

use fleet_registrar::{Stack, make};
use muster_cloud::{Fleets, Ledger, Objects, Service, connect_in_lambda};
use muster_lambda::{Configuration, now_seconds, place, run, start_logging, variables};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let configuration = Configuration::from_environment();
    let cloud = connect_in_lambda();
    let place = place(&configuration)?;
    let registry = Fleets::new(&cloud, place.mark());
    let files = Objects::new(&cloud, configuration.required(variables::VAULT_BUCKET)?);
    let ledger = Ledger::new(&cloud, configuration.required(variables::LEDGER_TABLE)?);
    let stack = Stack {
        place,
        provisioning_role_arn: configuration.required(variables::PROVISIONING_ROLE_ARN)?,
        hook_arn: configuration.required(variables::HOOK_ARN)?,
        token_exchange_role_arn: configuration.required(variables::TOKEN_EXCHANGE_ROLE_ARN)?,
        vault_prefix: configuration.required(variables::VAULT_PREFIX)?,
    };
    cloud.warm(&[Service::IOT, Service::DYNAMODB]).await;
    run(
        async |task| make(&registry, &files, &ledger, &stack, now_seconds(), task).await,
        cloud.calls,
    )
    .await
}
