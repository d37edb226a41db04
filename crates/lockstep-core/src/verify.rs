//! Every invariant of a directory, checked over a dump of its rows and its log.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::Record;
use crate::id::LocalId;
use crate::mapping::{Attributes, DirectoryMapping, Projection, STANDARD_VERSION, StandardAttribute};
use crate::model::{Directory, DirectoryState, Group, Head, User};
use crate::replay::State;

/// The rows of one directory.
#[derive(Clone, Debug)]
pub struct Rows {
    /// The directory's row.
    pub directory: Directory,
    /// What is mapped for it.
    pub mapping: DirectoryMapping,
    /// What its contract maps by itself, where that is known here.
    pub standard: Option<&'static [StandardAttribute]>,
    /// The head of its log.
    pub head: Head,
    /// Its users.
    pub users: Vec<User>,
    /// Its groups, ended ones included.
    pub groups: Vec<Group>,
    /// Who is a member of which group: (group, user).
    pub memberships: Vec<(LocalId, LocalId)>,
}

/// How many findings about the log are told: more would say nothing more.
const FINDINGS_LIMIT: usize = 1_000;

/// Checks one directory's log, record by record in order of number, and then its rows against it. Ids only: what a
/// finding says holds no personal data.
#[derive(Debug, Default)]
pub struct Verifier {
    replayed: State,
    findings: Vec<String>,
}

impl Verifier {
    /// Takes the next record of the log.
    pub fn record(&mut self, record: &Record) {
        if let Err(error) = self.replayed.apply(record)
            && self.findings.len() < FINDINGS_LIMIT
        {
            self.findings.push(error.to_string());
        }
    }

    /// Compares the rows with the log. Empty where every promise holds.
    #[must_use]
    pub fn finish(mut self, rows: Rows) -> Vec<String> {
        if rows.directory.state == DirectoryState::Deleting {
            if self.replayed.exists {
                self.findings.push("the directory is deleted and its log does not say so".into());
            }
            return self.findings;
        }
        if !self.replayed.exists {
            self.findings.push("the directory exists and its log does not say so".into());
        }
        self.findings.extend(made_otherwise(&rows));
        // An ended group is gone for everyone; the log says so once its memberships are.
        let ended: BTreeSet<LocalId> =
            rows.groups.iter().filter(|group| group.is_ended()).map(|group| group.id).collect();
        let users: BTreeMap<LocalId, User> = rows.users.into_iter().map(|user| (user.id, user)).collect();
        let groups: BTreeMap<LocalId, Group> =
            rows.groups.into_iter().map(|group| (group.id, group)).collect();
        let memberships: BTreeSet<(LocalId, LocalId)> = rows.memberships.into_iter().collect();
        for id in &ended {
            if let (Some(told), Some(found)) = (self.replayed.groups.get_mut(id), groups.get(id)) {
                told.ended = found.ended;
                // The step that marked it may have come without an event of its own.
                told.modified_at = found.modified_at;
            }
        }
        self.replayed.head.last_id = rows.head.last_id;
        self.replayed.count();
        let (told, findings) = (&self.replayed, &mut self.findings);
        compare("user", &told.users, &users, findings);
        compare("group", &told.groups, &groups, findings);
        for (group, user) in told.memberships.symmetric_difference(&memberships) {
            findings.push(format!("membership of user {} in group {}: log and rows differ", user.0, group.0));
        }
        if told.head != rows.head {
            findings.push(format!("the head is {:?} and the log gives {:?}", rows.head, told.head));
        }
        if let Some(id) = users.keys().chain(groups.keys()).find(|id| id.0 > rows.head.last_id) {
            findings.push(format!("the id {} is beyond the last one given out", id.0));
        }
        unique("userName", users.values().map(User::user_name_key), findings);
        // Whether an externalId is unique is the contract's to say, and rows may be older than its choice.
        self.findings
    }
}

/// Users of whom something else would be made now. While they are gone through, some are always behind.
fn made_otherwise(rows: &Rows) -> Vec<String> {
    let directory = &rows.directory;
    let mut findings = Vec::new();
    if directory.maps_roles == rows.mapping.roles.is_empty() {
        findings.push("what the directory's row says of roles is not what its mapping says".into());
    }
    if directory.sweep.as_ref().is_some_and(|sweep| sweep.reproject) {
        return findings;
    }
    let is_behind = directory.standard_version < STANDARD_VERSION;
    let attributes = rows.standard.filter(|_| !is_behind).map(|own| Attributes::of(own, &rows.mapping));
    let mut groups: BTreeMap<LocalId, BTreeSet<LocalId>> = BTreeMap::new();
    for (group, user) in &rows.memberships {
        groups.entry(*user).or_default().insert(*group);
    }
    let none = BTreeSet::new();
    for user in &rows.users {
        let made = user.projection();
        let roles = rows.mapping.roles.roles_of(groups.get(&user.id).unwrap_or(&none));
        if made.roles != roles {
            findings.push(format!("user {}: its roles are not those of its groups", user.id.0));
        }
        let fresh = attributes.as_ref().map(|attributes| Projection::of(attributes, &user.doc, Vec::new()));
        if fresh.is_some_and(|fresh| fresh.attributes != made.attributes) {
            findings.push(format!("user {}: its attributes are not those that are mapped", user.id.0));
        }
    }
    findings
}

fn compare<T: PartialEq>(
    kind: &str,
    told: &BTreeMap<LocalId, T>,
    found: &BTreeMap<LocalId, T>,
    findings: &mut Vec<String>,
) {
    for id in told.keys().chain(found.keys().filter(|id| !told.contains_key(id))) {
        if told.get(id) != found.get(id) {
            findings.push(format!("{kind} {}: log and rows differ", id.0));
        }
    }
}

fn unique(what: &str, keys: impl Iterator<Item = String>, findings: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    let twice = keys.filter(|key| !seen.insert(key.clone())).count();
    if twice > 0 {
        findings.push(format!("{twice} users share a {what} with another"));
    }
}
