//! The promises of a store, on the reference.

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
}

lockstep_store::conformance!(InMemory, keeps_nothing);
