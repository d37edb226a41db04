//! With which code the program ends: one table for every command, and the one way in which an error says which it is.

use std::fmt;
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    Done,
    Failed,
    Wrong,
    Refused,
    Missing,
    Denied,
    Usage,
}

impl Exit {
    pub(crate) const ALL: [Self; 7] =
        [Self::Done, Self::Failed, Self::Wrong, Self::Refused, Self::Missing, Self::Denied, Self::Usage];

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Wrong => 2,
            Self::Refused => 3,
            Self::Missing => 4,
            Self::Denied => 5,
            // As in sysexits.h: not what `check` and its like say of a server.
            Self::Usage => 64,
        }
    }

    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done; what was judged is right",
            Self::Failed => {
                "could not: no answer, a busy or broken server, a file, a database, or nobody said yes"
            }
            Self::Wrong => "judged, and something is wrong: it is printed",
            Self::Refused => {
                "the server refused what was asked (400, 409, 422): it says which field, and why"
            }
            Self::Missing => "there is no such thing, or the API key does not reach it (404)",
            Self::Denied => "no API key or token, a wrong one (401), or one that may not do this (403)",
            Self::Usage => "the command line cannot be understood, or lacks something",
        }
    }

    /// The table, as `--help` and the man pages print it.
    pub(crate) fn table() -> String {
        let lines = Self::ALL.map(|exit| format!("  {:>3}  {}", exit.code(), exit.meaning()));
        format!("Exit codes:\n{}", lines.join("\n"))
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// An error that knows how the command ends by it. Every other error is [`Exit::Failed`].
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// How the command ends by this error.
    pub(crate) fn exit_of(error: &anyhow::Error) -> Exit {
        error.downcast_ref::<Self>().map_or(Exit::Failed, |failure| failure.exit)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_differ_and_each_is_in_the_table() {
        let table = Exit::table();
        for (place, exit) in Exit::ALL.into_iter().enumerate() {
            assert!(Exit::ALL[..place].iter().all(|other| other.code() != exit.code()), "{exit:?}");
            assert!(table.contains(&format!(" {}  {}", exit.code(), exit.meaning())), "{table}");
        }
    }

    #[test]
    fn an_error_keeps_its_code_under_what_is_said_around_it() {
        let error = anyhow::Error::from(Failure::new(Exit::Missing, "nobody")).context("while looking");
        assert_eq!(Failure::exit_of(&error), Exit::Missing);
        assert_eq!(Failure::exit_of(&anyhow::anyhow!("something")), Exit::Failed);
    }
}
