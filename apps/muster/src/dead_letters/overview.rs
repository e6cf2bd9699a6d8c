//! How a dead-letter queue stands.

use super::LetterBox;
use muster_cloud::operator::Depth;
use muster_onboarding::CloudFailure;
use serde::Serialize;

/// How long the messages that are looked at stay hidden if they cannot be given back, in seconds.
const HIDDEN: i32 = 5;

/// How a queue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// How many messages there are.
    pub depth: Depth,
    /// The oldest; `None` if none can be had.
    pub oldest: Option<Oldest>,
}

/// The oldest message that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Oldest {
    /// When it was first sent, in milliseconds since 1970.
    pub sent_at: i64,
    /// Whether all of the queue was looked at; else there may be older ones: SQS gives ten messages at once, in no order.
    pub exact: bool,
}

/// Counts the messages and looks at the first ten.
pub async fn overview(letters: &impl LetterBox) -> Result<Overview, CloudFailure> {
    let depth = letters.depth().await?;
    if depth.visible == 0 {
        return Ok(Overview {
            depth,
            oldest: None,
        });
    }
    let page = letters.receive(HIDDEN).await?;
    let receipts: Vec<_> = page.iter().map(|one| one.receipt.clone()).collect();
    // What cannot be given back comes back by itself.
    let _ = letters.give_back(&receipts).await;
    let sent_at = page.iter().map(|one| one.sent_at).min();
    let exact = page.len() as u64 >= depth.visible && depth.hidden == 0;
    Ok(Overview {
        depth,
        oldest: sent_at.map(|sent_at| Oldest { sent_at, exact }),
    })
}

#[cfg(test)]
mod tests {
    use super::super::played::Played;
    use super::*;

    fn aged(number: usize) -> muster_cloud::operator::HeldMessage {
        let mut message = Played::connection(number);
        message.sent_at = 5000 - i64::try_from(number).unwrap();
        message
    }

    #[tokio::test]
    async fn the_age_of_the_oldest_is_exact_where_all_were_seen() {
        let letters = Played::new((0..10).map(aged));
        let seen = overview(&letters).await.unwrap();
        let oldest = Oldest {
            sent_at: 4991,
            exact: true,
        };
        assert_eq!((seen.depth.visible, seen.oldest), (10, Some(oldest)));
        assert_eq!(letters.hidden(), 0);
    }

    #[tokio::test]
    async fn of_more_than_ten_it_is_said_that_there_may_be_older_ones() {
        let letters = Played::new((0..11).map(aged));
        let seen = overview(&letters).await.unwrap();
        assert!(!seen.oldest.unwrap().exact);
    }

    #[tokio::test]
    async fn an_empty_queue_is_not_looked_at() {
        let letters = Played::new([]);
        assert_eq!(overview(&letters).await.unwrap().oldest, None);
        assert_eq!(letters.received(), 0);
    }
}
