//! Wiring of `event-meter`.

use event_meter::{Told, meter};
use muster_lambda::{run, start_logging};
use std::convert::Infallible;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    run(
        async |told: Told| {
            meter(&told);
            Ok::<_, Infallible>(())
        },
        (),
    )
    .await
}
