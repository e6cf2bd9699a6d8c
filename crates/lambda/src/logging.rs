//! One line of JSON an event, with identifiers as fields.

use crate::variables::LOG_LEVEL;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts the log on standard output, where Lambda takes it from. `LOG_LEVEL` sets Muster's own level; the
/// SDK's stays at warnings, since its debug lines hold whole requests.
pub fn start_logging() {
    let level = match std::env::var(LOG_LEVEL).as_deref() {
        Ok("error") => LevelFilter::ERROR,
        Ok("warn") => LevelFilter::WARN,
        Ok("debug") => LevelFilter::DEBUG,
        _ => LevelFilter::INFO,
    };
    let levels = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("muster", level);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        // What the invocation is about stands in each line: `span.serial`, `span.execution`.
        .with_current_span(true)
        .with_span_list(false);
    // A second start in one process (tests) leaves the first as it is.
    let _ = tracing_subscriber::registry()
        .with(levels)
        .with(lines)
        .try_init();
}
