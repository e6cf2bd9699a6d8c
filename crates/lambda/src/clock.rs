//! The time, for the wiring of functions; their rules are told it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970. Read it at each invocation: a function that is kept warm over midnight must not live in
/// yesterday.
pub fn now_milliseconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

/// Seconds since 1970, read as [`now_milliseconds`].
pub fn now_seconds() -> i64 {
    now_milliseconds().div_euclid(1000)
}
