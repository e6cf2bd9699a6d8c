//! Which devices are due.

use super::{RotationError, Standing};
use crate::target::Target;
use muster_cloud::operator::RotatingDevice;
use muster_documents::FleetName;
use muster_onboarding::rotation::Day;
use serde::Serialize;

/// A device that is due.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Planned {
    /// It.
    #[serde(flatten)]
    pub device: RotatingDevice,
    /// The last day on which it may renew its certificate in time, if it was notified.
    pub deadline: Option<Day>,
    /// Where it stands.
    pub standing: Standing,
}

/// The devices that are due on `last` or before, by day and serial; of one fleet or of all.
pub async fn plan(
    target: &Target,
    today: Day,
    last: Day,
    fleet: Option<&FleetName>,
) -> Result<Vec<Planned>, RotationError> {
    let rotations = target.rotations()?;
    let policy = target.rotation_policy()?;
    let due = rotations.due_until(last).await?;
    let serials = due.devices.iter().map(|device| &device.serial);
    let mut devices = rotations.devices(serials).await?;
    devices.retain(|device| {
        // The index may be behind what the device's item says.
        let in_time = device.rotation.rotation_day.is_some_and(|day| day <= last);
        in_time && fleet.is_none_or(|fleet| device.fleet.as_deref() == Some(fleet.as_str()))
    });
    devices.sort_by(|a, b| {
        (a.rotation.rotation_day, &a.serial).cmp(&(b.rotation.rotation_day, &b.serial))
    });
    let planned = |device: RotatingDevice| Planned {
        deadline: device
            .rotation
            .asked_since
            .map(|since| policy.deadline(since)),
        standing: Standing::of(&device.rotation, &policy, today),
        device,
    };
    Ok(devices.into_iter().map(planned).collect())
}
