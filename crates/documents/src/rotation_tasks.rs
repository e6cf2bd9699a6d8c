//! What the tasks of `certificate-rotation` take and give. Field names are those that `statemachines/*.asl.json` writes.
//! Days are `yyyymmdd` in UTC.

use crate::Serial;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The input of `rotation-scanner`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(
    tag = "scan",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Scan {
    /// What a run has to look at.
    Plan {
        /// The day; `None`: today.
        day: Option<String>,
        /// Over how many minutes the notices are spread.
        window_minutes: u32,
    },
    /// What is due in a shard.
    Read {
        /// Which.
        shard: String,
        /// What is due on this day, or was before.
        day: String,
        /// Where the page before ended.
        after: Option<Value>,
    },
}

/// One part of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedShard {
    /// Which.
    pub shard: String,
    /// The run's day.
    pub day: String,
    /// How long to wait before it is begun, in seconds.
    pub wait_seconds: u32,
}

/// The answer to [`Scan::Plan`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RotationPlan {
    /// All shards, in order.
    pub shards: Vec<PlannedShard>,
}

/// A certificate that is to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndingCertificate {
    /// Its device.
    pub serial: Serial,
    /// Its id.
    pub certificate_id: String,
}

/// The answer to [`Scan::Read`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DueItems {
    /// Devices to notify.
    pub devices: Vec<Serial>,
    /// Certificates to take away.
    pub certificates: Vec<EndingCertificate>,
    /// Items that were read for it.
    pub read: usize,
    /// Where the next page begins; `null` if this was the last.
    pub after: Option<Value>,
}

/// The input of `rotation-notifier` and `deadline-enforcer`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DueDevices {
    /// Which.
    pub devices: Vec<Serial>,
    /// The run's day.
    pub day: String,
}

/// The answer of `rotation-notifier`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotifiedDevices {
    /// How many were sent a notice.
    pub notified: usize,
    /// How many stand due on this day: they have to renew their certificates, and have time until their deadlines.
    pub due: usize,
    /// How many stand overdue on this day: their deadlines have passed, whatever was done about it.
    pub overdue: usize,
    /// Whose deadline has passed, with nothing done about it; or who stands under what was done, and is not due any more.
    pub enforce: Vec<Serial>,
    /// Who could not be notified. The next run notifies them.
    pub failed: usize,
}

/// The answer of `deadline-enforcer`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnforcedDeadlines {
    /// Devices about which something was done.
    pub enforced: usize,
    /// Devices for which it was undone.
    pub reinstated: usize,
    /// For whom a call failed. The next run does it.
    pub failed: usize,
}

/// The input of `certificate-retirer`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetireCertificates {
    /// Which.
    pub certificates: Vec<EndingCertificate>,
}

/// The answer of `certificate-retirer`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetiredCertificates {
    /// How many were deleted that had been in force.
    pub deleted: usize,
    /// How many that nobody had connected with.
    pub undone: usize,
    /// For which a call failed. The next run does it.
    pub failed: usize,
}
