//! What a check finds.

use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// To be seen to in the next days.
    Warning,
    /// Devices are kept from something, or will be soon.
    Problem,
}

impl Level {
    /// As an operator reads it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// One line of what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What it is.
    pub said: String,
    /// What to do about it; empty if there is nothing to do.
    pub advice: String,
}

impl Finding {
    /// It is as it should be.
    pub fn ok(said: impl Into<String>) -> Self {
        Self::new(Level::Ok, said, "")
    }

    /// It is to be seen to.
    pub fn warning(said: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(Level::Warning, said, advice)
    }

    /// It is to be seen to at once.
    pub fn problem(said: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(Level::Problem, said, advice)
    }

    /// With the name of its check.
    pub(super) fn of(self, check: &'static str) -> Self {
        Self { check, ..self }
    }

    fn new(level: Level, said: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            check: "",
            level,
            said: said.into(),
            advice: advice.into(),
        }
    }
}
