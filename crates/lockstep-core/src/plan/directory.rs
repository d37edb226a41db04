//! The beginning of a directory.

use std::sync::Arc;

use super::{Draft, Planned};
use crate::command::{NewDirectory, Refusal, Reply};
use crate::event::{Change, ToldDirectory};
use crate::mapping::DirectoryMapping;
use crate::receipt::Receipt;
use crate::view::{Key, Step};

/// What a new directory is known to need.
pub(super) fn needs(new: &NewDirectory) -> Vec<Key> {
    let mut keys = vec![Key::Ended(new.directory.organization)];
    keys.extend(new.receipt.as_ref().map(asked_before));
    keys
}

fn asked_before(receipt: &Receipt) -> Key {
    Key::Receipt(receipt.key, Receipt::ended(receipt.at))
}

impl Draft<'_> {
    pub(super) fn create_directory(mut self, new: &NewDirectory) -> Planned {
        // Before the number: a request that comes again draws the same one.
        if let Some(receipt) = &new.receipt
            && self.view.has_receipt(receipt.key, Receipt::ended(receipt.at))?
        {
            return Err(Refusal::Repeated.into());
        }
        if self.view.directory()?.is_some() {
            return Err(Refusal::NumberTaken.into());
        }
        if self.view.has_ended(new.directory.organization)? {
            return Err(Refusal::NoOrganization.into());
        }
        let mut directory = new.directory.clone();
        if !new.mapping.is_empty() {
            directory.terms_version = directory.terms_version.max(1);
            let mapping =
                DirectoryMapping { organization: new.mapping.clone(), ..DirectoryMapping::default() };
            self.steps.push(Step::Mapping(Arc::new(mapping)));
        }
        let told = ToldDirectory { domains: new.domains.clone(), ..ToldDirectory::from(&directory) };
        let directory = Arc::new(directory);
        self.steps.push(Step::Directory(directory.clone()));
        self.steps.push(Step::Token(new.token.clone()));
        self.steps.extend(new.receipt.clone().map(Step::Receipt));
        self.record(Change::Activated(Box::new(told)));
        Ok(self.done(Reply::Directory(directory)))
    }
}
