//! The same for the tokens of many devices, some at once.

use crate::commands::Failure;
use futures_util::StreamExt;
use muster_documents::Serial;
use std::cell::Cell;

/// How many devices are seen to at once.
const AT_ONCE: usize = 8;

/// Why not all devices were seen to.
#[derive(Debug)]
pub struct Stopped {
    /// Those that were not.
    pub serials: Vec<Serial>,
    /// What failed first.
    pub source: Failure,
}

/// Does `act` for each serial, and has what comes of it taken in the serials' order. Once one has failed no other is begun,
/// but what comes of those that were begun is taken too: it is done.
pub async fn each<T, E: Into<Failure>>(
    serials: Vec<Serial>,
    act: impl AsyncFn(&Serial) -> Result<T, E>,
    mut take: impl FnMut(Serial, T) -> Result<(), Failure>,
) -> Result<(), Stopped> {
    let stopped = Cell::new(false);
    let mut done = futures_util::stream::iter(serials)
        .map(async |serial| {
            if stopped.get() {
                return (serial, None);
            }
            let done = act(&serial).await;
            stopped.set(stopped.get() || done.is_err());
            (serial, Some(done))
        })
        .buffered(AT_ONCE);
    let (mut without, mut failed) = (Vec::new(), None);
    while let Some((serial, done)) = done.next().await {
        let taken = match done {
            Some(Ok(done)) => take(serial.clone(), done),
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
        Some(source) => Err(Stopped {
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
    async fn what_is_done_is_taken_in_the_order_of_the_serials() {
        let mut taken = Vec::new();
        let later_first = async |serial: &Serial| {
            sleep(Duration::from_millis(20 - number(serial))).await;
            Ok::<_, Failure>(number(serial))
        };
        let take = |_, token| {
            taken.push(token);
            Ok(())
        };
        each(serials(20), later_first, take).await.unwrap();
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
        let take = |_, token| {
            taken.push(token);
            Ok(())
        };
        let stopped = each(serials(20), third_fails, take).await.unwrap_err();
        assert!(begun.get() < 20);
        assert_eq!(
            taken.len() + 1,
            begun.get(),
            "begun, and neither taken nor failed"
        );
        assert_eq!(taken.len() + stopped.serials.len(), 20);
        assert_eq!(stopped.serials[0].as_str(), "sensor-3");
        assert_eq!(stopped.source.to_string(), "no key");
    }

    #[tokio::test]
    async fn a_token_that_cannot_be_written_is_none() {
        let make = async |serial: &Serial| Ok::<_, Failure>(number(serial));
        let full = |_, token| match token {
            2 => Err("the disk is full".into()),
            _ => Ok(()),
        };
        let stopped = each(serials(2), make, full).await.unwrap_err();
        assert_eq!(stopped.serials, serials(2)[1..]);
    }
}
