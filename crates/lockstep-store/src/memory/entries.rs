//! What applications record, under the store's one lock.

use lockstep_core::clock::Timestamp;
use lockstep_core::id::{ApiKeyId, DirectoryNumber};
use lockstep_core::model::{ApiKey, Organization, Token};
use lockstep_core::receipt::{RECEIPTS_LIMIT, Receipt};

use super::{Island, State};
use crate::{Entered, Entry, Result, StoreError};

impl State {
    pub(super) fn enter(&mut self, entry: Entry, receipt: Option<Receipt>) -> Result<Entered> {
        if let Some(receipt) = &receipt {
            let ended = Receipt::ended(receipt.at);
            if self.receipts.get(&receipt.key).is_some_and(|kept| kept.at > ended) {
                return Ok(Entered::Repeated);
            }
        }
        let entered = self.record(entry)?;
        if let (Entered::Done, Some(receipt)) = (entered, receipt) {
            self.keep(receipt);
        }
        Ok(entered)
    }

    /// Keeps a receipt; the oldest goes where there are too many.
    pub(super) fn keep(&mut self, receipt: Receipt) {
        self.receipts.insert(receipt.key, receipt);
        if self.receipts.len() as u64 > RECEIPTS_LIMIT {
            let oldest = self.receipts.values().min_by_key(|receipt| receipt.at).map(|receipt| receipt.key);
            self.receipts.retain(|key, _| Some(*key) != oldest);
        }
    }

    fn record(&mut self, entry: Entry) -> Result<Entered> {
        match entry {
            Entry::Organization(organization) => self.put_organization(*organization),
            Entry::Replacement { before, after } => {
                if before.id != after.id || self.organizations.get(&before.id) != Some(&*before) {
                    return Ok(Entered::Stale);
                }
                self.put_organization(*after)
            }
            Entry::Token { directory, token, max } => self.add_token(directory, token, max, None),
            Entry::RotatedToken { directory, old, old_ends_at, token, max } => {
                let found = self.tokens.values();
                let mut found = found.filter(|(owner, token)| *owner == directory && token.client.is_none());
                let Some((_, old)) = found.find(|(_, token)| token.id == old).cloned() else {
                    return Ok(Entered::Stale);
                };
                let old = Token { expires_at: Some(earlier(old.expires_at, old_ends_at)), ..old };
                self.add_token(directory, token, max, Some(old))
            }
            Entry::Client { directory, client, max } => {
                self.takes_more(directory)?;
                if self.clients.contains_key(&client.id) {
                    return Err(StoreError::Conflict { what: "client" });
                }
                if self.clients.values().filter(|(owner, _)| *owner == directory).count() >= max {
                    return Ok(Entered::Full);
                }
                self.clients.insert(client.id, (directory, client));
                Ok(Entered::Done)
            }
            Entry::ApiKey { key, max } => self.add_key(key, max, None),
            Entry::RotatedApiKey { old, old_ends_at, key, max } => {
                let Some(old) = self.api_key(old).cloned() else { return Ok(Entered::Stale) };
                if old.is_master() && !key.is_master() && self.master_keys() == 1 {
                    return Ok(Entered::LastKey);
                }
                let old = ApiKey { expires_at: Some(earlier(old.expires_at, old_ends_at)), ..old };
                self.add_key(key, max, Some(old))
            }
            Entry::Nothing => Ok(Entered::Done),
        }
    }

    fn put_organization(&mut self, organization: Organization) -> Result<Entered> {
        if self.ended.contains_key(&organization.id) {
            return Err(StoreError::NotFound { what: "organization" });
        }
        let others = || self.organizations.values().filter(|other| other.id != organization.id);
        let external_id = organization.external_id.as_ref();
        if external_id.is_some() && others().any(|other| other.external_id.as_ref() == external_id) {
            return Err(StoreError::Conflict { what: "external_id" });
        }
        let taken = |other: &Organization| {
            other
                .domains
                .iter()
                .any(|its| organization.domains.iter().any(|own| own.name == its.name || own.id == its.id))
        };
        if others().any(taken) {
            return Err(StoreError::Conflict { what: "domain" });
        }
        self.organizations.insert(organization.id, organization);
        Ok(Entered::Done)
    }

    fn takes_more(&self, directory: DirectoryNumber) -> Result<()> {
        if self.directories.get(&directory).is_none_or(Island::is_deleted) {
            return Err(StoreError::NotFound { what: "directory" });
        }
        Ok(())
    }

    /// With `changed`, the token that it replaces.
    fn add_token(
        &mut self,
        directory: DirectoryNumber,
        token: Token,
        max: usize,
        changed: Option<Token>,
    ) -> Result<Entered> {
        self.takes_more(directory)?;
        if self.tokens.values().any(|(_, other)| other.digest == token.digest || other.id == token.id) {
            return Err(StoreError::Conflict { what: "token" });
        }
        let now = token.created_at;
        if token.client.is_none() {
            let own = self.tokens.values().filter(|(owner, own)| *owner == directory && own.client.is_none());
            let own: Vec<&Token> = own
                .map(|(_, own)| changed.as_ref().filter(|changed| changed.id == own.id).unwrap_or(own))
                .collect();
            if own.len() >= max {
                let expired = own.iter().filter(|own| !own.is_alive(now)).min_by_key(|own| own.id);
                let Some(expired) = expired.map(|expired| expired.digest) else { return Ok(Entered::Full) };
                self.tokens.remove(&expired);
            }
        }
        if let Some(changed) = changed.filter(|changed| self.tokens.contains_key(&changed.digest)) {
            self.tokens.insert(changed.digest, (directory, changed));
        }
        self.tokens.insert(token.digest, (directory, token));
        self.epoch += 1;
        Ok(Entered::Done)
    }

    /// With `changed`, the key that it replaces.
    fn add_key(&mut self, key: ApiKey, max: usize, changed: Option<ApiKey>) -> Result<Entered> {
        let taken = self.api_keys.values().any(|other| other.digest == key.digest || other.id == key.id);
        if taken || self.removed_keys.contains(&key.digest) {
            return Err(StoreError::Conflict { what: "api_key" });
        }
        let now = key.created_at;
        if self.api_keys.len() >= max {
            let ended = |own: &&ApiKey| {
                let own = changed.as_ref().filter(|changed| changed.id == own.id).unwrap_or(own);
                !own.is_alive(now)
            };
            let expired = self.api_keys.values().filter(ended).min_by_key(|own| own.id);
            let Some(expired) = expired.map(|expired| expired.digest) else { return Ok(Entered::Full) };
            self.remove_key(expired);
        }
        if let Some(changed) = changed.filter(|changed| self.api_keys.contains_key(&changed.digest)) {
            self.api_keys.insert(changed.digest, changed);
        }
        self.api_keys.insert(key.digest, key);
        self.epoch += 1;
        Ok(Entered::Done)
    }

    pub(super) fn remove_key(&mut self, digest: [u8; 32]) {
        self.api_keys.remove(&digest);
        self.removed_keys.insert(digest);
        self.epoch += 1;
    }

    pub(super) fn api_key(&self, id: ApiKeyId) -> Option<&ApiKey> {
        self.api_keys.values().find(|key| key.id == id)
    }

    /// How many there are from which nothing is kept.
    pub(super) fn master_keys(&self) -> usize {
        self.api_keys.values().filter(|key| key.is_master()).count()
    }
}

fn earlier(end: Option<Timestamp>, other: Timestamp) -> Timestamp {
    end.map_or(other, |end| end.min(other))
}
