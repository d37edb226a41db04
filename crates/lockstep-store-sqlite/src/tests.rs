//! The promises of a store on SQLite, and those that only SQLite makes.

mod blocks;
mod conformance;
mod differential;
mod events;
mod lane;
mod opening;
mod order;
mod requests;
mod snapshot;
mod statements;

use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Waker};

use lockstep_core::batch::Answer;
use lockstep_core::command::Envelope;
use lockstep_core::view::{Changes, Key};
use lockstep_store::conformance::kit::Handles;
use lockstep_store::{Result, Store};

use crate::{Options, Sqlite};

fn open(path: &Path) -> Result<Sqlite> {
    let handles = Handles::from_seed(1);
    Sqlite::open(path, Options::new(handles.clock, handles.random))
}

/// A user of this name panics when it is looked for.
const PANICS_WHEN_LOADED: &str = "panics when loaded";
/// A user of this name panics when it is written.
const PANICS_WHEN_WRITTEN: &str = "panics when written";

pub(crate) fn panic_when_loaded(key: &Key) {
    if let Key::UserName(name) = key {
        assert_ne!(name, PANICS_WHEN_LOADED);
    }
}

pub(crate) fn panic_when_written(changes: &Changes) {
    for user in changes.users.values().filter_map(|changed| changed.after.as_ref()) {
        assert_ne!(user.user_name(), PANICS_WHEN_WRITTEN);
    }
}

/// Submits to a lane that waits until all of it is there, so that it takes as much in a turn as it ever does.
async fn submit_together(store: &Sqlite, envelopes: Vec<Envelope>) -> Vec<Result<Answer>> {
    store.shared().pause(true);
    submit_to_paused(store, envelopes).await
}

/// Submits to a lane that takes all of it in one turn, removals too and whatever it weighs.
async fn submit_as_one(store: &Sqlite, envelopes: Vec<Envelope>) -> Vec<Result<Answer>> {
    store.shared().pause(true);
    store.shared().take_together();
    submit_to_paused(store, envelopes).await
}

async fn submit_to_paused(store: &Sqlite, envelopes: Vec<Envelope>) -> Vec<Result<Answer>> {
    let mut futures: Vec<Pin<Box<_>>> =
        envelopes.into_iter().map(|envelope| Box::pin(store.submit(envelope))).collect();
    let mut early = Vec::new();
    for future in &mut futures {
        // The first poll puts it into the queue.
        early.push(future.as_mut().poll(&mut Context::from_waker(Waker::noop())));
    }
    store.shared().pause(false);
    let mut answers = Vec::new();
    for (future, early) in futures.into_iter().zip(early) {
        answers.push(match early {
            std::task::Poll::Ready(answer) => answer,
            std::task::Poll::Pending => future.await,
        });
    }
    answers
}
