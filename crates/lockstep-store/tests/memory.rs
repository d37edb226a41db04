//! The promises of a store, on the reference.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use lockstep_core::batch::Answer;
use lockstep_core::command::Envelope;
use lockstep_store::conformance::{Backend, kit::Handles};
use lockstep_store::memory::Memory;

struct InMemory;

impl Backend for InMemory {
    type Store = Memory;

    fn create() -> Self {
        Self
    }

    async fn open(&self, handles: Handles) -> Memory {
        Memory::new(handles.clock, handles.random)
    }

    async fn submit_together(store: &Memory, envelopes: Vec<Envelope>) -> Vec<Answer> {
        store.submit_batch(envelopes).unwrap()
    }
}

lockstep_store::conformance!(InMemory, keeps_nothing);

#[test]
fn every_case_is_listed() {
    let list = include_str!("../src/conformance.rs");
    let files = [
        include_str!("../src/conformance/batch.rs"),
        include_str!("../src/conformance/order.rs"),
        include_str!("../src/conformance/read.rs"),
        include_str!("../src/conformance/restart.rs"),
        include_str!("../src/conformance/tenancy.rs"),
        include_str!("../src/conformance/text.rs"),
        include_str!("../src/conformance/write.rs"),
    ];
    let cases = files.iter().flat_map(|file| file.lines()).filter_map(|line| {
        let name = line.strip_prefix("pub async fn ")?;
        name.split(['(', '<']).next()
    });
    let listed = |case: &str| list.lines().any(|line| line.split_whitespace().any(|word| word == case));
    let missing: Vec<_> = cases.filter(|case| !listed(case)).collect();
    assert!(missing.is_empty(), "these run nowhere: {missing:?}");
}
