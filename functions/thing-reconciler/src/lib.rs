//! Walks the account's things: finds those that the ledger does not know, and those whose date is another than the
//! ledger's.

use muster_documents::Serial;
use muster_documents::reconciliation_tasks::{Finding, Reconcile, Reconciled, Report};
use muster_onboarding::ports::{
    ChangeReports, DatedDevice, DatedThings, KnownDevices, ThingDate, ThingWalk, WalkedThing,
};
use muster_onboarding::{CloudFailure, FailureKind};

/// Pages of things in an invocation, at most.
const PAGES: usize = 10;

/// What the function reaches.
#[derive(Debug)]
pub struct World<L, T, D, Q> {
    /// The ledger.
    pub ledger: L,
    /// AWS IoT's things.
    pub things: T,
    /// Their dates.
    pub dates: D,
    /// The queue of their changes.
    pub changes: Q,
}

impl<L, T, D, Q> World<L, T, D, Q>
where
    L: KnownDevices,
    T: ThingWalk,
    D: DatedThings,
    Q: ChangeReports,
{
    /// Takes some pages. A thing for which a call fails is counted, and stands in the way of no other.
    pub async fn reconcile(&self, task: Reconcile) -> Result<Reconciled, CloudFailure> {
        let mut report = task.report;
        let mut after = task
            .after
            .and_then(|after| after.as_str().map(str::to_owned));
        for _ in 0..PAGES {
            let page = self.things.walk_things(after.as_deref()).await?;
            after = page.after;
            self.look_at_all(page.things, task.repair, &mut report)
                .await?;
            if after.is_none() {
                break;
            }
        }
        Ok(Reconciled {
            report,
            after: after.map(Into::into),
            ..Reconciled::default()
        })
    }

    async fn look_at_all(
        &self,
        things: Vec<WalkedThing>,
        repair: bool,
        report: &mut Report,
    ) -> Result<(), CloudFailure> {
        // A thing of another name is no device's.
        let named = |thing: WalkedThing| Some((Serial::new(&*thing.name).ok()?, thing));
        let things: Vec<_> = things.into_iter().filter_map(named).collect();
        let serials: Vec<_> = things.iter().map(|(serial, _)| serial.clone()).collect();
        let known = self.ledger.known_devices(&serials).await?;
        for (serial, thing) in &things {
            report.seen += 1;
            let Some(device) = known.get(serial) else {
                let detail = "the ledger does not know it".to_owned();
                report.note(Finding::ThingUnknown, serial.as_str(), detail, false);
                continue;
            };
            if let Err(failure) = self.look_at(serial, thing, *device, repair, report).await {
                tracing::warn!(target: "muster", %serial, cause = %failure, "its thing is not seen to");
                report.failed += 1;
            }
        }
        Ok(())
    }

    async fn look_at(
        &self,
        serial: &Serial,
        thing: &WalkedThing,
        device: DatedDevice,
        repair: bool,
        report: &mut Report,
    ) -> Result<(), CloudFailure> {
        // A device that has no certificate has no date, and one that is changing gets another.
        let Some(issued_on) = device
            .issued_on
            .filter(|_| device.provisioned && !device.changing)
        else {
            return Ok(());
        };
        let (finding, detail, repairs) = match &thing.date {
            ThingDate::On(day) if *day == issued_on => return Ok(()),
            ThingDate::On(day) => {
                if repair {
                    self.changes.report_change(serial).await?;
                }
                let detail = format!("the thing says {day}, the ledger {issued_on}");
                (Finding::DateDiffers, detail, repair)
            }
            // An operator's own thing may have no room for it, or another use for the name.
            ThingDate::Missing | ThingDate::Malformed(_) if !thing.made_here => return Ok(()),
            ThingDate::Missing => {
                if repair {
                    match self.dates.date_thing(serial, issued_on).await {
                        // It has no room for it, as that of a CA's template has none; the ledger has the date.
                        Err(failure) if failure.kind == FailureKind::Refused => return Ok(()),
                        dated => dated?,
                    }
                }
                let detail = format!("the ledger says {issued_on}");
                (Finding::DateMissing, detail, repair)
            }
            ThingDate::Malformed(text) => {
                let detail = format!("the thing says {:?}, which is no day", short(text));
                (Finding::DateMalformed, detail, false)
            }
        };
        report.note(finding, serial.as_str(), detail, repairs);
        Ok(())
    }
}

/// An attribute may have 800 characters.
fn short(text: &str) -> String {
    text.chars().take(20).collect()
}

#[cfg(test)]
mod tests;
