//! What a demo has made on a stack that stays, and taking it away.

use super::authorities;
use super::fleet;
use super::way::Way;
use crate::commands::Failure;
use crate::output::Output;
use crate::release::{self, ReleaseError};
use crate::target::Target;
use muster_documents::{FleetName, Serial};
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::DeviceState;
use muster_onboarding::ports::CertificateAuthority;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

/// How long the workflow may take to end with all devices that brought their certificates.
const WORKFLOW_LIMIT: Duration = Duration::from_secs(20);

/// How often a release that did not work is tried again.
const RELEASE_AGAIN: u32 = 4;

/// How often it is looked whether it has.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How long the announcement of a certificate may be on its way to the workflow.
const ON_ITS_WAY: Duration = Duration::from_secs(2);

/// What a demo has made on a stack.
#[derive(Debug, Default)]
pub struct Leavings {
    claim: Mutex<Option<String>>,
    devices: Mutex<Vec<(Serial, Way)>>,
    authorities: Mutex<Vec<Authority>>,
    fleet: Mutex<Option<FleetName>>,
}

/// A CA that is asked for.
#[derive(Debug, Clone)]
struct Authority {
    common_name: String,
    /// Once it is there.
    id: Option<String>,
}

impl Leavings {
    /// The claim certificate is there.
    pub(super) async fn claim_is_there(&self, certificate_id: String) {
        self.claim.lock().await.replace(certificate_id);
    }

    /// A serial is about to be imported.
    pub(super) async fn note_device(&self, serial: Serial, way: Way) {
        self.devices.lock().await.push((serial, way));
    }

    /// A fleet is about to be set up.
    pub(super) async fn note_fleet(&self, name: FleetName) {
        self.fleet.lock().await.replace(name);
    }

    /// A CA is about to be asked for, one at a time.
    pub(super) async fn note_authority(&self, common_name: String) {
        let noted = Authority {
            common_name,
            id: None,
        };
        self.authorities.lock().await.push(noted);
    }

    /// The CA that was noted last is there.
    pub(super) async fn authority_is_there(&self, id: String) {
        if let Some(noted) = self.authorities.lock().await.last_mut() {
            noted.id = Some(id);
        }
    }

    /// The CA that was noted last was refused.
    pub(super) async fn no_authority_was_made(&self) {
        self.authorities.lock().await.pop();
    }
}

/// Takes away what a demo has made on a stack that stays. First what others could come in by: the claim is revoked, the
/// CAs and the fleet's claim certificate are shut. Then, once the workflow is done with them, the devices with their certificates, things and serials, then
/// the CAs, the certificates that those have signed, and last the fleet. The devices' timelines stay in the ledger until they
/// expire, and what S3 keeps as the vault's older versions.
pub async fn clean_up(
    target: &Target,
    leavings: &Leavings,
    output: &Output,
) -> Result<(), Failure> {
    output.progress("taking away what the demo has made");
    if let Some(claim) = leavings.claim.lock().await.as_deref() {
        target.claims()?.revoke(claim).await?;
    }
    let authorities = shut(target, leavings).await?;
    let fleet = leavings.fleet.lock().await.clone();
    if let Some(fleet) = &fleet {
        fleet::shut(target, fleet).await?;
    }
    settle(target, leavings).await?;
    let released = take_devices_away(target, leavings, output).await?;
    take_authorities_away(target, &authorities, released, output).await?;
    match &fleet {
        Some(fleet) => fleet::take_down(target, fleet).await,
        None => Ok(()),
    }
}

/// Shuts the CAs, so that no device comes in while it is taken away. Gives their ids.
async fn shut(target: &Target, leavings: &Leavings) -> Result<Vec<String>, Failure> {
    let mut ids = Vec::new();
    for noted in leavings.authorities.lock().await.iter() {
        ids.extend(match &noted.id {
            Some(id) => Some(id.clone()),
            None => authorities::find(target, &noted.common_name).await?,
        });
    }
    for id in &ids {
        // One that the API has undone itself is gone.
        let shut = target.authorities().set_admitting(id, false).await;
        CloudFailure::unless_not_found(shut)?;
    }
    Ok(ids)
}

/// Has the workflow end what it has begun with devices that brought their certificates: with one that is released
/// halfway it may be about to make the thing. New ones cannot come, since their CA is shut.
async fn settle(target: &Target, leavings: &Leavings) -> Result<(), Failure> {
    let ledger = target.devices()?;
    let devices = leavings.devices.lock().await;
    let bring = devices.iter().filter(|(_, way)| *way == Way::Jitr);
    let deadline = Instant::now() + WORKFLOW_LIMIT;
    // What was announced before the CA was shut is on its way to the workflow.
    if bring.clone().next().is_some() {
        sleep(ON_ITS_WAY).await;
    }
    for (serial, _) in bring {
        while Instant::now() < deadline {
            let (device, _) = ledger.show(serial).await?;
            if device.is_none_or(|device| device.state != DeviceState::Provisioning.name()) {
                break;
            }
            sleep(LOOK_AGAIN).await;
        }
    }
    Ok(())
}

/// Gives the ids of the certificates that were taken away. A device that cannot be taken away keeps none of the others.
async fn take_devices_away(
    target: &Target,
    leavings: &Leavings,
    output: &Output,
) -> Result<BTreeSet<String>, Failure> {
    let ledger = target.devices()?;
    let mut released = BTreeSet::new();
    for (serial, _) in leavings.devices.lock().await.iter() {
        match release_patiently(target, serial).await {
            Ok(taken) => released.extend(taken),
            Err(ReleaseError::NoCertificate { .. } | ReleaseError::Unknown(_)) => {}
            Err(error) => stays(output, serial, &error),
        }
        if let Err(error) = ledger.forget(serial).await {
            stays(output, serial, &error);
        }
    }
    Ok(released)
}

fn stays(output: &Output, serial: &Serial, error: &dyn std::error::Error) {
    output.progress(&format!(
        "{serial} stays: {error}. `muster device show {serial}` says how it stands"
    ));
}

/// A device may be coming in at this very moment, or AWS IoT may be busy.
async fn release_patiently(target: &Target, serial: &Serial) -> Result<Vec<String>, ReleaseError> {
    for _ in 0..RELEASE_AGAIN {
        match release::release(target, serial).await {
            Err(ReleaseError::Changed(_) | ReleaseError::ComingIn(_) | ReleaseError::Cloud(_)) => {
                sleep(LOOK_AGAIN).await;
            }
            other => return other,
        }
    }
    release::release(target, serial).await
}

/// Removes the CAs, and then what they have signed: a certificate that was revoked would come in anew if it were deleted
/// before its CA.
async fn take_authorities_away(
    target: &Target,
    ids: &[String],
    mut signed: BTreeSet<String>,
    output: &Output,
) -> Result<(), Failure> {
    if ids.is_empty() {
        return Ok(());
    }
    let (authorities, vault) = (target.authorities(), target.vault()?);
    for id in ids {
        signed.extend(authorities.certificates_of(id).await?);
        authorities.remove(id, &vault).await?;
    }
    let identity = muster_cloud::Identity::new(&target.cloud, target.output("DevicePolicyName")?);
    for certificate in &signed {
        if let Err(error) = identity.discard(certificate).await {
            output.progress(&format!("certificate {certificate} stays: {error}"));
        }
    }
    Ok(())
}
