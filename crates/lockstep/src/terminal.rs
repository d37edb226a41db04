//! Standard output, for people and for pipes: colour where a terminal is, and no complaint where nobody reads any more.

use std::io::{self, ErrorKind, IsTerminal as _, Write as _};

/// What a part of a line is, and so how it is painted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ink {
    Bold,
    Dim,
    Good,
    Bad,
    /// Worth knowing, and no harm: a repair, a warning.
    Told,
    Event,
}

/// Paints where standard output is a terminal, unless `NO_COLOR` says otherwise.
#[derive(Clone, Copy)]
pub(crate) struct Paint {
    is_on: bool,
}

impl Paint {
    pub(crate) fn for_stdout() -> Self {
        let is_wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { is_on: is_wanted && io::stdout().is_terminal() }
    }

    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self { is_on: false }
    }

    pub(crate) fn with(self, ink: Ink, text: &str) -> String {
        if !self.is_on {
            return text.to_owned();
        }
        let code = match ink {
            Ink::Bold => "1",
            Ink::Dim => "2",
            Ink::Good => "32",
            Ink::Bad => "31",
            Ink::Told => "33",
            Ink::Event => "36",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// Whether a character steers nothing: neither the terminal, nor the direction in which what follows is read.
pub(crate) fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text as it may be shown: what somebody sent must not steer the terminal.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if is_plain(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

/// How many columns standard output has, where it is a terminal.
pub(crate) fn width() -> Option<usize> {
    let size = console::Term::stdout().size_checked().filter(|_| io::stdout().is_terminal());
    size.map(|(_, columns)| usize::from(columns)).filter(|columns| *columns > 0)
}

/// Writes to standard output; whether anybody still reads it. Who has seen enough (`| head`) stops nothing that is being
/// done, and changes no exit code.
pub(crate) fn write(text: &str) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

/// A line on the way, for people: where it cannot be written, what is being done goes on.
macro_rules! say {
    ($($words:tt)*) => {
        drop($crate::terminal::write(&format!("{}\n", format_args!($($words)*))))
    };
}
pub(crate) use say;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_is_shown_as_something_else_and_letters_are_not() {
        assert_eq!(plain("a\u{1b}[2J\u{9b}\r\n\u{202e}b"), "a\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}\u{fffd}b");
        for text in ["Zoë Ångström", "山田太郎", "مريم", "👩‍👩‍👧"] {
            assert_eq!(plain(text), text);
        }
    }
}
