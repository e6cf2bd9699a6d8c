//! Does what is to be done to devices whose deadline has passed, and undoes it where a device is not due any more.
//!
//! The ledger has what is going to be done before it is done, with the policies that the certificate had: so it can be
//! finished and undone whenever it was broken off.

use muster_documents::Serial;
use muster_documents::rotation_tasks::{DueDevices, EnforcedDeadlines};
use muster_documents::tasks::Verdict;
use muster_lambda::{NamedError, count_one};
use muster_onboarding::ledger::{DeviceState, kept_until};
use muster_onboarding::ports::{
    BusEvent, Certificate, CertificateActivation, CertificateSwitch, DeviceRecords, EventBus,
    HeldDevice, Overdue, OverdueAction, OverdueChange, OverdueLedger, Policies,
};
use muster_onboarding::rotation::{Day, DayError, RotationPolicy, due_since};
use muster_onboarding::{CloudFailure, FailureKind};
use serde_json::json;

/// The metric that the template's alarm watches.
const METRIC: &str = "DeviceOverdue";

/// What the function reaches.
#[derive(Debug)]
pub struct World<L, C, A, B> {
    /// The ledger.
    pub ledger: L,
    /// AWS IoT's certificates and policies.
    pub certificates: C,
    /// Lets certificates in again.
    pub activation: A,
    /// The bus of events.
    pub bus: B,
    /// When certificates have to be renewed.
    pub policy: RotationPolicy,
    /// What is done to overdue devices.
    pub action: OverdueAction,
    /// The policy of quarantine.
    pub quarantine: String,
    /// How long the ledger keeps a device's timeline, in days.
    pub timeline_days: i64,
}

/// Why nothing is enforced.
#[derive(Debug, thiserror::Error)]
pub enum EnforceError {
    /// The task's day is none.
    #[error(transparent)]
    InputInvalid(#[from] DayError),
}

impl NamedError for EnforceError {
    fn name(&self) -> &'static str {
        match self {
            Self::InputInvalid(_) => "InputInvalid",
        }
    }
}

/// What became of one device.
enum Done {
    Nothing,
    Enforced,
    Reinstated,
}

impl<L, C, A, B> World<L, C, A, B>
where
    L: DeviceRecords + OverdueLedger,
    C: CertificateSwitch + Policies,
    A: CertificateActivation,
    B: EventBus,
{
    /// Sees to the devices, at the time `now` in milliseconds since 1970. One for which a call fails is counted, and
    /// stands in the way of no other. They are seen to one after the other: AWS IoT allows 15 such calls a second.
    pub async fn enforce(
        &self,
        now: i64,
        task: DueDevices,
    ) -> Result<EnforcedDeadlines, EnforceError> {
        let today = task.day.parse()?;
        let mut answer = EnforcedDeadlines::default();
        for serial in &task.devices {
            match self.see_to(now, today, serial).await {
                Ok(Done::Nothing) => {}
                Ok(Done::Enforced) => answer.enforced += 1,
                Ok(Done::Reinstated) => answer.reinstated += 1,
                Err(failure) => {
                    tracing::warn!(target: "muster", %serial, cause = %failure, "its deadline is not seen to");
                    answer.failed += 1;
                }
            }
        }
        Ok(answer)
    }

    async fn see_to(&self, now: i64, today: Day, serial: &Serial) -> Result<Done, CloudFailure> {
        let held = self.ledger.held(serial).await?.unwrap_or_default();
        let Some(current) = held.current.clone() else {
            return Ok(Done::Nothing);
        };
        if held.state != Some(DeviceState::Provisioned) || held.undoing.is_some() {
            return Ok(Done::Nothing);
        }
        // Without a notice its date was edited a moment ago: the next run asks it first.
        if held.rotation.asked_since.is_none() {
            return Ok(Done::Nothing);
        }
        let due_on = due_since(&held, None, &self.policy).filter(|day| *day > today);
        match (due_on, &held.rotation.overdue) {
            (Some(due_on), Some(overdue)) if !held.rotation.ordered => {
                let change = self.change(now, serial, overdue.clone());
                // Who has been given another certificate is asked every day until it has shown it.
                let next = held.rotation.next.as_ref();
                let asked_on = next.map_or(due_on, |_| today.plus(1));
                self.reinstate(&change, &current, asked_on).await
            }
            (Some(_), None) if !held.rotation.ordered => Ok(Done::Nothing),
            _ => {
                self.hold_to_deadline(now, today, serial, &held, &current)
                    .await
            }
        }
    }

    async fn hold_to_deadline(
        &self,
        now: i64,
        today: Day,
        serial: &Serial,
        held: &HeldDevice,
        current: &Certificate,
    ) -> Result<Done, CloudFailure> {
        let since = held.rotation.asked_since;
        if !since.is_some_and(|since| self.policy.is_overdue(since, today)) {
            return Ok(Done::Nothing);
        }
        let overdue = match &held.rotation.overdue {
            Some(overdue) if overdue.done => return Ok(Done::Nothing),
            Some(begun) => begun.clone(),
            None => {
                let begun = self.begin(now, serial, held, current).await;
                match begun {
                    // It has renewed its certificate at this moment.
                    Err(failure) if failure.kind == FailureKind::ConditionFailed => {
                        return Ok(Done::Nothing);
                    }
                    begun => begun?,
                }
            }
        };
        self.carry_out(&overdue, current).await?;
        self.ledger
            .confirm_overdue(serial, &current.id, today)
            .await?;
        tracing::info!(target: "muster", %serial, action = overdue.action.name(), "overdue");
        count_one(METRIC, now);
        self.tell("DeviceOverdue", serial, &overdue).await;
        Ok(Done::Enforced)
    }

    /// Notes what is going to be done.
    async fn begin(
        &self,
        now: i64,
        serial: &Serial,
        held: &HeldDevice,
        current: &Certificate,
    ) -> Result<Overdue, CloudFailure> {
        // Firmware that has never renewed a certificate here may not know how: it would be locked out for good.
        let action = if held.is_as_adopted() {
            OverdueAction::Alert
        } else {
            self.action
        };
        let policies = match action {
            OverdueAction::Quarantine => {
                let mut attached = self.certificates.attached_policies(&current.arn).await?;
                attached.retain(|policy| *policy != self.quarantine);
                attached
            }
            OverdueAction::Deactivate | OverdueAction::Alert => Vec::new(),
        };
        let overdue = Overdue {
            action,
            certificate_id: current.id.clone(),
            policies,
            done: false,
        };
        let change = self.change(now, serial, overdue.clone());
        self.ledger.note_overdue(&change).await?;
        Ok(overdue)
    }

    async fn carry_out(
        &self,
        overdue: &Overdue,
        current: &Certificate,
    ) -> Result<(), CloudFailure> {
        match overdue.action {
            OverdueAction::Alert => Ok(()),
            OverdueAction::Deactivate => {
                self.certificates.deactivate_certificate(&current.id).await
            }
            OverdueAction::Quarantine => self.shut_in(overdue, current).await,
        }
    }

    /// First what it still may do, then what it may not any more: in between it is not shut out.
    async fn shut_in(&self, overdue: &Overdue, current: &Certificate) -> Result<(), CloudFailure> {
        let quarantined = self
            .certificates
            .put_policy(&self.quarantine, &current.arn)
            .await;
        match quarantined {
            // The certificate was handed out and has never been brought: there is nobody to shut in.
            Err(failure) if failure.kind == FailureKind::NotFound => return Ok(()),
            other => other?,
        }
        for policy in &overdue.policies {
            self.certificates.take_policy(policy, &current.arn).await?;
        }
        Ok(())
    }

    /// Undoes what was done.
    async fn reinstate(
        &self,
        change: &OverdueChange,
        current: &Certificate,
        due_on: Day,
    ) -> Result<Done, CloudFailure> {
        let OverdueChange {
            serial, overdue, ..
        } = change;
        match overdue.action {
            OverdueAction::Alert => {}
            OverdueAction::Deactivate => {
                let activated = self.activation.settle(&current.id, Verdict::Activate);
                // It was handed out and has never been brought: there is nothing to let in.
                CloudFailure::unless_not_found(activated.await)?;
            }
            OverdueAction::Quarantine => {
                for policy in &overdue.policies {
                    self.certificates.put_policy(policy, &current.arn).await?;
                }
                self.certificates
                    .take_policy(&self.quarantine, &current.arn)
                    .await?;
            }
        }
        match self.ledger.forget_overdue(change, due_on).await {
            // It has renewed its certificate at this moment, or is due again: what is undone is done again.
            Err(failure) if failure.kind == FailureKind::ConditionFailed => {
                self.carry_out(overdue, current).await?;
                return Ok(Done::Nothing);
            }
            forgotten => forgotten?,
        }
        tracing::info!(target: "muster", %serial, "reinstated");
        self.tell("DeviceReinstated", serial, overdue).await;
        Ok(Done::Reinstated)
    }

    fn change(&self, now: i64, serial: &Serial, overdue: Overdue) -> OverdueChange {
        OverdueChange {
            serial: serial.clone(),
            overdue,
            at: now,
            expires_at: kept_until(now, self.timeline_days),
        }
    }

    async fn tell(&self, name: &'static str, serial: &Serial, overdue: &Overdue) {
        let event = BusEvent {
            name,
            detail: json!({
                "serial": serial, "clientId": null, "mode": null, "execution": null, "thingName": serial,
                "certificateId": overdue.certificate_id, "action": overdue.action.name(),
            }),
        };
        if let Err(failure) = self.bus.tell(&event).await {
            tracing::warn!(target: "muster", %serial, cause = %failure, "the bus lacks an event");
        }
    }
}

#[cfg(test)]
mod tests;
