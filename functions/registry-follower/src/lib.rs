//! Keeps the ledger in step with things' dates: an operator who edits `cert_issuance` makes a device due, or not due.
//!
//! The event says only which thing has changed. What it is now is read from the thing itself, so that events that come
//! twice, late or out of order do no harm. Muster's own changes of things come by here as well, and say what the ledger
//! says.

use muster_documents::{Serial, ThingChanged};
use muster_lambda::{NamedError, SqsBatch, SqsBatchResponse, SqsRecord, about_device};
use muster_onboarding::ledger::{DeviceState, kept_until};
use muster_onboarding::ports::{
    DateLedger, DeviceRecords, EditedDate, HeldDevice, ThingCalendar, ThingDate,
};
use muster_onboarding::rotation::{Day, RotationPolicy, due_since};
use muster_onboarding::{CloudFailure, FailureKind};

/// How often a device is looked at anew when it has changed meanwhile.
const ROUNDS: usize = 3;

/// What the function reaches.
#[derive(Debug)]
pub struct World<L, T> {
    /// The ledger.
    pub ledger: L,
    /// AWS IoT's things.
    pub things: T,
    /// When certificates have to be renewed.
    pub policy: RotationPolicy,
    /// How long the ledger keeps a device's timeline, in days.
    pub timeline_days: i64,
}

/// Why a message is delivered again.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The message is not what the topic rule writes.
    #[error("the message is not what the topic rule writes")]
    MessageInvalid(#[source] serde_json::Error),
    /// A call failed.
    #[error(transparent)]
    Cloud(#[from] CloudFailure),
}

impl NamedError for FollowError {
    fn name(&self) -> &'static str {
        match self {
            Self::MessageInvalid(_) => "MessageInvalid",
            Self::Cloud(failure) => failure.name(),
        }
    }
}

impl<L, T> World<L, T>
where
    L: DeviceRecords + DateLedger,
    T: ThingCalendar,
{
    /// Takes a batch at the time `now`, in milliseconds since 1970. What fails is named in the answer and delivered again,
    /// alone.
    pub async fn follow(&self, now: i64, batch: SqsBatch) -> Result<SqsBatchResponse, FollowError> {
        let each = async |record: &SqsRecord| self.take_one(now, record).await;
        Ok(batch.take_each("a change of a thing", each).await)
    }

    async fn take_one(&self, now: i64, record: &SqsRecord) -> Result<(), FollowError> {
        let changed: ThingChanged =
            serde_json::from_str(&record.body).map_err(FollowError::MessageInvalid)?;
        // An operator's own thing may have a name that no device of Muster's can have.
        let Ok(serial) = Serial::new(changed.thing_name) else {
            return Ok(());
        };
        about_device(&serial);
        for _ in 0..ROUNDS {
            // The ledger first: if it changes after the thing was read, the write fails and both are read anew.
            let Some(held) = self.ledger.held(&serial).await? else {
                return Ok(());
            };
            if held.state != Some(DeviceState::Provisioned) || held.undoing.is_some() {
                return Ok(());
            }
            if held.rotation.retiring.is_some() {
                // rotation-completer dates the thing a moment later: until then it says the retired certificate's date.
                return Err(later(format!(
                    "{serial} gets the date of its new certificate at this moment"
                )));
            }
            let issued_on = match self.things.thing_date(&serial).await? {
                ThingDate::On(day) => day,
                ThingDate::Missing => return Ok(()),
                ThingDate::Malformed(text) => {
                    tracing::warn!(
                        target: "muster", cert_issuance = text,
                        "the thing's date is none, and is not followed: write it as yyyymmdd"
                    );
                    return Ok(());
                }
            };
            if held.issued_on == Some(issued_on) {
                return Ok(());
            }
            match self.take_over(now, serial.clone(), held, issued_on).await {
                Err(failure) if failure.kind == FailureKind::ConditionFailed => {}
                other => return Ok(other?),
            }
        }
        Err(later(format!("{serial} changes all the time")))
    }

    async fn take_over(
        &self,
        now: i64,
        serial: Serial,
        held: HeldDevice,
        issued_on: Day,
    ) -> Result<(), CloudFailure> {
        let before = held.issued_on;
        let today = Day::of(now);
        // What was done about a deadline is undone by the run that finds the device; who has been given another certificate
        // is asked every day until it has shown it.
        let rotation = &held.rotation;
        let under_way = rotation.overdue.is_some() || rotation.ordered || rotation.next.is_some();
        let held = HeldDevice {
            issued_on: Some(issued_on),
            ..held
        };
        let due_on = due_since(&held, None, &self.policy).unwrap_or(today);
        let edited = EditedDate {
            before,
            issued_on,
            rotation_day: if under_way { today } else { due_on },
            under_way,
            at: now,
            expires_at: kept_until(now, self.timeline_days),
            serial,
        };
        self.ledger.take_over_date(&edited).await?;
        tracing::info!(target: "muster", issued_on = %edited.issued_on, "the date was edited");
        Ok(())
    }
}

fn later(message: String) -> FollowError {
    FollowError::Cloud(CloudFailure {
        kind: FailureKind::Throttled,
        action: "dynamodb:TransactWriteItems",
        message,
        source: None,
    })
}

#[cfg(test)]
mod tests;
