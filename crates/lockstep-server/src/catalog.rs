//! Which directory is whose. A directory never changes hands, so what was read once holds for ever; deleted ones
//! count, since their events remain.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use lockstep_core::id::{DirectoryNumber, OrganizationId};
use lockstep_store::{Result, Store};

/// The owners of the directories that were asked for.
#[derive(Debug, Default)]
pub(crate) struct Catalog(RwLock<HashMap<DirectoryNumber, OrganizationId>>);

impl Catalog {
    /// Whose the directory is.
    pub(crate) async fn owner<S: Store>(
        &self,
        store: &S,
        number: DirectoryNumber,
    ) -> Result<Option<OrganizationId>> {
        if let Some(owner) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&number) {
            return Ok(Some(*owner));
        }
        let owner = store.directory(number).await?.map(|(directory, _)| directory.organization);
        if let Some(owner) = owner {
            self.0.write().unwrap_or_else(PoisonError::into_inner).insert(number, owner);
        }
        Ok(owner)
    }
}
