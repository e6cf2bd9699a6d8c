//! Messages back into the queue that they came from.

use super::chosen::Missing;
use super::walk::Walk;
use super::{Chosen, Interrupt, LetterBox};
use futures_util::future::join_all;
use muster_cloud::operator::HeldMessage;
use muster_documents::dead_letters::{DeadLetterQueue, Letter, LetterKind};
use muster_onboarding::CloudFailure;
use serde::Serialize;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// What is to be done.
#[derive(Debug, Clone)]
pub struct Putting {
    /// The queue whose messages these are.
    pub queue: DeadLetterQueue,
    /// Which.
    pub chosen: Chosen,
    /// What was sent later is left alone, in milliseconds since 1970: what was put back and fails once more must not be put back
    /// again and again.
    pub before: i64,
    /// How many in a second at most.
    pub per_second: u32,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What became of it.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PutBack {
    /// What is in its queue again, or would be.
    pub put_back: Vec<Named>,
    /// What was chosen and is here still.
    pub stayed: Vec<Stayed>,
    /// Ids that were chosen and are not here.
    pub missing: Vec<String>,
    /// How many were chosen and came only meanwhile.
    pub came_meanwhile: usize,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// Whether somebody interrupted it.
    pub interrupted: bool,
    /// Why it ended early.
    #[serde(skip)]
    pub stopped: Option<CloudFailure>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// Its id.
    pub id: String,
    /// By which names it names its device.
    pub devices: Vec<String>,
}

/// A message that stayed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stayed {
    /// It.
    #[serde(flatten)]
    pub message: Named,
    /// Why.
    pub why: String,
}

/// What is not put back unless it was chosen by its id, and why.
fn unfit(kind: LetterKind) -> Option<&'static str> {
    match kind {
        LetterKind::Unreadable => Some(
            "no function can read it, so that it would end here again; drop it, or choose it by its id",
        ),
        LetterKind::RuleReport => Some(
            "it is a topic rule's report and not the message itself, so that it would end here again; drop it",
        ),
        LetterKind::KeylessRequest => Some(
            "it has no CSR: served late, in legacy mode, it takes away a certificate that its device has not used yet; the \
             device asks again by itself: drop it, or choose it by its id",
        ),
        _ => None,
    }
}

/// Puts back what was chosen. A message is sent first and taken away after that: what is broken off in between is in both
/// queues, which does no harm, since all that take messages take them twice. `told` hears now and then how many there are so far.
pub async fn put_back(
    letters: &impl LetterBox,
    asked: &Putting,
    interrupt: &Interrupt,
    told: impl Fn(usize),
) -> PutBack {
    let mut walk = Walk::new(letters, interrupt);
    let mut missing = Missing::of(&asked.chosen);
    let mut done = PutBack {
        dry_run: asked.dry_run,
        ..PutBack::default()
    };
    while done.stopped.is_none() && !missing.is_nothing() {
        let page = match walk.next().await {
            Ok(page) if page.is_empty() => break,
            Ok(page) => page,
            Err(failure) => {
                done.stopped = Some(failure);
                break;
            }
        };
        let fit = done.sort(asked, page, &mut missing);
        let slowly = Instant::now() + pause(fit.len(), asked.per_second);
        let moved = join_all(fit.iter().map(async |(message, _)| {
            if asked.dry_run {
                Ok(())
            } else {
                once(letters, message).await
            }
        }));
        for ((message, named), moved) in fit.iter().zip(moved.await) {
            done.take(named.clone(), moved, || walk.forget(&message.id));
        }
        told(done.put_back.len());
        if !asked.dry_run && !interrupt.has_come() {
            sleep_until(slowly).await;
        }
    }
    walk.end().await;
    done.interrupted = interrupt.has_come();
    done.missing = missing.into_ids();
    done
}

/// How long so many messages take at this speed.
fn pause(messages: usize, per_second: u32) -> Duration {
    let messages = u32::try_from(messages).unwrap_or(u32::MAX);
    Duration::from_secs(1) * messages / per_second.max(1)
}

/// Why a message is not put back, or not only there.
enum Halfway {
    Unsent(CloudFailure),
    Doubled(CloudFailure),
}

async fn once(letters: &impl LetterBox, message: &HeldMessage) -> Result<(), Halfway> {
    letters.put_back(message).await.map_err(Halfway::Unsent)?;
    letters.remove(message).await.map_err(Halfway::Doubled)
}

impl PutBack {
    /// Whether all that was chosen is where it was to go.
    pub fn is_whole(&self) -> bool {
        self.stayed.is_empty()
            && self.missing.is_empty()
            && self.came_meanwhile == 0
            && self.stopped.is_none()
            && !self.interrupted
    }

    /// Whether nothing was chosen that is here.
    pub fn is_nothing(&self) -> bool {
        let none = self.put_back.is_empty() && self.stayed.is_empty();
        none && self.came_meanwhile == 0 && !self.interrupted
    }

    /// Notes of the messages of a page what stays, and answers what is to be put back.
    fn sort(
        &mut self,
        asked: &Putting,
        page: Vec<HeldMessage>,
        missing: &mut Missing,
    ) -> Vec<(HeldMessage, Named)> {
        let mut fit = Vec::new();
        for message in page {
            let letter = Letter::read(asked.queue, &message.body);
            if !asked.chosen.takes(&message, &letter) {
                continue;
            }
            missing.found(&message.id);
            let by_id = asked.chosen.ids().is_some();
            let named = Named {
                id: message.id.clone(),
                devices: letter.devices,
            };
            match unfit(letter.kind) {
                Some(why) if !by_id => self.stay(named, why.to_owned()),
                _ if !by_id && message.sent_at > asked.before => self.came_meanwhile += 1,
                _ => fit.push((message, named)),
            }
        }
        fit
    }

    fn take(&mut self, message: Named, moved: Result<(), Halfway>, forget: impl FnOnce()) {
        let (why, failure) = match moved {
            Ok(()) => {
                if !self.dry_run {
                    forget();
                }
                self.put_back.push(message);
                return;
            }
            Err(Halfway::Unsent(failure)) => (format!("not sent: {failure}"), failure),
            Err(Halfway::Doubled(failure)) => (
                format!(
                    "sent, and not taken away here, so that it is in both queues, which does no harm: {failure}"
                ),
                failure,
            ),
        };
        self.stay(message, why);
        self.stopped.get_or_insert(failure);
    }

    fn stay(&mut self, message: Named, why: String) {
        self.stayed.push(Stayed { message, why });
    }
}

#[cfg(test)]
mod tests;
