//! Waiting longer after each failure, and never all devices at once.

use crate::Entropy;
use std::time::Duration;

/// A wait that doubles from `first` to `longest`. Half of each is random, so that a fleet that lost its
/// connection together doesn't come back together.
#[derive(Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    /// Waits that begin so and end so.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            next: first,
        }
    }

    /// The wait after one more failure.
    pub fn after_failure(&mut self, entropy: &mut (impl Entropy + ?Sized)) -> Duration {
        let half = self.next / 2;
        self.next = (self.next * 2).min(self.longest);
        half + half.mul_f64(f64::from(entropy.number()) / f64::from(u32::MAX))
    }

    /// Starts over: something worked.
    pub(crate) fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_pki::{DeviceKey, KeyError};

    struct Always(u32);

    impl Entropy for Always {
        fn new_key(&mut self) -> Result<DeviceKey, KeyError> {
            DeviceKey::generate()
        }

        fn number(&mut self) -> u32 {
            self.0
        }
    }

    #[test]
    fn waits_double_up_to_the_longest_and_start_over_after_a_success() {
        let mut backoff = Backoff::new(Duration::from_secs(5), Duration::from_mins(1));
        let waits: Vec<u64> = (0..6)
            .map(|_| backoff.after_failure(&mut Always(u32::MAX)).as_secs())
            .collect();
        assert_eq!(waits, [5, 10, 20, 40, 60, 60]);
        backoff.reset();
        assert_eq!(backoff.after_failure(&mut Always(u32::MAX)).as_secs(), 5);
    }

    #[test]
    fn half_of_a_wait_is_left_to_chance() {
        let mut backoff = Backoff::new(Duration::from_secs(10), Duration::from_secs(10));
        assert_eq!(backoff.after_failure(&mut Always(0)).as_secs(), 5);
        assert_eq!(
            backoff.after_failure(&mut Always(u32::MAX / 2)).as_millis(),
            7499
        );
    }
}
