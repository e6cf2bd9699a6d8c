//! Asking the stack's API, which takes only so many requests in a second.

use edge_client::Timings;
use muster_cloud::operator::{Api, ApiError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// HTTP's status for too many requests (`docs/errors/Throttled.md`).
const THROTTLED: u16 = 429;

/// HTTP's statuses for a gateway that got no answer from what is behind it: the function ended, as it may in a deployment, or was
/// too late (RFC 9110, sections 15.6.3 and 15.6.5).
const UNANSWERED: [u16; 2] = [502, 504];

/// How long to wait before asking again: in a second the API takes `ApiRateLimit` more.
const PAUSE: Duration = Duration::from_secs(1);

/// Posts, and posts again for as long as the API has no room: nothing was kept then. Any other refusal stands. It gives
/// up when a device would.
pub async fn post<O: DeserializeOwned>(
    api: &Api,
    path: &str,
    body: &impl Serialize,
) -> Result<O, ApiError> {
    post_while(|status| status == THROTTLED, api, path, body).await
}

/// Posts as [`post`] does, and again where the gateway got no answer: what is asked for may have been made, and to make it twice
/// does no harm.
pub async fn post_harmless<O: DeserializeOwned>(
    api: &Api,
    path: &str,
    body: &impl Serialize,
) -> Result<O, ApiError> {
    let passes = |status| status == THROTTLED || UNANSWERED.contains(&status);
    post_while(passes, api, path, body).await
}

async fn post_while<O: DeserializeOwned>(
    passes: impl Fn(u16) -> bool,
    api: &Api,
    path: &str,
    body: &impl Serialize,
) -> Result<O, ApiError> {
    let deadline = Instant::now() + Timings::default().give_up_after;
    loop {
        match api.post(path, body).await {
            Err(ApiError::Refused { status, .. })
                if passes(status) && Instant::now() < deadline =>
            {
                sleep(PAUSE).await;
            }
            answered => return answered,
        }
    }
}
