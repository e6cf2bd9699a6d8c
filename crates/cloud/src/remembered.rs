//! What was read a short while ago and is taken for true.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// For how long.
const REMEMBERED: Duration = Duration::from_mins(1);

/// A minute's memory of what was read of CAs, by their ids.
#[derive(Debug, Clone)]
pub(crate) struct Remembered<T>(Arc<Mutex<HashMap<String, (Instant, T)>>>);

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone> Remembered<T> {
    /// What was read of the CA within the last minute.
    pub(crate) fn of(&self, ca_id: &str, now: Instant) -> Option<T> {
        let read = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, value) = read.get(ca_id)?;
        is_fresh(*read_at, now).then(|| value.clone())
    }

    /// Remembers what was read now, and forgets whatever is older than a minute: a list can be large.
    pub(crate) fn keep(&self, ca_id: &str, value: T, now: Instant) {
        let mut read = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        read.retain(|_, (read_at, _)| is_fresh(*read_at, now));
        read.insert(ca_id.to_owned(), (now, value));
    }
}

fn is_fresh(read_at: Instant, now: Instant) -> bool {
    now.duration_since(read_at) < REMEMBERED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_true_for_a_minute_and_then_gone() {
        let remembered = Remembered::default();
        let now = Instant::now();
        let seconds = |seconds| now + Duration::from_secs(seconds);
        assert_eq!(remembered.of("ca", now), None);
        remembered.keep("ca", "old", now);
        assert_eq!(remembered.of("ca", seconds(59)), Some("old"));
        assert_eq!(remembered.of("other", now), None);
        assert_eq!(remembered.of("ca", seconds(60)), None);
        remembered.keep("other", "new", seconds(60));
        assert_eq!(remembered.of("other", seconds(61)), Some("new"));
        assert_eq!(remembered.0.lock().unwrap().len(), 1, "the old one is gone");
    }
}
