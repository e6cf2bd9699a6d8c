//! What lies between a device and the cloud.

use muster_device::Event;
use std::collections::BTreeMap;
use std::time::Duration;

/// How bad it gets, in thousandths.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    pub loss: u64,
    pub duplication: u64,
    /// The longest that a message may take, in milliseconds: longer than the time between two, they are reordered.
    pub delay: u64,
    /// A connection ends, instead of the next thing on it.
    pub disconnection: u64,
    /// The device dies between two events.
    pub death: u64,
    /// The device dies at some operation of its disk.
    pub disk_death: u64,
    /// The cloud revokes what is not acknowledged yet.
    pub abandonment: u64,
}

/// Something under way.
#[derive(Debug, Clone)]
pub enum Flight {
    Up {
        connection: u32,
        certificate: Option<Vec<u8>>,
        topic: String,
        payload: Vec<u8>,
    },
    Down {
        connection: u32,
        event: Event,
    },
}

/// Everything under way, by the time at which it arrives.
#[derive(Debug, Default)]
pub struct Air {
    flights: BTreeMap<(Duration, u64), Flight>,
    launched: u64,
}

impl Air {
    pub fn launch(&mut self, arrival: Duration, flight: Flight) {
        self.launched += 1;
        self.flights.insert((arrival, self.launched), flight);
    }

    /// The next arrival, if it is not after `limit`.
    pub fn next_before(&mut self, limit: Duration) -> Option<(Duration, Flight)> {
        let first = self
            .flights
            .first_entry()
            .filter(|first| first.key().0 <= limit)?;
        let ((at, _), flight) = first.remove_entry();
        Some((at, flight))
    }
}
