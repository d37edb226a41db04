//! Repairs: small general rules that turn what an IdP sent into what the RFC means. Each does one thing, changes
//! nothing that is right already, and may run twice. They must not know any IdP: an IdP's file lists those it needs.

mod address;
mod empty;
mod filter;
mod operations;
mod references;
mod urns;
mod values;
mod walk;

use lockstep_core::command::Terms;
use lockstep_scim::schema::Definition;
use serde_json::Value;

pub use address::{EMPTY_PARAMETERS, FILTERED_ATTRIBUTES, MEMBERS_LEFT_OUT, PATH_SLASHES, UNESCAPED_QUERY};
pub use empty::EMPTY_TEXT;
pub use filter::{DATE_FORMS, DOUBLE_ENCODED_VALUES, REFERENCE_FILTERS, UNQUOTED_VALUES};
pub use operations::{
    EMPTY_OPERATIONS, EXTENSION_PATHS, MEMBER_IN_FILTER, PATCH_SCHEMA, READ_ONLY_VALUES, WRAPPED_VALUES,
};
pub use references::{BARE_VALUES, EMPTY_REFERENCE};
pub use urns::OLD_SCHEMAS;
pub use values::{
    BOOLEAN_TEXT, JSON_TEXT_VALUES, LIST_OF_ONE, NUMBER_AS_TEXT, ONE_PRIMARY, SINGLE_IN_LIST,
    VALUELESS_ELEMENTS,
};

/// A request as it came, as far as repairs may see it.
#[derive(Clone, PartialEq, Debug)]
pub struct Request {
    /// The method, in capitals.
    pub method: String,
    /// The path below the directory's base, such as `/Users/abc`; as sent, so perhaps with doubled slashes.
    pub path: String,
    /// The query as sent. Empty where there is none, and once a repair has read it anew.
    pub raw_query: String,
    /// The decoded query parameters, in order; one without `=` has an empty value.
    pub query: Vec<(String, String)>,
    /// The body, where there is one.
    pub body: Option<Value>,
}

impl Request {
    /// A request without query and body.
    #[must_use]
    pub fn new(method: &str, path: &str) -> Self {
        let (raw_query, query) = (String::new(), Vec::new());
        Self { method: method.to_owned(), path: path.to_owned(), raw_query, query, body: None }
    }

    /// The same with one more query parameter.
    #[must_use]
    pub fn with_query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with a body.
    #[must_use]
    pub fn with_body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// The value of the first query parameter of this name.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether the body is a PATCH message.
    fn is_patch(&self) -> bool {
        self.method == "PATCH"
    }

    /// Whether the body is a search message.
    fn is_search(&self) -> bool {
        self.method == "POST" && self.path.ends_with("/.search")
    }

    /// Whether the body is a resource.
    fn is_resource(&self) -> bool {
        self.method == "PUT" || (self.method == "POST" && !self.is_search())
    }

    /// The resource type that the path is about.
    fn definition<'a>(&self, terms: &'a Terms) -> Option<&'a Definition> {
        let first = self.path.split('/').find(|part| !part.is_empty())?;
        [&terms.user, &terms.group]
            .into_iter()
            .find(|definition| definition.endpoint.trim_start_matches('/') == first)
    }

    /// The id in the path.
    fn id(&self) -> Option<&str> {
        self.path.split('/').filter(|part| !part.is_empty()).nth(1)
    }
}

/// A repair that was used on a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// Which.
    pub repair: &'static str,
    /// The quirk that it is there for.
    pub quirk: Option<&'static str>,
    /// What it did: names of attributes and counts, never values.
    pub detail: String,
}

/// A named rule.
#[derive(Clone, Copy)]
pub struct Repair {
    /// Stable name, shown to administrators and in logs.
    pub name: &'static str,
    /// What is sent, and what it means.
    pub why: &'static str,
    /// Changes the request where the rule applies, and then says what was done. Says nothing where nothing was.
    pub apply: fn(&mut Request, &Terms) -> Option<String>,
}

impl std::fmt::Debug for Repair {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Repair").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Counts what a repair did, by the attribute's name.
#[derive(Default)]
struct Tally(std::collections::BTreeMap<String, usize>);

impl Tally {
    fn count(&mut self, name: &str) {
        *self.0.entry(name.to_owned()).or_default() += 1;
    }

    /// `active, emails (2): what was done`; nothing where nothing was.
    fn detail(self, done: &str) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let names: Vec<String> = self
            .0
            .into_iter()
            .map(|(name, count)| if count == 1 { name } else { format!("{name} ({count})") })
            .collect();
        Some(format!("{}: {done}", names.join(", ")))
    }
}

#[cfg(test)]
mod tests;
