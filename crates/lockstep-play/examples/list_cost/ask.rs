//! One page of a list, as it is asked of the database, of the store and of the API.

use lockstep_core::id::{DirectoryId, DirectoryNumber, EventId, GroupId, LocalId, OrganizationId, UserId};
use lockstep_core::query::Lookup;
use lockstep_store::{DirectoryQuery, EventQuery, EventScope, Order, Page, Position, Store};
use lockstep_store_sqlite::Sqlite;
use rusqlite::Connection;

use super::bare;

/// How many things are on a page.
pub(crate) const WANTED: usize = 100;

/// Those that the API looks at.
const ATTRIBUTES: &[&str] = &["active", "displayName", "emails", "externalId", "name", "title", "userName"];

/// A page, told so that each can be asked for it. Lists but that of events read one thing more, which tells whether there
/// are more.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Users {
        directory: DirectoryId,
        group: Option<LocalId>,
        page: Page<LocalId>,
    },
    Groups {
        directory: DirectoryId,
        page: Page<LocalId>,
    },
    /// With the event in front of the page, and where the page's own stand.
    Events {
        query: EventQuery,
        after: Option<EventId>,
        positions: Vec<u64>,
    },
    Directories {
        page: Page<LocalId>,
        after: Option<DirectoryId>,
    },
    Organizations {
        page: Page<OrganizationId>,
    },
}

fn cursors<K>(page: &Page<K>, id: impl Fn(&K) -> String) -> String {
    let order = if page.order == Order::Ascending { "asc" } else { "desc" };
    let cursor = |name: &str, key: &Option<K>| {
        key.as_ref().map(|key| format!("&{name}={}", id(key))).unwrap_or_default()
    };
    format!("limit={WANTED}&order={order}{}{}", cursor("after", &page.after), cursor("before", &page.before))
}

impl Ask {
    /// The rows by plain statements; how many there are.
    pub(crate) fn bare(&self, connection: &Connection) -> usize {
        match self {
            Self::Users { directory, group, page } => {
                bare::users(connection, directory.directory, *group, page)
            }
            Self::Groups { directory, page } => bare::groups(connection, directory.directory, page),
            Self::Events { query, positions, .. } => {
                let plain = query.types.is_empty() && query.scope == EventScope::All && query.since.is_none();
                bare::events(connection, plain.then_some(query.after), positions)
            }
            Self::Directories { page, .. } => bare::directories(connection, page),
            Self::Organizations { page } => bare::organizations(connection, page),
        }
    }

    /// The page that the store gives; how many things are on it.
    pub(crate) async fn store(&self, store: &Sqlite) -> usize {
        match self.clone() {
            Self::Users { directory, group, page } => {
                let lookup = group.map_or(Lookup::All, Lookup::MembersOf);
                let found = store.shown_users(directory.directory, lookup, page, ATTRIBUTES).await;
                found.unwrap().users.len()
            }
            Self::Groups { directory, page } => {
                store.groups(directory.directory, Lookup::All, page, false).await.unwrap().len()
            }
            Self::Events { query, .. } => store.shown_events(query, ATTRIBUTES).await.unwrap().len(),
            Self::Directories { page, .. } => {
                store.directories(DirectoryQuery::default(), page).await.unwrap().len()
            }
            Self::Organizations { page } => store.organizations(page).await.unwrap().len(),
        }
    }

    /// What the API is asked.
    pub(crate) fn path(&self) -> String {
        let user = |number: DirectoryNumber| {
            move |local: &LocalId| UserId { directory: number, local: *local }.to_string()
        };
        let group = |number: DirectoryNumber| {
            move |local: &LocalId| GroupId { directory: number, local: *local }.to_string()
        };
        match self {
            Self::Users { directory, group: within, page } => {
                let number = directory.directory;
                let within = within.map_or(format!("directory={directory}"), |local| {
                    format!("group={}", group(number)(&local))
                });
                format!("/directory_users?{within}&{}", cursors(page, user(number)))
            }
            Self::Groups { directory, page } => {
                let cursors = cursors(page, group(directory.directory));
                format!("/directory_groups?directory={directory}&{cursors}")
            }
            Self::Events { query, after, .. } => {
                let mut path = format!("/events?limit={WANTED}");
                let mut add = |name: &str, value: String| path.extend(["&", name, "=", &value]);
                if let Some(after) = after {
                    add("after", after.to_string());
                }
                for kind in &query.types {
                    add("events", kind.as_str().to_owned());
                }
                if let EventScope::Organizations(organizations) = &query.scope {
                    add("organization_id", organizations[0].to_string());
                }
                for (name, time) in [("range_start", query.since), ("range_end", query.until)] {
                    if let Some(time) = time {
                        add(name, time.to_string());
                    }
                }
                path
            }
            Self::Directories { page, after } => {
                let after = *after;
                format!("/directories?{}", cursors(page, |_| after.unwrap().to_string()))
            }
            Self::Organizations { page } => {
                format!("/organizations?{}", cursors(page, ToString::to_string))
            }
        }
    }
}

/// Asks for events, with where those stand that the store gives.
pub(crate) async fn events(store: &Sqlite, query: EventQuery) -> Ask {
    let query = EventQuery { limit: WANTED, ..query };
    let positions = store.events(query.clone()).await.unwrap().iter().map(|event| event.position.0).collect();
    let mut before = EventQuery { limit: 1, ..EventQuery::default() };
    let after = match query.after.0.checked_sub(1) {
        None => None,
        Some(position) => {
            before.after = Position(position);
            Some(store.events(before).await.unwrap()[0].record.id())
        }
    };
    Ask::Events { query, after, positions }
}
