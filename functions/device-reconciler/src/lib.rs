//! Walks the ledger's devices: finds those that an execution has left behind, or that would be asked to rotate too late,
//! and looks in turn whether each one's thing and certificate are still there.

use muster_documents::Serial;
use muster_documents::reconciliation_tasks::{Finding, Reconcile, Reconciled, StuckDevice};
use muster_lambda::count_one;
use muster_onboarding::ledger::{DeviceState, HANDED_OUT_PREFIX, RELEASE_PREFIX, kept_until};
use muster_onboarding::ports::{
    Attachments, Certificate, CertificateProof, CertificateRegistry, CorrectedDay, DayLedger,
    DeviceWalk, Executions, Policies, WalkedDevice,
};
use muster_onboarding::rotation::{Day, RotationPolicy, corrected_day, shard_of, shard_on};
use muster_onboarding::{CloudFailure, FailureKind};

/// The status of a certificate that devices can connect with (AWS IoT, `CertificateStatus`).
const ACTIVE: &str = "ACTIVE";
/// The metric that the template's alarm watches.
const METRIC: &str = "LostIdentity";
/// Pages of the ledger in an invocation, at most.
const PAGES: usize = 20;
/// An invocation ends after the page in which it has looked up so many things; AWS IoT allows 20 such calls a second.
const LOOKUPS: u64 = 100;
/// An invocation ends after the page in which it has found so many devices that are stuck: about each one three workflows
/// are asked.
const STUCK: usize = 20;

/// What the function reaches.
#[derive(Debug)]
pub struct World<L, T, C, E, R, P> {
    /// The ledger.
    pub ledger: L,
    /// AWS IoT's things.
    pub things: T,
    /// The queue of connections.
    pub connections: C,
    /// The workflows that hold devices.
    pub workflows: Vec<E>,
    /// AWS IoT's certificates.
    pub registry: R,
    /// And their policies.
    pub policies: P,
    /// When certificates have to be renewed.
    pub policy: RotationPolicy,
    /// How long the ledger keeps a device's timeline, in days.
    pub timeline_days: i64,
}

/// What goes for a whole run.
struct Run {
    now: i64,
    settled_before: i64,
    repair: bool,
}

impl<L, T, C, E, R, P> World<L, T, C, E, R, P>
where
    L: DeviceWalk + DayLedger,
    T: Attachments,
    C: CertificateProof,
    E: Executions,
    R: CertificateRegistry,
    P: Policies,
{
    /// Takes some pages, at the time `now` in milliseconds since 1970. A device for which a call fails is counted, and
    /// stands in the way of no other.
    pub async fn reconcile(&self, now: i64, task: Reconcile) -> Result<Reconciled, CloudFailure> {
        let run = Run {
            now,
            settled_before: task.settled_before(now),
            repair: task.repair,
        };
        let mut answer = Reconciled {
            report: task.report,
            after: task.after,
            ..Reconciled::default()
        };
        for _ in 0..PAGES {
            let after = answer.after.take();
            let page = self
                .ledger
                .walk_devices(task.segment, task.segments, after.as_ref())
                .await?;
            for (serial, device) in page.devices {
                answer.report.seen += 1;
                if let Err(failure) = self.look_at(&run, &serial, &device, &mut answer).await {
                    tracing::warn!(target: "muster", %serial, cause = %failure, "it is not seen to");
                    answer.report.failed += 1;
                }
            }
            answer.after = page.after;
            let full = answer.lookups >= LOOKUPS || answer.stuck.len() >= STUCK;
            if answer.after.is_none() || full {
                break;
            }
        }
        answer.report.lookups += answer.lookups;
        Ok(answer)
    }

    async fn look_at(
        &self,
        run: &Run,
        serial: &Serial,
        device: &WalkedDevice,
        answer: &mut Reconciled,
    ) -> Result<(), CloudFailure> {
        // Whoever has written it a moment ago may be at it still.
        if device.written_at.is_some_and(|at| at > run.settled_before) {
            return Ok(());
        }
        if let Some(execution) = holder(device) {
            return self.free(run, serial, device, execution, answer).await;
        }
        if device.held.state != Some(DeviceState::Provisioned) {
            return Ok(());
        }
        self.finish_retirement(run, serial, device, answer).await?;
        self.put_day_right(run, serial, device, answer).await?;
        self.look_at_thing(run, serial, device, answer).await
    }

    /// Has what an execution has left behind undone, if it does not run any more.
    async fn free(
        &self,
        run: &Run,
        serial: &Serial,
        device: &WalkedDevice,
        execution: &str,
        answer: &mut Reconciled,
    ) -> Result<(), CloudFailure> {
        for workflow in &self.workflows {
            answer.lookups += 1;
            if workflow.still_runs(execution).await? {
                return Ok(());
            }
        }
        // What the operator's program has begun to take away it has to take away to the end.
        if execution.starts_with(RELEASE_PREFIX) {
            let detail = "its release was broken off: `muster device release` again".to_owned();
            let finding = Finding::DeviceStuck;
            answer.report.note(finding, serial.as_str(), detail, false);
            return Ok(());
        }
        if let Some(pending) = &device.held.pending
            && self.works(pending, answer).await?
        {
            let detail = format!("its certificate {} works, and is not recorded", pending.id);
            let finding = Finding::DeviceStuck;
            answer.report.note(finding, serial.as_str(), detail, false);
            return Ok(());
        }
        let detail = format!("held by the execution {execution}, which has ended");
        answer
            .report
            .note(Finding::DeviceStuck, serial.as_str(), detail, run.repair);
        if run.repair {
            answer.stuck.push(StuckDevice {
                serial: serial.clone(),
                execution: execution.to_owned(),
            });
        }
        Ok(())
    }

    /// Whether a device can live with a certificate: it is active, and has a policy. An execution that ended before it
    /// recorded that has left it behind.
    async fn works(
        &self,
        certificate: &Certificate,
        answer: &mut Reconciled,
    ) -> Result<bool, CloudFailure> {
        answer.lookups += 2;
        let found = self.registry.certificate(&certificate.id).await?;
        let active = found.is_some_and(|found| found.description.status == ACTIVE);
        let policies = self.policies.attached_policies(&certificate.arn).await?;
        Ok(active && !policies.is_empty())
    }

    /// The connection that proved the certificate in force was not seen to the end. It is reported once more.
    async fn finish_retirement(
        &self,
        run: &Run,
        serial: &Serial,
        device: &WalkedDevice,
        answer: &mut Reconciled,
    ) -> Result<(), CloudFailure> {
        let (Some(retiring), Some(current)) =
            (&device.held.rotation.retiring, &device.held.current)
        else {
            return Ok(());
        };
        if run.repair {
            self.connections
                .report_connection(serial, &current.id)
                .await?;
        }
        let detail = format!("the certificate {retiring} was replaced");
        let finding = Finding::RetirementUnfinished;
        answer
            .report
            .note(finding, serial.as_str(), detail, run.repair);
        Ok(())
    }

    async fn put_day_right(
        &self,
        run: &Run,
        serial: &Serial,
        device: &WalkedDevice,
        answer: &mut Reconciled,
    ) -> Result<(), CloudFailure> {
        let before = device.rotation_day;
        let today = Day::of(run.now);
        let Some(day) = corrected_day(serial, &device.held, before, &self.policy, today) else {
            return Ok(());
        };
        if run.repair {
            let corrected = CorrectedDay {
                serial: serial.clone(),
                before,
                day,
                at: run.now,
                expires_at: kept_until(run.now, self.timeline_days),
            };
            match self.ledger.correct_day(&corrected).await {
                // Somebody else has written it.
                Err(failure) if failure.kind == FailureKind::ConditionFailed => return Ok(()),
                other => other?,
            }
        }
        let was = before.map_or("none".to_owned(), |day| day.to_string());
        let finding = Finding::RotationDayWrong;
        let detail = format!("it was {was}, and should be {day}");
        answer
            .report
            .note(finding, serial.as_str(), detail, run.repair);
        Ok(())
    }

    /// A look at the thing costs a call of AWS IoT, so each day it is another sixteenth of the devices.
    async fn look_at_thing(
        &self,
        run: &Run,
        serial: &Serial,
        device: &WalkedDevice,
        answer: &mut Reconciled,
    ) -> Result<(), CloudFailure> {
        let held = &device.held;
        let Some(current) = &held.current else {
            return Ok(());
        };
        // AWS IoT gets to know a certificate that was handed out when its device connects, whenever that is.
        let handed_out = held
            .execution
            .as_deref()
            .is_some_and(|execution| execution.starts_with(HANDED_OUT_PREFIX));
        if handed_out || shard_of(serial) != shard_on(Day::of(run.now)) {
            return Ok(());
        }
        answer.lookups += 1;
        let (finding, detail) = match self.things.certificates_of(serial).await? {
            None => (Finding::ThingMissing, "it has no thing".to_owned()),
            Some(attached) if attached.contains(&current.arn) => return Ok(()),
            Some(_) => (
                Finding::CertificateMissing,
                format!("the certificate {} is not its thing's", current.id),
            ),
        };
        tracing::warn!(target: "muster", %serial, finding = finding.name(), "{detail}");
        count_one(METRIC, run.now);
        answer.report.note(finding, serial.as_str(), detail, false);
        Ok(())
    }
}

/// The execution that holds a device, where one does.
fn holder(device: &WalkedDevice) -> Option<&str> {
    let held = &device.held;
    let begun = held.state == Some(DeviceState::Provisioning)
        || held.pending.is_some()
        || held.undoing.is_some()
        || device.rotating.is_some();
    held.execution.as_deref().filter(|_| begun)
}

#[cfg(test)]
mod tests;
