//! How far long work is: on standard error, and only where that is a terminal. And how it is asked to stop.

use std::io::{IsTerminal as _, stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::ensure;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar for bytes that are copied or read.
pub(crate) fn bytes(what: &str, total: u64) -> ProgressBar {
    bar("{msg:>12} {bar:30} {binary_bytes}/{binary_total_bytes} {eta}", what, total)
}

/// A bar for things that are counted.
pub(crate) fn count(what: &str, total: u64) -> ProgressBar {
    bar("{msg:>12} {bar:30} {human_pos}/{human_len} {eta}", what, total)
}

/// A walk over a list, whose length may not be known. Where standard output is a terminal the list itself shows how far
/// it is.
pub(crate) fn walk(what: &str, total: Option<u64>) -> ProgressBar {
    match total {
        _ if stdout().is_terminal() => ProgressBar::hidden(),
        Some(total) => count(what, total),
        None => {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} {msg}") {
                bar.set_style(style);
            }
            bar.with_message(what.to_owned())
        }
    }
}

fn bar(template: &str, what: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(what.to_owned());
    bar
}

/// Whether somebody asked to stop, by SIGINT or SIGTERM. The second time ends the program at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Listens from now on. Within a runtime.
    pub(crate) fn listen() -> Self {
        let stop = Self::default();
        let asked = stop.clone();
        tokio::spawn(async move {
            use tokio::signal::unix::{SignalKind, signal};
            let (Ok(mut term), Ok(mut int)) =
                (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
            else {
                return;
            };
            tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
            asked.0.store(true, Ordering::Relaxed);
            tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
            std::process::exit(130);
        });
        stop
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// An error where somebody asked.
    pub(crate) fn go_on(&self) -> anyhow::Result<()> {
        ensure!(!self.is_asked(), "stopped; what was begun was taken away");
        Ok(())
    }
}
