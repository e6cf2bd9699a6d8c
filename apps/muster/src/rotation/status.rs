//! What the operator on call wants to know.

use super::{RotationError, Standing, Stretch, outlook};
use crate::target::Target;
use muster_cloud::operator::{DeviceRotation, RotationRecord};
use muster_onboarding::ports::OverdueAction;
use muster_onboarding::rotation::{Day, RotationPolicy};
use serde::Serialize;

/// How many of the workflow's runs are shown.
const RUNS: i32 = 5;

/// Where the rotations of a stack stand.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RotationStatus {
    /// The day for which this is so.
    pub today: Day,
    /// How many devices are due when.
    pub due: Vec<Stretch>,
    /// How many retired and unproven certificates are taken away in these days.
    pub certificates: usize,
    /// Devices that are due today or tomorrow, counted.
    #[serde(flatten)]
    pub devices: Counts,
    /// What is done to a device whose deadline has passed.
    pub overdue_action: String,
    /// The workflow's last runs, newest first.
    pub runs: Vec<RotationRecord>,
    /// Whether AWS IoT announces changes of things.
    pub changes_announced: bool,
}

/// Devices, counted by where they stand.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Those that were notified and have not renewed their certificates since, whose deadline has passed among them.
    pub notified: usize,
    /// The day of the first notice of the one of these that waits longest.
    pub notified_since: Option<Day>,
    /// Those whose rotation was ordered, and that were not notified yet.
    pub ordered: usize,
    /// Those whose deadline has passed.
    pub overdue: usize,
    /// Of these, those in quarantine.
    pub quarantined: usize,
    /// Of these, those whose certificate is inactive.
    pub deactivated: usize,
    /// Those that hold a next certificate and have not connected with it.
    pub unproven: usize,
}

/// Looks at what is due today and in the next `days` days, one at least.
pub async fn status(
    target: &Target,
    today: Day,
    days: i64,
) -> Result<RotationStatus, RotationError> {
    let rotations = target.rotations()?;
    let policy = target.rotation_policy()?;
    // A device that was notified is seen to again tomorrow: no other has to be looked at itself.
    let tomorrow = today.plus(1);
    let due = rotations.due_until(today.plus(days)).await?;
    let near = due.devices.iter().filter(|device| device.day <= tomorrow);
    let near = rotations.devices(near.map(|device| &device.serial)).await?;
    let mut counts = Counts::default();
    for device in near {
        counts.add(&device.rotation, &policy, today);
    }
    let all = due.devices.iter().map(|device| device.day);
    Ok(RotationStatus {
        today,
        due: outlook(all, today, days),
        certificates: due.certificates,
        devices: counts,
        overdue_action: target.output("RotationOverdueAction")?.to_owned(),
        runs: rotations.last_runs(RUNS).await?,
        changes_announced: target.thing_announcements().are_on().await?,
    })
}

impl Counts {
    fn add(&mut self, rotation: &DeviceRotation, policy: &RotationPolicy, today: Day) {
        let standing = Standing::of(rotation, policy, today);
        if let Some(since) = rotation.asked_since {
            self.notified += 1;
            let first = self.notified_since.map_or(since, |first| first.min(since));
            self.notified_since = Some(first);
        }
        self.ordered += usize::from(standing == Standing::Ordered);
        self.overdue += usize::from(standing == Standing::Overdue);
        let action = rotation.overdue_action.as_deref();
        match action.and_then(OverdueAction::named) {
            Some(OverdueAction::Quarantine) => self.quarantined += 1,
            Some(OverdueAction::Deactivate) => self.deactivated += 1,
            Some(OverdueAction::Alert) | None => {}
        }
        self.unproven += usize::from(rotation.next_certificate_id.is_some());
    }
}
