//! Messages looked at, and left where they are.

use super::walk::Walk;
use super::{Interrupt, LetterBox};
use muster_cloud::operator::{Depth, HeldMessage};
use muster_documents::dead_letters::{DeadLetterQueue, Letter};
use muster_onboarding::CloudFailure;
use serde::Serialize;

/// Which messages are looked at.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The queue whose messages these are.
    pub queue: DeadLetterQueue,
    /// Those of this device, by its serial or its client id; `None`: all.
    pub device: Option<String>,
    /// How many at most.
    pub limit: usize,
}

/// What was seen.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Looked {
    /// The messages, oldest first.
    pub messages: Vec<SeenMessage>,
    /// How many the queue had when the look began.
    pub depth: Depth,
    /// Whether there may be more than were looked at.
    pub more: bool,
}

/// A message.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SeenMessage {
    /// Its id.
    pub id: String,
    /// When it was first sent, in milliseconds since 1970.
    pub sent_at: i64,
    /// How often it was received, this look among them.
    pub received: u32,
    /// Whether SQS has moved it here, since its function failed to take it five times; else it was sent here.
    pub moved: bool,
    /// What it says, without secrets.
    #[serde(flatten)]
    pub letter: Letter,
    /// The names of what was sent with it.
    pub attributes: Vec<String>,
}

/// Looks at messages. Of a device's it looks at the whole queue; else at no more than it has to.
pub async fn look(
    letters: &impl LetterBox,
    wanted: &Wanted,
    interrupt: &Interrupt,
) -> Result<Looked, CloudFailure> {
    let depth = letters.depth().await?;
    let mut walk = Walk::new(letters, interrupt);
    let (mut messages, mut more) = (Vec::new(), true);
    let mut failed = None;
    while messages.len() < wanted.limit {
        match walk.next().await {
            Ok(page) if page.is_empty() => {
                more = interrupt.has_come();
                break;
            }
            Ok(page) => {
                let seen = page.into_iter().map(|message| seen(wanted.queue, message));
                messages.extend(seen.filter(|seen| {
                    let device = wanted.device.as_ref();
                    device.is_none_or(|device| seen.letter.is_of(device))
                }));
            }
            Err(failure) => {
                failed = Some(failure);
                break;
            }
        }
    }
    walk.end().await;
    if let Some(failure) = failed {
        return Err(failure);
    }
    messages.sort_by(|a, b| (a.sent_at, &a.id).cmp(&(b.sent_at, &b.id)));
    messages.truncate(wanted.limit);
    Ok(Looked {
        messages,
        depth,
        more,
    })
}

fn seen(queue: DeadLetterQueue, message: HeldMessage) -> SeenMessage {
    SeenMessage {
        letter: Letter::read(queue, &message.body),
        id: message.id,
        sent_at: message.sent_at,
        received: message.received,
        moved: message.moved,
        attributes: message.attributes.into_keys().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::played::Played;
    use super::*;

    fn wanted(device: Option<&str>, limit: usize) -> Wanted {
        Wanted {
            queue: DeadLetterQueue::Connection,
            device: device.map(str::to_owned),
            limit,
        }
    }

    #[tokio::test]
    async fn a_look_takes_nothing_away_and_hides_nothing() {
        let letters = Played::new((0..25).map(Played::connection));
        let interrupt = Interrupt::default();
        let looked = look(&letters, &wanted(None, 100), &interrupt)
            .await
            .unwrap();
        assert_eq!((looked.messages.len(), looked.more), (25, false));
        assert_eq!(looked.depth.visible, 25);
        assert_eq!((letters.ids().len(), letters.hidden()), (25, 0));
    }

    #[tokio::test]
    async fn no_more_is_looked_at_than_was_asked_for_and_that_there_is_more_is_said() {
        let letters = Played::new((0..2500).map(Played::connection));
        let interrupt = Interrupt::default();
        let looked = look(&letters, &wanted(None, 15), &interrupt).await.unwrap();
        assert_eq!((looked.messages.len(), looked.more), (15, true));
        assert_eq!((letters.received(), letters.hidden()), (2, 0));
    }

    #[tokio::test]
    async fn a_devices_messages_are_found_wherever_they_are() {
        let letters = Played::new((0..250).map(Played::connection));
        let interrupt = Interrupt::default();
        let wanted = wanted(Some("sensor-249"), 100);
        let looked = look(&letters, &wanted, &interrupt).await.unwrap();
        assert_eq!(looked.messages.len(), 1);
        assert_eq!(looked.messages[0].id, "m-249");
        assert_eq!(letters.hidden(), 0);
    }
}
