//! The demo's certificate authorities: made before its devices, and taken away after them.

use super::asking;
use super::leavings::Leavings;
use crate::commands::Failure;
use crate::target::Target;
use muster_cloud::operator::ApiError;
use muster_documents::{RegisteredAuthority, Route};
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The verifier that lets in what was imported, as the demo's devices are.
const VERIFIER: &str = "allow-list";

/// How long the API may still be registering a CA whose answer nobody waits for any more: as long as it may take to
/// answer (API Gateway, integration time-out), and a second.
const REGISTRATION_LIMIT: Duration = Duration::from_secs(30);

/// The first status that says that something may have been done.
const SERVER_ERROR: u16 = 500;

/// Registers a CA through the API, for devices of this route; gives its id. That is known only when the CA is there, so
/// it is the common name, which no other CA may have, that is noted first.
pub async fn register(
    target: &Target,
    route: Route,
    common_name: &str,
    leavings: &Leavings,
) -> Result<String, Failure> {
    leavings.note_authority(common_name.to_owned()).await;
    let body = json!({
        "csrSubjects": { "commonName": common_name }, "verifierName": VERIFIER, "lifetimeDays": super::LIFETIME_DAYS,
        "route": route,
    });
    let made = asking::post(&target.api()?, "/authorities", &body).await;
    if let Err(ApiError::Refused { status, .. }) = &made
        && *status < SERVER_ERROR
    {
        leavings.no_authority_was_made().await;
    }
    let made: RegisteredAuthority = made?;
    leavings
        .authority_is_there(made.certificate_id.clone())
        .await;
    Ok(made.certificate_id)
}

/// The id of a CA of this name that was asked for, with no answer: it may be in the making still. `None` if it was not
/// made.
pub async fn find(target: &Target, common_name: &str) -> Result<Option<String>, Failure> {
    let deadline = Instant::now() + REGISTRATION_LIMIT;
    loop {
        let mut all = target.authorities().list().await?.into_iter();
        let found = all.find(|ca| ca.served && ca.common_name == common_name);
        // Opening it is the last thing that the API does.
        let done = found.as_ref().is_some_and(|ca| !ca.is_shut());
        if done || Instant::now() > deadline {
            return Ok(found.map(|ca| ca.certificate_id));
        }
        sleep(Duration::from_secs(1)).await;
    }
}
