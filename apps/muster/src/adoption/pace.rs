//! How fast things are looked at.

use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// Between one thing and the next: five a second. A thing costs one `DescribeCertificate` for each of its certificates, of
/// which the account has ten a second, devices that come in at the time included.
const BETWEEN: Duration = Duration::from_millis(200);

/// Whose turn it is.
pub struct Pace(Mutex<Interval>);

impl Pace {
    /// The first turn is at once.
    pub fn new() -> Self {
        let mut turns = interval(BETWEEN);
        // Time that was lost is not made up for.
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self(Mutex::new(turns))
    }

    /// Waits for the next turn.
    pub async fn turn(&self) {
        self.0.lock().await.tick().await;
    }
}
