//! One line of JSON an event, with identifiers as fields.

use crate::variables::LOG_LEVEL;
use tracing_subscriber::EnvFilter;

/// Starts the log on standard output, where Lambda takes it from. `LOG_LEVEL` sets Muster's own level; the
/// SDK's stays at warnings, since its debug lines hold whole requests.
pub fn start_logging() {
    let level = std::env::var(LOG_LEVEL).unwrap_or_else(|_| "info".to_owned());
    let level = match level.as_str() {
        "error" | "warn" | "info" | "debug" => level.as_str(),
        _ => "info",
    };
    let filter = EnvFilter::new(format!("warn,muster={level}"));
    // A second start in one process (tests) leaves the first as it is.
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_env_filter(filter)
        .try_init();
}
