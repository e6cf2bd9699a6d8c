//! Where devices' rotations stand.

use super::{Item, Rotations};
use crate::ledger::items::items;
use crate::ledger::{day, key, serial_of, text};
use muster_documents::Serial;
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::{ROTATION_DAY, ROTATION_SEEN, STATE_SK, device_key};
use muster_onboarding::rotation::Day;
use serde::Serialize;

/// What a device's item says of its rotation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceRotation {
    /// Since when its certificate is in force.
    pub issued_on: Option<Day>,
    /// The day on which it is seen to next.
    pub rotation_day: Option<Day>,
    /// The day of its first notice, if it was notified and has not renewed its certificate since.
    pub asked_since: Option<Day>,
    /// When an operator ordered it, ISO 8601.
    pub ordered_at: Option<String>,
    /// The certificate that it was given beside the one in force and has not connected with yet.
    pub next_certificate_id: Option<String>,
    /// A certificate that is retired and may still be active.
    pub retiring_certificate_id: Option<String>,
    /// What was done when its deadline had passed: `quarantine`, `deactivate` or `alert`.
    pub overdue_action: Option<String>,
    /// Whether all of that is done.
    pub overdue_done: bool,
}

/// A device, as far as its rotation goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RotatingDevice {
    /// Who.
    pub serial: Serial,
    /// The fleet that it came in by.
    pub fleet: Option<String>,
    /// Where it stands.
    #[serde(flatten)]
    pub rotation: DeviceRotation,
}

impl Rotations {
    /// These devices, in no order. One that is gone is left out.
    pub async fn devices<'a>(
        &self,
        serials: impl Iterator<Item = &'a Serial>,
    ) -> Result<Vec<RotatingDevice>, CloudFailure> {
        let keys: Vec<_> = serials
            .map(|serial| key(&device_key(serial), STATE_SK))
            .collect();
        let found = items(&self.client, &self.table, &keys, Some(ROTATION_SEEN)).await?;
        let read = |item: &Item| {
            Some(RotatingDevice {
                serial: serial_of(item)?,
                fleet: text(item, "fleet"),
                rotation: read_device_rotation(item),
            })
        };
        Ok(found.iter().filter_map(read).collect())
    }
}

pub(in crate::operator) fn read_device_rotation(item: &Item) -> DeviceRotation {
    DeviceRotation {
        issued_on: day(item, "issuedOn"),
        rotation_day: day(item, ROTATION_DAY),
        asked_since: day(item, "askedSince"),
        ordered_at: text(item, "orderedAt"),
        next_certificate_id: text(item, "nextCertificateId"),
        retiring_certificate_id: text(item, "retiringCertificateId"),
        overdue_action: text(item, "overdueAction"),
        overdue_done: item.contains_key("overdueDone"),
    }
}
