//! The promises of a store on SQLite, and those that only SQLite makes.

mod conformance;
mod differential;
mod lane;
mod opening;
mod statements;

use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Waker};

use lockstep_core::batch::Answer;
use lockstep_core::command::Envelope;
use lockstep_store::conformance::kit::Handles;
use lockstep_store::{Result, Store};

use crate::{Options, Sqlite};

fn open(path: &Path) -> Result<Sqlite> {
    let handles = Handles::from_seed(1);
    Sqlite::open(path, Options::new(handles.clock, handles.random))
}

/// Submits to a lane that waits until all of it is there, so that it is one turn.
async fn submit_together(store: &Sqlite, envelopes: Vec<Envelope>) -> Vec<Result<Answer>> {
    store.shared().pause(true);
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
