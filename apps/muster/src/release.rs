//! Taking a device's certificate away, so that it may ask for another with a new key.

use crate::target::{Target, TargetError};
use muster_documents::Serial;
use muster_onboarding::ports::DeviceLedger;
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
        state: String,
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

/// Takes the certificates away, that in force and one under way, then makes the serial known again. An execution
/// that is still at it finds that it holds the device no more, and ends. Answers the certificates' ids.
pub async fn release(target: &Target, serial: &Serial) -> Result<Vec<String>, ReleaseError> {
    let devices = target.devices()?;
    let (device, _) = devices.show(serial).await?;
    let device = device.ok_or_else(|| ReleaseError::Unknown(serial.clone()))?;
    let Some(execution) = device.execution else {
        return Err(ReleaseError::NoCertificate {
            serial: serial.clone(),
            state: device.state,
        });
    };
    let identity = muster_cloud::Identity::new(&target.cloud, target.output("DevicePolicyName")?);
    let ledger = muster_cloud::Ledger::new(&target.cloud, target.output("LedgerTableName")?);
    let held = ledger.held(serial).await?.unwrap_or_default();
    let mut taken = Vec::new();
    for certificate in [held.current, held.pending].into_iter().flatten() {
        if device.ca_certificate_id.is_some() {
            identity.shut_out(serial, &certificate).await?;
        } else {
            identity
                .retire(serial, &certificate.id, &certificate.arn)
                .await?;
        }
        taken.push(certificate.id);
    }
    match devices.release(serial, &execution).await {
        Ok(()) => Ok(taken),
        Err(error) if error.kind == FailureKind::ConditionFailed => {
            Err(ReleaseError::Changed(serial.clone()))
        }
        Err(error) => Err(error.into()),
    }
}
