//! Messages taken away for good.

use super::chosen::Missing;
use super::walk::Walk;
use super::{Chosen, Interrupt, LetterBox};
use futures_util::future::join_all;
use muster_cloud::operator::HeldMessage;
use muster_documents::dead_letters::{DeadLetterQueue, Letter};
use std::io;

/// What became of it.
#[derive(Debug, Default)]
pub struct Discarded {
    /// How many are gone.
    pub count: usize,
    /// Ids of those that were written out, and are here still.
    pub stayed: Vec<String>,
    /// Ids that were chosen and are not here.
    pub missing: Vec<String>,
    /// Whether somebody interrupted it.
    pub interrupted: bool,
    /// Why it ended early.
    pub stopped: Option<DiscardError>,
}

/// Why it ended early.
#[derive(Debug, thiserror::Error)]
pub enum DiscardError {
    /// A call failed.
    #[error(transparent)]
    Cloud(#[from] muster_onboarding::CloudFailure),
    /// A message could not be written out, and is not taken away.
    #[error("the message cannot be written out, and stays")]
    Unwritten(#[source] io::Error),
}

/// Takes away what was chosen and was sent up to the time `before`, in milliseconds since 1970. Each message is written out by
/// `write` before that: it is nowhere else.
pub async fn discard(
    letters: &impl LetterBox,
    (queue, chosen): (DeadLetterQueue, &Chosen),
    before: i64,
    interrupt: &Interrupt,
    mut write: impl FnMut(&HeldMessage, &Letter) -> io::Result<()>,
) -> Discarded {
    let mut walk = Walk::new(letters, interrupt);
    let mut missing = Missing::of(chosen);
    let mut done = Discarded::default();
    while done.stopped.is_none() && !missing.is_nothing() {
        let page = match walk.next().await {
            Ok(page) if page.is_empty() => break,
            Ok(page) => page,
            Err(failure) => {
                done.stopped = Some(failure.into());
                break;
            }
        };
        let mut written = Vec::new();
        for message in page {
            let letter = Letter::read(queue, &message.body);
            let by_id = chosen.ids().is_some();
            if !chosen.takes(&message, &letter) || (!by_id && message.sent_at > before) {
                continue;
            }
            missing.found(&message.id);
            if let Err(error) = write(&message, &letter) {
                done.stopped = Some(DiscardError::Unwritten(error));
                break;
            }
            written.push(message);
        }
        let removed = join_all(
            written
                .iter()
                .map(async |message| letters.remove(message).await),
        );
        for (message, removed) in written.iter().zip(removed.await) {
            if let Err(failure) = removed {
                done.stayed.push(message.id.clone());
                done.stopped.get_or_insert(failure.into());
            } else {
                done.count += 1;
                walk.forget(&message.id);
            }
        }
    }
    walk.end().await;
    done.interrupted = interrupt.has_come();
    done.missing = missing.into_ids();
    done
}

#[cfg(test)]
mod tests {
    use super::super::played::Played;
    use super::*;

    const QUEUE: DeadLetterQueue = DeadLetterQueue::Connection;

    async fn run(letters: &Played, chosen: &Chosen, room: usize) -> (Discarded, Vec<String>) {
        let mut written = Vec::new();
        let write = |message: &HeldMessage, _: &Letter| {
            if written.len() == room {
                return Err(io::Error::other("the disk is full"));
            }
            written.push(message.id.clone());
            Ok(())
        };
        let interrupt = Interrupt::default();
        let done = discard(letters, (QUEUE, chosen), 1000, &interrupt, write).await;
        (done, written)
    }

    #[tokio::test]
    async fn what_is_taken_away_was_written_out_before() {
        let letters = Played::new((0..25).map(Played::connection));
        let (done, written) = run(&letters, &Chosen::All, usize::MAX).await;
        assert_eq!((done.count, written.len()), (25, 25));
        assert!(letters.ids().is_empty());
    }

    #[tokio::test]
    async fn what_cannot_be_written_out_stays() {
        let letters = Played::new((0..25).map(Played::connection));
        let (done, written) = run(&letters, &Chosen::All, 12).await;
        assert_eq!((done.count, written.len()), (12, 12));
        assert!(matches!(done.stopped, Some(DiscardError::Unwritten(_))));
        assert_eq!((letters.ids().len(), letters.hidden()), (13, 0));
    }

    #[tokio::test]
    async fn only_what_is_old_is_taken_away_where_that_was_chosen() {
        let mut old = Played::connection(1);
        old.sent_at = 499;
        let mut young = Played::connection(2);
        young.sent_at = 500;
        let letters = Played::new([young, old]);
        let (done, _) = run(&letters, &Chosen::SentBefore(500), usize::MAX).await;
        assert_eq!(done.count, 1);
        assert_eq!(letters.ids(), ["m-2"]);
    }

    #[tokio::test]
    async fn what_came_meanwhile_stays_and_what_is_not_there_is_named() {
        let mut late = Played::connection(1);
        late.sent_at = 1001;
        let letters = Played::new([late]);
        let (done, _) = run(&letters, &Chosen::All, usize::MAX).await;
        assert_eq!((done.count, letters.ids().len()), (0, 1));
        let ids = Chosen::Messages(["m-1".to_owned(), "m-9".to_owned()].into());
        let (done, _) = run(&letters, &ids, usize::MAX).await;
        assert_eq!((done.count, done.missing), (1, vec!["m-9".to_owned()]));
    }

    #[tokio::test]
    async fn what_could_not_be_taken_away_is_named() {
        let letters = Played::new((0..15).map(Played::connection)).failing_after(0, 4);
        let (done, written) = run(&letters, &Chosen::All, usize::MAX).await;
        assert_eq!((done.count, done.stayed.len(), written.len()), (4, 6, 10));
        assert_eq!(letters.ids().len(), 11);
    }
}
