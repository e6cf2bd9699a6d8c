//! Taking a device's certificate and token away, so that it may ask for another with a new key.

use crate::target::{Target, TargetError};
use muster_documents::Serial;
use muster_onboarding::ledger::{DeviceState, RELEASE_PREFIX};
use muster_onboarding::ports::{DeviceRecords, HandingOutLedger};
use muster_onboarding::{CloudFailure, FailureKind};

/// Why a device is not free for another key.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// Nobody imported it.
    #[error("{0} is not known here; `muster device import` makes it known")]
    Unknown(Serial),
    /// There is nothing to take away.
    #[error("{serial} is {state}: it has neither a certificate nor a token to take away")]
    NoCertificate {
        /// The device.
        serial: Serial,
        /// Where it stands.
        state: &'static str,
    },
    /// A request came in between.
    #[error(
        "{0} has changed meanwhile; look at `muster device show {0}`, then run the command again"
    )]
    Changed(Serial),
    /// Its device was let in while it was taken away.
    #[error("{0} is coming in at this moment; run the command again")]
    ComingIn(Serial),
    /// See [`TargetError`].
    #[error(transparent)]
    Target(#[from] TargetError),
    /// A call failed; the command can be repeated.
    #[error("the device is not released yet; run the command again")]
    Cloud(#[from] CloudFailure),
}

/// Revokes the token, takes the certificates away, that in force, one under way and all that were handed out, then makes
/// the serial known again. An execution that is still at it finds that it holds the device no more, and ends. Answers the
/// certificates' ids.
pub async fn release(target: &Target, serial: &Serial) -> Result<Vec<String>, ReleaseError> {
    let ledger = target.ledger()?;
    // First of all: whoever has the token could come back with it as soon as the serial is free. An execution that has
    // spent it either has reserved the device by now, and is seen below, or finds no token any more, and ends.
    let revoked = target.tokens()?.revoke(serial).await?;
    let held = ledger.held(serial).await?;
    let handed_out = ledger.handed_out(serial).await?;
    if handed_out.is_empty() {
        match &held {
            Some(held) if held.execution.is_some() => {}
            _ if revoked => return Ok(Vec::new()),
            Some(held) => {
                return Err(ReleaseError::NoCertificate {
                    serial: serial.clone(),
                    state: held.state.map_or("-", DeviceState::name),
                });
            }
            None => return Err(ReleaseError::Unknown(serial.clone())),
        }
    }
    let identity = muster_cloud::Identity::new(&target.cloud, target.output("DevicePolicyName")?);
    let devices = target.devices()?;
    let now = jiff::Timestamp::now();
    let held = held.unwrap_or_default();
    // From here on no execution finishes what it is at with this device.
    let holder = format!("{RELEASE_PREFIX}{}", now.as_nanosecond());
    if let Some(execution) = &held.execution {
        changed(serial, devices.hold(serial, execution, &holder).await)?;
    }
    // A rotation may have given it another certificate until then.
    let held = ledger.held(serial).await?.unwrap_or_default();
    let handed_out = ledger.handed_out(serial).await?;
    let mut taken = Vec::new();
    for one in &handed_out {
        identity.shut_out(one, now.as_second()).await?;
        taken.push(one.certificate.id.clone());
    }
    let thing = held.thing_name.and_then(|name| Serial::new(name).ok());
    let thing = thing.as_ref().unwrap_or(serial);
    for certificate in [held.current, held.pending].into_iter().flatten() {
        if !taken.contains(&certificate.id) {
            identity
                .retire(thing, &certificate.id, &certificate.arn)
                .await?;
            taken.push(certificate.id);
        }
    }
    // What was under way when it began may have ended after it.
    for id in &taken {
        if !identity.is_out(id).await? {
            return Err(ReleaseError::ComingIn(serial.clone()));
        }
    }
    if held.execution.is_some() {
        changed(serial, devices.release(serial, &holder).await)?;
    }
    // Last, so that a release that was cut off finds them again.
    for one in &handed_out {
        devices.forget_handed_out(one).await?;
    }
    Ok(taken)
}

fn changed(serial: &Serial, result: Result<(), CloudFailure>) -> Result<(), ReleaseError> {
    match result {
        Err(error) if error.kind == FailureKind::ConditionFailed => {
            Err(ReleaseError::Changed(serial.clone()))
        }
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests;
