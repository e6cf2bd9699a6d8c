//! Asking the stack's API, which takes only so many requests in a second.

use edge_client::Timings;
use muster_cloud::operator::{Api, ApiError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// HTTP's status for too many requests (`docs/errors/Throttled.md`).
const THROTTLED: u16 = 429;

/// How long to wait before asking again: in a second the API takes `ApiRateLimit` more.
const PAUSE: Duration = Duration::from_secs(1);

/// Posts, and posts again for as long as the API has no room: nothing was kept then. Any other refusal stands. It gives
/// up when a device would.
pub async fn post<O: DeserializeOwned>(
    api: &Api,
    path: &str,
    body: &impl Serialize,
) -> Result<O, ApiError> {
    let deadline = Instant::now() + Timings::default().give_up_after;
    loop {
        match api.post(path, body).await {
            Err(ApiError::Refused {
                status: THROTTLED, ..
            }) if Instant::now() < deadline => sleep(PAUSE).await,
            answered => return answered,
        }
    }
}
