//! What a walk promises to those who do not walk.

use std::sync::Arc;
use std::time::Duration;

use lockstep_core::clock::{ManualClock, Sequence};
use lockstep_core::command::Terms;
use lockstep_core::rules::Rules;
use lockstep_store::memory::Memory;

use super::*;

fn store() -> Memory {
    Memory::new(Arc::new(ManualClock::default()), Arc::new(|| Box::new(Sequence::from_seed(1))))
}

fn reader<'a>(
    store: &'a Memory,
    scans: &'a Scans,
    client: &'a Client,
    terms: &'a Terms,
) -> Reader<'a, Memory> {
    let directory = DirectoryNumber(1);
    Reader { store, directory, renderer: Renderer { base_url: "", directory, terms }, scans, client }
}

fn part<'a>(definition: &'a Definition, renderer: &Renderer<'_>) -> Part<'a> {
    Part::new(Kind::User, definition, Projection::default(), None, None, renderer)
}

#[tokio::test]
async fn a_walk_ends_when_its_client_goes_away() {
    let (store, scans, (client, waits)) = (store(), Scans::default(), Client::waiting());
    let terms = Terms::new(Rules::default());
    let reader = reader(&store, &scans, &client, &terms);
    let user = Definition::user();
    let parts = [part(&user, &reader.renderer)];
    assert!(Walk::new(&reader, &parts).next().await.unwrap().is_some());
    drop(waits);
    let problem = Walk::new(&reader, &parts).next().await.err().unwrap();
    assert_eq!((problem.status.as_u16(), problem.code), (499, "client_gone"));
}

#[tokio::test]
async fn only_so_many_long_walks_are_under_way_at_once() {
    let (store, (client, _waits)) = (store(), Client::waiting());
    let scans = Scans::new(1, 0, Duration::ZERO);
    let terms = Terms::new(Rules::default());
    let reader = reader(&store, &scans, &client, &terms);
    let user = Definition::user();
    let parts = [part(&user, &reader.renderer)];
    let mut first = Walk::new(&reader, &parts);
    first.next().await.unwrap();
    let problem = Walk::new(&reader, &parts).next().await.err().unwrap();
    assert_eq!((problem.status.as_u16(), problem.retry_after), (503, Some(5)));
    drop(first);
    assert!(Walk::new(&reader, &parts).next().await.is_ok());
    // One that is not long waits for nobody.
    let scans = Scans::new(0, 1, Duration::ZERO);
    let reader = Reader { scans: &scans, ..reader };
    assert!(Walk::new(&reader, &parts).next().await.is_ok());
}
