//! Tokens for many devices, some at once.

use super::listed;
use crate::commands::Failure;
use futures_util::StreamExt;
use muster_documents::Serial;
use std::cell::Cell;

/// How many tokens are made at once.
const AT_ONCE: usize = 8;

/// Which devices got no token, and why the first of them did not.
#[derive(Debug, thiserror::Error)]
#[error(
    "no new token for {}; run the command again for these, since one that they had may be good no more",
    listed(serials)
)]
pub struct Unissued {
    /// The devices.
    pub serials: Vec<Serial>,
    /// What failed.
    #[source]
    pub source: Failure,
}

/// Makes a token for each serial with `issue`, and has each of them taken in the serials' order. Once one has failed no
/// other is begun, but those that were begun are taken too: what a device had before may be good no more.
pub async fn issue_each<T, E: Into<Failure>>(
    serials: Vec<Serial>,
    issue: impl AsyncFn(&Serial) -> Result<T, E>,
    mut take: impl FnMut(T) -> Result<(), Failure>,
) -> Result<(), Unissued> {
    let stopped = Cell::new(false);
    let mut made = futures_util::stream::iter(serials)
        .map(async |serial| {
            if stopped.get() {
                return (serial, None);
            }
            let made = issue(&serial).await;
            stopped.set(stopped.get() || made.is_err());
            (serial, Some(made))
        })
        .buffered(AT_ONCE);
    let (mut without, mut failed) = (Vec::new(), None);
    while let Some((serial, made)) = made.next().await {
        let taken = match made {
            Some(Ok(token)) => take(token),
            Some(Err(error)) => Err(error.into()),
            None => {
                without.push(serial);
                continue;
            }
        };
        if let Err(error) = taken {
            stopped.set(true);
            without.push(serial);
            failed.get_or_insert(error);
        }
    }
    match failed {
        None => Ok(()),
        Some(source) => Err(Unissued {
            serials: without,
            source,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::sleep;

    fn serials(count: usize) -> Vec<Serial> {
        let serials = (1..=count).map(|number| Serial::new(format!("sensor-{number}")).unwrap());
        serials.collect()
    }

    fn number(serial: &Serial) -> u64 {
        let number = serial.as_str().rsplit('-').next().unwrap();
        number.parse().unwrap()
    }

    #[tokio::test]
    async fn tokens_are_taken_in_the_order_of_their_serials() {
        let mut taken = Vec::new();
        let later_first = async |serial: &Serial| {
            sleep(Duration::from_millis(20 - number(serial))).await;
            Ok::<_, Failure>(number(serial))
        };
        let take = |token| {
            taken.push(token);
            Ok(())
        };
        issue_each(serials(20), later_first, take).await.unwrap();
        assert_eq!(taken, (1..=20).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn what_was_begun_before_one_failed_is_taken_and_nothing_else_is_begun() {
        let begun = Cell::new(0);
        let mut taken = Vec::new();
        let third_fails = async |serial: &Serial| {
            begun.set(begun.get() + 1);
            match number(serial) {
                3 => Err("no key"),
                number => {
                    sleep(Duration::from_millis(5)).await;
                    Ok(number)
                }
            }
        };
        let take = |token| {
            taken.push(token);
            Ok(())
        };
        let unissued = issue_each(serials(20), third_fails, take)
            .await
            .unwrap_err();
        assert!(begun.get() < 20);
        assert_eq!(
            taken.len() + 1,
            begun.get(),
            "begun, and neither taken nor failed"
        );
        assert_eq!(taken.len() + unissued.serials.len(), 20);
        assert!(
            unissued
                .to_string()
                .starts_with("no new token for sensor-3, ")
        );
        assert_eq!(unissued.source.to_string(), "no key");
    }

    #[tokio::test]
    async fn a_token_that_cannot_be_written_is_none() {
        let make = async |serial: &Serial| Ok::<_, Failure>(number(serial));
        let full = |token| match token {
            2 => Err("the disk is full".into()),
            _ => Ok(()),
        };
        let unissued = issue_each(serials(2), make, full).await.unwrap_err();
        assert_eq!(listed(&unissued.serials), "sensor-2");
    }
}
