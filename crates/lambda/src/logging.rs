//! Where a function's log goes, and what its lines look like.

use crate::variables::LOG_LEVEL;
use serde_json::{Map, Value};
use std::fmt;
use std::io::stdout;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{
    FmtContext, FormatEvent, FormatFields, FormattedFields, MakeWriter, layer,
};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::{LookupSpan, Scope};
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
    // A second start in one process (tests) leaves the first as it is.
    let _ = tracing_subscriber::registry()
        .with(levels(level))
        .with(lines(stdout))
        .try_init();
}

fn levels(muster: LevelFilter) -> Targets {
    Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("muster", muster)
}

/// Each line is a [`Line`], written to `writer`.
fn lines<S, W>(writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    layer()
        .fmt_fields(JsonFields::new())
        .event_format(Line)
        .with_writer(writer)
}

/// A JSON object. What the spans around it know (whose device, which execution, which request) stands beside what the line
/// says itself, so that a field has one name wherever it comes from.
struct Line;

impl<S> FormatEvent<S, JsonFields> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Map::new();
        let mut now = String::new();
        SystemTime.format_time(&mut Writer::new(&mut now))?;
        let metadata = event.metadata();
        line.insert("timestamp".to_owned(), now.into());
        line.insert("level".to_owned(), metadata.level().as_str().into());
        line.insert("target".to_owned(), metadata.target().into());
        let spans = context.event_scope().into_iter().flat_map(Scope::from_root);
        for span in spans {
            if let Some(fields) = span.extensions().get::<FormattedFields<JsonFields>>() {
                line.extend(read(fields)?);
            }
        }
        let mut said = String::new();
        context.format_fields(Writer::new(&mut said), event)?;
        line.extend(read(&said)?);
        writeln!(writer, "{}", Value::Object(line))
    }
}

fn read(fields: &str) -> Result<Map<String, Value>, fmt::Error> {
    serde_json::from_str(fields).map_err(|_| fmt::Error)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::about::{ApiRequest, invocation, message};
    use crate::{about_device, about_execution};
    use muster_documents::Serial;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// The lines that are written while `work` is done at a level.
    pub(crate) fn logged(level: LevelFilter, work: impl FnOnce()) -> Vec<Value> {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::registry()
            .with(levels(level))
            .with(lines(move || writer.clone()));
        tracing::subscriber::with_default(subscriber, work);
        let written = written.0.lock().unwrap();
        let lines = std::str::from_utf8(&written).unwrap().lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn what_is_known_of_an_invocation_and_its_message_stands_in_each_line_under_one_name() {
        let serial = Serial::new("sensor-1").unwrap();
        let lines = logged(LevelFilter::INFO, || {
            let _invocation = invocation("r1", None).entered();
            message("m1").in_scope(|| {
                about_device(&serial);
                about_execution("sensor-1-m1");
                tracing::info!(target: "muster", refused = true, "taken");
            });
            tracing::info!(target: "muster", %serial, "done");
        });
        assert_eq!(lines[0]["message"], "taken");
        assert_eq!(lines[0]["refused"], true);
        assert_eq!(lines[0]["request"], "r1");
        assert_eq!(lines[0]["message_id"], "m1");
        assert_eq!(lines[0]["serial"], "sensor-1");
        assert_eq!(lines[0]["execution"], "sensor-1-m1");
        assert_eq!(lines[1]["serial"], "sensor-1");
        assert_eq!(lines[1].get("execution"), None);
        assert_eq!(lines[1].get("api_request"), None);
    }

    #[test]
    fn a_log_of_warnings_alone_says_whose_they_are_too() {
        let lines = logged(LevelFilter::WARN, || {
            let api = ApiRequest {
                id: "a1",
                operation: "GET /shadow".to_owned(),
            };
            let _invocation = invocation("r1", Some(api)).entered();
            about_device(&Serial::new("sensor-1").unwrap());
            tracing::info!(target: "muster", "not written");
            tracing::warn!(target: "muster", "written");
        });
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["serial"], "sensor-1");
        assert_eq!(lines[0]["api_request"], "a1");
        assert_eq!(lines[0]["operation"], "GET /shadow");
    }
}
