//! Each message of a queue once.

use super::{Interrupt, LetterBox};
use muster_cloud::operator::HeldMessage;
use muster_onboarding::CloudFailure;
use std::collections::{HashMap, HashSet};

/// How long a message stays hidden if nobody gives it back, in seconds.
const HIDDEN: i32 = 120;

/// How often in a row SQS has to say that there is nothing: it knows of a message a little later than its sender.
const EMPTY: usize = 2;

/// As many messages as SQS hands out at once.
const PAGE: usize = 10;

/// A walk through a queue.
pub struct Walk<'a, B> {
    letters: &'a B,
    interrupt: &'a Interrupt,
    seen: HashSet<String>,
    /// The receipts of those that are hidden, by id.
    held: HashMap<String, String>,
    empty: usize,
    /// How often in a row there was nothing new.
    stale: usize,
}

impl<'a, B: LetterBox> Walk<'a, B> {
    /// Through these, until somebody interrupts it.
    pub fn new(letters: &'a B, interrupt: &'a Interrupt) -> Self {
        Self {
            letters,
            interrupt,
            seen: HashSet::new(),
            held: HashMap::new(),
            empty: 0,
            stale: 0,
        }
    }

    /// The next messages, each for the first time; none at the end.
    pub async fn next(&mut self) -> Result<Vec<HeldMessage>, CloudFailure> {
        while !self.interrupt.has_come() && self.empty < EMPTY && !self.is_round() {
            let mut received = self.letters.receive(HIDDEN).await?;
            self.empty = if received.is_empty() {
                self.empty + 1
            } else {
                0
            };
            for message in &received {
                let receipt = message.receipt.clone();
                self.held.insert(message.id.clone(), receipt);
            }
            received.retain(|message| self.seen.insert(message.id.clone()));
            if !received.is_empty() {
                self.stale = 0;
                return Ok(received);
            }
            self.stale += 1;
        }
        Ok(Vec::new())
    }

    /// Whether all that are held may have come again, after a walk of more than [`HIDDEN`], with nothing new among them.
    fn is_round(&self) -> bool {
        self.stale > self.held.len() / PAGE + EMPTY
    }

    /// Says that a message is there no more.
    pub fn forget(&mut self, id: &str) {
        self.held.remove(id);
    }

    /// Gives back what is held. What cannot be given back comes back by itself.
    pub async fn end(self) {
        let receipts: Vec<_> = self.held.into_values().collect();
        let _ = self.letters.give_back(&receipts).await;
    }
}

#[cfg(test)]
mod tests {
    use super::super::played::Played;
    use super::*;

    async fn walked(letters: &Played) -> Vec<String> {
        let interrupt = Interrupt::default();
        let mut walk = Walk::new(letters, &interrupt);
        let mut ids = Vec::new();
        loop {
            let page = walk.next().await.unwrap();
            if page.is_empty() {
                break;
            }
            ids.extend(page.into_iter().map(|message| message.id));
        }
        walk.end().await;
        ids
    }

    #[tokio::test]
    async fn each_of_thousands_of_messages_is_seen_once_and_none_stays_hidden() {
        let letters = Played::new((0..2500).map(Played::connection));
        let mut ids = walked(&letters).await;
        assert_eq!(ids.len(), 2500);
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 2500);
        assert_eq!(letters.hidden(), 0);
        assert_eq!(walked(&letters).await.len(), 2500, "and once more");
    }

    #[tokio::test]
    async fn messages_that_come_back_before_the_end_do_not_end_the_walk() {
        let letters = Played::new((0..300).map(Played::connection)).hiding_for(12);
        let interrupt = Interrupt::default();
        let mut walk = Walk::new(&letters, &interrupt);
        let mut seen = 0;
        loop {
            let page = walk.next().await.unwrap();
            if page.is_empty() {
                break;
            }
            for message in page {
                seen += 1;
                if seen > 50 {
                    letters.remove(&message).await.unwrap();
                    walk.forget(&message.id);
                }
            }
        }
        assert_eq!((seen, letters.ids().len()), (300, 50));
    }

    #[tokio::test]
    async fn an_empty_queue_is_asked_twice() {
        let letters = Played::new([]);
        assert!(walked(&letters).await.is_empty());
        assert_eq!(letters.received(), 2);
    }

    #[tokio::test]
    async fn whoever_interrupts_it_gets_everything_back() {
        let letters = Played::new((0..30).map(Played::connection));
        let interrupt = Interrupt::default();
        let mut walk = Walk::new(&letters, &interrupt);
        assert_eq!(walk.next().await.unwrap().len(), 10);
        interrupt.come();
        assert!(walk.next().await.unwrap().is_empty());
        assert_eq!(letters.hidden(), 10);
        walk.end().await;
        assert_eq!(letters.hidden(), 0);
    }
}
