//! The demo's fleet: set up before its devices, and taken down after them.

use super::asking;
use super::device::Means;
use super::leavings::Leavings;
use crate::commands::Failure;
use crate::target::Target;
use edge_client::Source;
use muster_cloud::operator::ApiError;
use muster_documents::{ClaimFile, FleetAnswer, FleetName, RemovedFleet};
use muster_onboarding::ports::FileStore;
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a fleet that nobody waits for any more may still be set up (`FleetUnfinished`), and for how long its policy may
/// still seem to be a device's that was released a moment ago (`FleetInUse`).
const SETTLING_LIMIT: Duration = Duration::from_mins(1);

/// The refusals that pass.
const PASSING: [&str; 4] = ["FleetBusy", "FleetInUse", "FleetUnfinished", "Throttled"];

/// Sets a fleet up through the API.
pub async fn set_up(
    target: &Target,
    started: jiff::Timestamp,
    leavings: &Leavings,
) -> Result<FleetAnswer, Failure> {
    let name = FleetName::new(format!("demo-{}", started.as_second()))?;
    leavings.note_fleet(name.clone()).await;
    let body = json!({ "templateName": name, "claimLifetimeDays": super::LIFETIME_DAYS });
    Ok(asking::post(&target.api()?, "/fleets", &body).await?)
}

/// What its devices come with: the claim certificate, from the vault.
pub async fn means(target: &Target, made: &FleetAnswer) -> Result<Means, Failure> {
    let id = &made
        .provision_claim_certificate
        .provision_claim_certificate_id;
    let (files, prefix) = (target.files()?, target.output("VaultPrefix")?);
    let read = async |file: ClaimFile| -> Result<Source, Failure> {
        let key = file.key(prefix, id);
        let contents = files.read_object(&key).await?;
        let contents = contents.ok_or_else(|| format!("the vault has no {key}"))?;
        Ok(String::from_utf8(contents)?.into())
    };
    Ok(Means::Fleet {
        template: made.template_name.clone(),
        certificate: read(ClaimFile::Certificate).await?,
        key: read(ClaimFile::PrivateKey).await?,
    })
}

/// Has nobody come in with the fleet's claim certificates any more.
pub async fn shut(target: &Target, name: &FleetName) -> Result<(), Failure> {
    let claims = target.claims()?;
    for claim in claims.list().await? {
        if claim.fleet.as_deref() == Some(name.as_str()) {
            claims.shut(&claim.certificate_id, "removed").await?;
        }
    }
    Ok(())
}

/// The code of a fleet that is not there.
const GONE: &str = "FleetUnknown";

/// Takes the fleet down, however far it came.
pub async fn take_down(target: &Target, name: &FleetName) -> Result<(), Failure> {
    let (api, path) = (target.api()?, format!("/fleets/{name}"));
    let deadline = Instant::now() + SETTLING_LIMIT;
    let mut unheard = false;
    loop {
        match api.delete::<RemovedFleet>(&path).await {
            // What came was the answer of something between, which may have lost the API's own.
            Err(ApiError::Unreadable { .. }) if Instant::now() < deadline => {
                unheard = true;
                sleep(Duration::from_secs(1)).await;
            }
            Err(ApiError::Refused { code, .. }) if unheard && code == GONE => return Ok(()),
            Err(ApiError::Refused { code, .. })
                if PASSING.contains(&code.as_str()) && Instant::now() < deadline =>
            {
                sleep(Duration::from_secs(1)).await;
            }
            other => return Ok(other.map(drop)?),
        }
    }
}
