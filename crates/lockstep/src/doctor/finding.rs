//! What a look at something found.

use serde_json::{Value, json};

/// How it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Level {
    /// In order.
    Ok,
    /// It works, and may not for ever or not for everybody.
    Warning,
    /// A server does not start, does not serve, or would lose something.
    Problem,
}

/// One finding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Finding {
    /// What was looked at.
    pub(crate) check: &'static str,
    pub(crate) level: Level,
    /// What was found, and what it means.
    pub(crate) says: String,
    /// What to do.
    pub(crate) mend: Option<String>,
}

impl Finding {
    pub(crate) fn ok(check: &'static str, says: String) -> Self {
        Self { check, level: Level::Ok, says, mend: None }
    }

    pub(crate) fn warning(check: &'static str, says: String) -> Self {
        Self { check, level: Level::Warning, says, mend: None }
    }

    pub(crate) fn problem(check: &'static str, says: String) -> Self {
        Self { check, level: Level::Problem, says, mend: None }
    }

    /// With what to do.
    pub(crate) fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend = Some(mend.into());
        self
    }

    pub(crate) fn json(&self) -> Value {
        let level = match self.level {
            Level::Ok => "ok",
            Level::Warning => "warning",
            Level::Problem => "problem",
        };
        json!({"check": self.check, "level": level, "says": self.says, "mend": self.mend})
    }
}
