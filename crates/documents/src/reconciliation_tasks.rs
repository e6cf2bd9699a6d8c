//! What the tasks of `reconciliation` take and give. Field names are those that `statemachines/*.asl.json` writes.

use crate::Serial;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How many of a kind a report names; it counts all of them.
pub const NAMED: u64 = 10;

/// What a run can find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// An execution holds a device, and has ended. The device is given free.
    DeviceStuck,
    /// The day on which a device is to be seen to is missing, or too late. It is written.
    RotationDayWrong,
    /// A certificate that was replaced is active still. It is retired.
    RetirementUnfinished,
    /// A device has no thing any more.
    ThingMissing,
    /// A device's certificate in force is not its thing's any more, or is gone.
    CertificateMissing,
    /// A device's certificate in force is shut out, and not by Muster.
    CertificateShut,
    /// A thing that the ledger does not know.
    ThingUnknown,
    /// A thing's date is another than the ledger's. The ledger takes it over.
    DateDiffers,
    /// A thing that Muster has made has lost its date. It gets the ledger's.
    DateMissing,
    /// A thing's date is none.
    DateMalformed,
    /// A certificate that a device has brought is still pending. It is announced once more.
    RegistrationPending,
    /// A certificate that AWS IoT has issued for fleet provisioning was never provisioned, and is there still.
    NeverProvisioned,
    /// An active certificate with neither thing nor policy, which the ledger does not know.
    Orphan,
    /// A device's thing has an active certificate that the ledger does not know, or says was replaced.
    Stray,
    /// More certificates are unknown than a run looks up.
    NotLookedUp,
}

impl Finding {
    /// As the wire has it.
    pub fn name(self) -> String {
        // A unit variant is a text.
        let value = serde_json::to_value(self).unwrap_or_default();
        value.as_str().unwrap_or_default().to_owned()
    }
}

/// How often something was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// What.
    pub finding: Finding,
    /// How often.
    pub count: u64,
    /// How often it was repaired.
    pub repaired: u64,
}

/// One that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NamedFinding {
    /// What.
    pub finding: Finding,
    /// The device, the thing or the certificate.
    pub subject: String,
    /// What there is to say of it, in a few words.
    pub detail: String,
    /// Whether it was repaired.
    pub repaired: bool,
}

/// What a part of a run has found so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Devices, things or certificates that were looked at.
    pub seen: u64,
    /// Calls of AWS IoT for single ones of them.
    pub lookups: u64,
    /// For how many a call failed. The next run looks at them again.
    pub failed: u64,
    /// All findings, counted.
    pub found: Vec<Found>,
    /// The first of each kind.
    pub named: Vec<NamedFinding>,
}

impl Report {
    /// Adds one.
    pub fn note(&mut self, finding: Finding, subject: &str, detail: String, repaired: bool) {
        let at = self.found.iter().position(|found| found.finding == finding);
        let at = at.unwrap_or_else(|| {
            self.found.push(Found {
                finding,
                count: 0,
                repaired: 0,
            });
            self.found.len() - 1
        });
        let Some(found) = self.found.get_mut(at) else {
            return;
        };
        found.count += 1;
        found.repaired += u64::from(repaired);
        if found.count <= NAMED {
            self.named.push(NamedFinding {
                finding,
                subject: subject.to_owned(),
                detail,
                repaired,
            });
        }
    }
}

/// The input of `device-reconciler`, `thing-reconciler` and `certificate-reconciler`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reconcile {
    /// Of devices, which part of the ledger; numbers begin with 0.
    pub segment: u32,
    /// Into how many parts the ledger is divided.
    pub segments: u32,
    /// Where the page before ended.
    pub after: Option<Value>,
    /// Whether what is found is repaired, or only reported.
    pub repair: bool,
    /// Whether an orphan is set inactive, and not only reported.
    pub deactivate_orphans: bool,
    /// What is younger than so many hours is left alone: somebody may be at it.
    pub settle_hours: i64,
    /// What was found so far.
    pub report: Report,
}

impl Reconcile {
    /// What is older than this is looked at, at the time `now`; both in milliseconds since 1970.
    pub fn settled_before(&self, now: i64) -> i64 {
        now - self.settle_hours * 3_600_000
    }
}

/// Their answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reconciled {
    /// What was found so far.
    pub report: Report,
    /// How many calls of AWS IoT this page took, by which the next one is paced.
    pub lookups: u64,
    /// Devices that are to be given free.
    pub stuck: Vec<StuckDevice>,
    /// Where the next page begins; `null` if this was the last.
    pub after: Option<Value>,
}

/// A device that an execution holds which has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StuckDevice {
    /// It.
    pub serial: Serial,
    /// The execution.
    pub execution: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_counts_all_and_names_the_first_of_each_kind() {
        let mut report = Report::default();
        for number in 0..1_000 {
            let thing = format!("thing-{number}");
            report.note(
                Finding::ThingUnknown,
                &thing,
                String::new(),
                number % 2 == 0,
            );
        }
        report.note(Finding::Stray, "certificate", String::new(), false);
        let counts: Vec<_> = report
            .found
            .iter()
            .map(|found| (found.count, found.repaired))
            .collect();
        assert_eq!(counts, [(1_000, 500), (1, 0)]);
        assert_eq!(report.named.len(), 11);
        assert_eq!(report.named[9].subject, "thing-9");
        assert_eq!(report.named[10].finding.name(), "stray");
    }
}
