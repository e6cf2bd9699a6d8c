//! Taking a device's certificate away, so that it may ask for another with a new key.

use crate::target::{Target, TargetError};
use muster_documents::Serial;
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
    #[error("{0} has changed meanwhile; `muster device show {0}` says how")]
    Changed(Serial),
    /// See [`TargetError`].
    #[error(transparent)]
    Target(#[from] TargetError),
    /// A call failed; the command can be repeated.
    #[error("the device is not released yet; run the command again")]
    Cloud(#[from] CloudFailure),
}

/// Takes the certificate away, then makes the serial known again. Answers the certificate's id.
pub async fn release(target: &Target, serial: &Serial) -> Result<String, ReleaseError> {
    let devices = target.devices()?;
    let (device, _) = devices.show(serial).await?;
    let device = device.ok_or_else(|| ReleaseError::Unknown(serial.clone()))?;
    let (Some(certificate_id), Some(certificate_arn)) =
        (device.certificate_id, device.certificate_arn)
    else {
        return Err(ReleaseError::NoCertificate {
            serial: serial.clone(),
            state: device.state,
        });
    };
    let identity = muster_cloud::Identity::new(&target.cloud, target.output("DevicePolicyName")?);
    identity
        .retire(serial, &certificate_id, &certificate_arn)
        .await?;
    match devices.release(serial, &certificate_id).await {
        Ok(()) => Ok(certificate_id),
        Err(error) if error.kind == FailureKind::ConditionFailed => {
            Err(ReleaseError::Changed(serial.clone()))
        }
        Err(error) => Err(error.into()),
    }
}
