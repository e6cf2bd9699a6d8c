//! What commands print: results on standard output, for people or as JSON; progress and failures on standard error.

use serde::Serialize;
use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};
use std::time::Instant;

/// Prints as the command line asked.
#[derive(Debug)]
pub struct Output {
    json: bool,
    started: Instant,
}

impl Output {
    /// Output of a command that starts now.
    pub fn new(json: bool) -> Self {
        Self {
            json,
            started: Instant::now(),
        }
    }

    /// The command's result: `value` as one JSON object, else `text`.
    pub fn result(&self, value: &impl Serialize, text: &impl Display) {
        let line = if self.json {
            serde_json::to_string(value).unwrap_or_default()
        } else {
            text.to_string()
        };
        // A reader that has gone wants no more of it: no reason to fail.
        let _ = writeln!(io::stdout(), "{line}");
    }

    /// What is being done, with the seconds since the start.
    pub fn progress(&self, line: &str) {
        let _ = writeln!(
            io::stderr(),
            "[{:5.1} s] {line}",
            self.started.elapsed().as_secs_f32()
        );
    }

    /// Why the command failed, with its causes.
    pub fn failure(&self, failure: &dyn Error) {
        let mut text = format!("muster: {failure}");
        let mut cause = failure.source();
        while let Some(error) = cause {
            text.extend([": ", &error.to_string()]);
            cause = error.source();
        }
        let _ = writeln!(io::stderr(), "{text}");
    }
}
