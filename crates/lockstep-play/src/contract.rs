//! A contract as data: a head, what is given, and steps of a request and what must come of it.

use serde_json::Value;

use crate::fact::{Fact, JsonPath};

/// A contract file.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Contract {
    /// Where it came from, such as `okta/deactivate.http`.
    pub file: String,
    /// The IdP's short name.
    pub idp: String,
    /// What it shows.
    pub title: String,
    /// The quirks that it shows.
    pub quirks: Vec<String>,
    /// Where the payloads were seen.
    pub sources: Vec<String>,
    /// Whether the payloads were seen (`source`) or put together from a description (unproven).
    pub is_source: bool,
    /// When it was written.
    pub date: String,
    /// What must be there before the first step.
    pub given: Vec<Given>,
    /// What is played, in order.
    pub steps: Vec<Step>,
}

/// What the runner makes before the first step, by requests that are plain RFC.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Given {
    /// A user; its name becomes the variable that holds its id.
    User(String),
    /// A group with members, all of them given before.
    Group(String, Vec<String>),
}

/// A request and what must come of it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Step {
    /// What happens, for people.
    pub name: String,
    /// The line where it begins.
    pub line: usize,
    /// The method.
    pub method: String,
    /// Path below the SCIM base and query, as written: characters that no URL may have are encoded when it is sent.
    pub target: String,
    /// Headers besides the ones that every request has.
    pub headers: Vec<(String, String)>,
    /// The body as written; empty for none.
    pub body: String,
    /// What must come of it.
    pub expect: Expectation,
}

/// What must come of a request.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Expectation {
    /// The status.
    pub status: u16,
    /// What holds for the answer's body.
    pub facts: Vec<Fact>,
    /// What the answer's headers say.
    pub headers: Vec<(String, String)>,
    /// The repairs that were used; nothing said means none.
    pub repairs: Vec<String>,
    /// The events that follow, all of them, in order.
    pub events: Vec<ExpectedEvent>,
    /// What later steps refer to: name and where it stands in the body.
    pub captures: Vec<(String, JsonPath)>,
}

/// An event that must follow.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ExpectedEvent {
    /// Its type, such as `dsync.user.updated`.
    pub kind: String,
    /// How many of it, one after the other.
    pub times: usize,
    /// What holds for its `data`.
    pub facts: Vec<Fact>,
}

impl Given {
    /// The variable that holds its id.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::User(name) | Self::Group(name, _) => name,
        }
    }

    /// The request that makes it: path and body. Members are variables still.
    #[must_use]
    pub fn request(&self) -> (&'static str, Value) {
        match self {
            Self::User(name) => {
                let capital = capitalized(name);
                let address = format!("{name}@example.com");
                (
                    "/Users",
                    serde_json::json!({
                        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                        "userName": address,
                        "externalId": format!("ext-{name}"),
                        "name": { "givenName": capital, "familyName": "Example" },
                        "displayName": format!("{capital} Example"),
                        "emails": [{ "value": address, "type": "work", "primary": true }],
                        "active": true,
                    }),
                )
            }
            Self::Group(name, members) => {
                let members: Vec<Value> = members
                    .iter()
                    .map(|member| serde_json::json!({ "value": format!("{{{{{member}}}}}") }))
                    .collect();
                (
                    "/Groups",
                    serde_json::json!({
                        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
                        "displayName": capitalized(name),
                        "members": members,
                    }),
                )
            }
        }
    }
}

fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
