//! Tells devices to renew their certificates, once a day, finds those whose deadline has passed, and counts both.

mod standing;

use futures_util::StreamExt;
use muster_documents::rotation_tasks::{DueDevices, NotifiedDevices};
use muster_documents::{ROTATE_CERT, RotationNotice, Serial, alerts_topic};
use muster_lambda::NamedError;
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::{HeldDevice, NotedDevice, NoticeLedger, Publisher};
use muster_onboarding::rotation::{Day, DayError, RotationPolicy, due_since};
use serde_json::json;
use standing::Standing;

/// How many devices are told at once. Calls take some 10 ms, so that a page of 100 is told within a second.
const AT_ONCE: usize = 8;

/// Why nobody is notified.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// The task's day is none.
    #[error(transparent)]
    InputInvalid(#[from] DayError),
}

impl NamedError for NotifyError {
    fn name(&self) -> &'static str {
        match self {
            Self::InputInvalid(_) => "InputInvalid",
        }
    }
}

/// What became of one device.
#[derive(Default)]
struct Told {
    notified: bool,
    enforce: bool,
}

/// Notifies the devices. One that cannot be notified is counted, and stands in the way of no other.
pub async fn notify(
    ledger: &impl NoticeLedger,
    publisher: &impl Publisher,
    policy: &RotationPolicy,
    task: DueDevices,
) -> Result<NotifiedDevices, NotifyError> {
    let today = task.day.parse()?;
    let seen = futures_util::stream::iter(task.devices)
        .map(async |serial| {
            let (standing, told) = see_to(ledger, publisher, policy, &serial, today).await;
            (serial, standing, told)
        })
        .buffer_unordered(AT_ONCE);
    let mut answer = NotifiedDevices::default();
    let mut seen = std::pin::pin!(seen);
    while let Some((serial, standing, told)) = seen.next().await {
        answer.due += usize::from(standing == Some(Standing::Due));
        answer.overdue += usize::from(standing == Some(Standing::Overdue));
        match told {
            Ok(told) => {
                answer.notified += usize::from(told.notified);
                answer.enforce.extend(told.enforce.then_some(serial));
            }
            Err(failure) => {
                tracing::warn!(target: "muster", %serial, cause = %failure, "not notified");
                answer.failed += 1;
            }
        }
    }
    Ok(answer)
}

/// What became of the device, and how it stands: that counts where it cannot be told, too. `None`: it was seen to already.
async fn see_to(
    ledger: &impl NoticeLedger,
    publisher: &impl Publisher,
    policy: &RotationPolicy,
    serial: &Serial,
    today: Day,
) -> (Option<Standing>, Result<Told, CloudFailure>) {
    // Noted first: a message that is lost with the function is sent tomorrow, and nobody gets two.
    match ledger.note_notice(serial, today).await {
        Ok(Some(noted)) => {
            let standing = Standing::of(&noted.held, policy, today);
            let told = tell(ledger, publisher, policy, serial, today, &noted, standing).await;
            (Some(standing), told)
        }
        Ok(None) => (None, Ok(Told::default())),
        Err(failure) => (None, Err(failure)),
    }
}

async fn tell(
    ledger: &impl NoticeLedger,
    publisher: &impl Publisher,
    policy: &RotationPolicy,
    serial: &Serial,
    today: Day,
    NotedDevice { held, again }: &NotedDevice,
    standing: Standing,
) -> Result<Told, CloudFailure> {
    if let Standing::NotBefore(day) = standing {
        // What was done about a deadline has to be undone first.
        if held.rotation.overdue.is_some() {
            ledger.keep_due(serial, today).await?;
            return Ok(Told {
                enforce: true,
                ..Told::default()
            });
        }
        // Who has been given another certificate may live with it, unheard: it is asked until it has shown it.
        if held.rotation.next.is_none() {
            ledger.postpone_notice(serial, day).await?;
            return Ok(Told::default());
        }
    }
    let since = held.rotation.asked_since.unwrap_or(today);
    let due_on = due_since(held, None, policy);
    let due_on = due_on.map_or(since, |due_on| due_on.min(since));
    let deadline = policy.deadline(since);
    let notice = RotationNotice {
        msg: ROTATE_CERT.to_owned(),
        due_date: due_on.to_string(),
        deadline: deadline.to_string(),
        days_left: today.until(deadline).max(0),
    };
    if !*again {
        let payload = json!(notice).to_string().into_bytes();
        if let Err(failure) = publisher.publish(&alerts_topic(serial), payload).await {
            ledger
                .take_back_notice(serial, today, since == today)
                .await?;
            return Err(failure);
        }
    }
    let enforce = standing == Standing::Overdue && !is_settled(held);
    if enforce {
        ledger.keep_due(serial, today).await?;
    }
    Ok(Told {
        notified: !*again,
        enforce,
    })
}

/// Whether all has been done about the device's deadline.
fn is_settled(held: &HeldDevice) -> bool {
    held.rotation
        .overdue
        .as_ref()
        .is_some_and(|overdue| overdue.done)
}

#[cfg(test)]
mod tests;
