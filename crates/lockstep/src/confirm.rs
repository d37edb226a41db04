//! Before something is gone: asks on a terminal, and elsewhere wants it said beforehand.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use clap::Args;

use crate::exit::{Exit, Failure};
use crate::terminal::plain;

/// Whether it was said beforehand.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct ConfirmOptions {
    /// Do it without asking
    #[arg(long, short)]
    yes: bool,
}

/// Comes back where somebody wants it. `what` says what will be gone: "delete the directory `x`".
pub(crate) fn confirm(options: ConfirmOptions, what: &str) -> anyhow::Result<()> {
    if options.yes {
        return Ok(());
    }
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(Failure::usage(format!(
            "nobody can be asked here whether to {}: give --yes",
            plain(what)
        ))
        .into());
    }
    eprint!("{}? [y/N] ", capitalized(&plain(what)));
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    Err(Failure::new(Exit::Failed, "nothing was done").into())
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
