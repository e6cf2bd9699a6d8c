//! Taking a device's certificate away, so that it may ask for another with a new key.

use crate::target::{Target, TargetError};
use muster_documents::Serial;
use muster_onboarding::ledger::DeviceState;
use muster_onboarding::ports::{DeviceLedger, HandingOutLedger, HeldDevice};
use muster_onboarding::{CloudFailure, FailureKind};

/// Why a device is not free for another key.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// Nobody imported it.
    #[error("{0} is not known here; `muster device import` makes it known")]
    Unknown(Serial),
    /// There is nothing to take away.
    #[error("{serial} is {state}: it has no certificate to take away")]
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
    /// See [`TargetError`].
    #[error(transparent)]
    Target(#[from] TargetError),
    /// A call failed; the command can be repeated.
    #[error("the device is not released yet; run the command again")]
    Cloud(#[from] CloudFailure),
}

/// Takes the certificates away, that in force, one under way and all that were handed out, then makes the serial known
/// again. An execution that is still at it finds that it holds the device no more, and ends. Answers the certificates'
/// ids.
pub async fn release(target: &Target, serial: &Serial) -> Result<Vec<String>, ReleaseError> {
    let ledger = target.ledger()?;
    let held = ledger.held(serial).await?;
    let handed_out = ledger.handed_out(serial).await?;
    if handed_out.is_empty() {
        let held = held.as_ref();
        let held = held.ok_or_else(|| ReleaseError::Unknown(serial.clone()))?;
        if held.execution.is_none() {
            return Err(ReleaseError::NoCertificate {
                serial: serial.clone(),
                state: held.state.map_or("-", DeviceState::name),
            });
        }
    }
    let identity = muster_cloud::Identity::new(&target.cloud, target.output("DevicePolicyName")?);
    let devices = target.devices()?;
    let mut taken = Vec::new();
    for one in handed_out {
        identity.shut_out(&one.thing_name, &one.certificate).await?;
        devices.forget_handed_out(&one).await?;
        taken.push(one.certificate.id);
    }
    let HeldDevice {
        current,
        pending,
        execution,
        ..
    } = held.unwrap_or_default();
    for certificate in [current, pending].into_iter().flatten() {
        if !taken.contains(&certificate.id) {
            identity
                .retire(serial, &certificate.id, &certificate.arn)
                .await?;
            taken.push(certificate.id);
        }
    }
    let Some(execution) = execution else {
        return Ok(taken);
    };
    match devices.release(serial, &execution).await {
        Ok(()) => Ok(taken),
        Err(error) if error.kind == FailureKind::ConditionFailed => {
            Err(ReleaseError::Changed(serial.clone()))
        }
        Err(error) => Err(error.into()),
    }
}
