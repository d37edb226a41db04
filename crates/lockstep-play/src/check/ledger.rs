//! The requirement ledger: what RFC 7643, 7644 and 9865 demand, a line each.

use std::sync::OnceLock;

use serde_json::Value;

/// How much a line of the ledger demands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// What is open to a server. A deviation is a note.
    May,
    /// What a server does unless it has a reason. A deviation is a warning.
    Should,
    /// What a server does. A deviation is a failure.
    Must,
}

impl Level {
    /// As the RFCs write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::May => "MAY",
            Self::Should => "SHOULD",
            Self::Must => "MUST",
        }
    }
}

/// A line of the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Requirement {
    /// Its id, such as `PATCH-10`.
    pub id: String,
    /// What it is about.
    pub area: String,
    /// How much it demands.
    pub level: Level,
    /// Where it stands: `7644§3.5.2`.
    pub reference: String,
    /// What it demands.
    pub text: String,
}

/// Every line, in the order of the file.
pub fn requirements() -> &'static [Requirement] {
    static LINES: OnceLock<Vec<Requirement>> = OnceLock::new();
    LINES.get_or_init(|| {
        include_str!("../../../../docs/scim/requirements.jsonl").lines().filter_map(read).collect()
    })
}

/// The line with this id.
pub fn requirement(id: &str) -> Option<&'static Requirement> {
    requirements().iter().find(|line| line.id == id)
}

fn read(line: &str) -> Option<Requirement> {
    let line: Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| line.get(name).and_then(Value::as_str).map(str::to_owned);
    let level = match text("level")?.as_str() {
        "MUST" => Level::Must,
        "SHOULD" => Level::Should,
        "MAY" => Level::May,
        _ => return None,
    };
    Some(Requirement {
        id: text("id")?,
        area: text("area")?,
        level,
        reference: text("ref")?,
        text: text("text")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read() {
        let lines = include_str!("../../../../docs/scim/requirements.jsonl").lines().count();
        assert_eq!(requirements().len(), lines);
        assert_eq!(requirement("PATCH-01").map(|line| line.level), Some(Level::Should));
    }
}
