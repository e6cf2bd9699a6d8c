//! Wiring of `verifiers-fetcher`, which calls nothing.

use muster_lambda::{Configuration, run_api, start_logging, variables};
use serde::de::IgnoredAny;
use verifiers_fetcher::fetch;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let names = Configuration::from_environment().list(variables::VERIFIER_NAMES)?;
    run_api(async |_: IgnoredAny| fetch(&names), ()).await
}
