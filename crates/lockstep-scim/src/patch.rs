//! PATCH (RFC 7644 §3.5.2): a request to typed operations, and operations to a new resource.
//! All or nothing: the resource given is never changed. Knows no store. `members` are an attribute like any other here;
//! who keeps them elsewhere takes the operations on them out (`Target::is_top`), and applies the others.
//!
//! ```
//! use lockstep_scim::{Definition, Limits, patch};
//! use serde_json::json;
//!
//! let (user, limits, options) = (Definition::user(), Limits::default(), patch::PatchOptions::default());
//! let body = json!({
//!     "schemas": [patch::PATCH_OP_URN],
//!     "Operations": [
//!         {"op": "add", "path": "name.familyName", "value": "King"},
//!         {"op": "remove", "path": "emails[type eq \"home\"]"},
//!     ],
//! });
//! let request = patch::parse(&body, &user, &options, &limits)?;
//!
//! let json = json!({"userName": "ada", "emails": [{"type": "home", "value": "ada@example.org"}]});
//! let ada = json.as_object().cloned().unwrap_or_default();
//! let after = patch::apply(&request.operations, &ada, &user, &options, &limits)?;
//! assert_eq!(serde_json::Value::Object(after), json!({"userName": "ada", "name": {"familyName": "King"}}));
//!
//! let body = json!({"Operations": [{"op": "replace", "path": "userName", "value": 7}]});
//! let error = patch::parse(&body, &user, &options, &limits).unwrap_err();
//! assert_eq!(error.detail, "Operations[0]: userName: must be a string, and is a number");
//! # Ok::<(), lockstep_scim::Error>(())
//! ```

use serde_json::Value;

use crate::filter::Filter;
use crate::resource::Unknown;
use crate::schema::Definition;
use crate::{Error, Limits};

mod apply;
mod element;
mod parse;
mod required;
mod target;

pub use apply::{apply, create_from_filter};
pub use target::Target;

/// URN of the PATCH message (RFC 7644 §3.5.2).
pub const PATCH_OP_URN: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// Adds or merges (RFC 7644 §3.5.2.1).
    Add,
    /// Unassigns (RFC 7644 §3.5.2.2).
    Remove,
    /// Replaces (RFC 7644 §3.5.2.3).
    Replace,
}

/// One operation on one attribute. A request's operation without path becomes several.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// What to do. An explicit null value has become `Remove`.
    pub op: Op,
    /// To which attribute.
    pub target: Target,
    /// With what: checked and with canonical names. `Remove` has one only if the request listed
    /// the values to remove.
    pub value: Option<Value>,
}

/// A parsed request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Patch {
    /// In order; each applies to the result of the one before.
    pub operations: Vec<Operation>,
    /// Paths of what was left out because no schema declares it.
    pub ignored: Vec<String>,
    /// The limits under which it was parsed, for whoever applies it elsewhere.
    pub limits: Limits,
}

/// Where the standard is silent, or clients differ from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchOptions {
    /// `add` through a filter that matches nothing makes a value from the filter's `eq` terms
    /// (erratum 8097, held); else 400 noTarget.
    pub unmatched_add_creates: bool,
    /// The same for `replace`, where RFC 7644 §3.5.2.3 wants 400 noTarget.
    pub unmatched_replace_creates: bool,
    /// `remove` through a filter that matches nothing changes nothing, as in the example of RFC 7644 §3.5.2.2; else
    /// 400 noTarget, as in its Table 9, save for `members`, whom that example is about.
    pub unmatched_remove_ok: bool,
    /// `replace` of a complex value replaces it whole instead of merging (interop profile).
    pub replace_complex_whole: bool,
    /// An element of a list is its `value`: whoever takes the value takes the element, and one that is there
    /// is not added again for not saying that it is primary. Else removing `emails[…].value` leaves the
    /// rest of the element (RFC 7644 §3.5.2.2), and elements that differ in any part are two.
    pub elements_are_their_values: bool,
    /// Undeclared members in a value object; who refuses them refuses paths in their place, too (`name.givenName`).
    /// An undeclared path is always 400 invalidPath, or what `undeclared_is_syntax` says.
    pub unknown: Unknown,
    /// Undeclared paths and URNs are 400 invalidSyntax, and undeclared members that are refused too, as in a POST
    /// (interop profile).
    pub undeclared_is_syntax: bool,
    /// An operation without path is 400 invalidSyntax (interop profile).
    pub paths_required: bool,
    /// A path with a filter names a part of the value, else 400 invalidPath; and its filter selects one value at most,
    /// else 400 invalidFilter (interop profile).
    pub filters_select_one: bool,
    /// A path to a readOnly attribute is accepted if it would change nothing. In a value object
    /// without path it always is.
    pub read_only_unchanged_ok: bool,
    /// Refuse a request without `schemas`.
    pub require_schemas: bool,
    /// Check what RFC 7643 §4.1.2 says of the form of values, as [`ReadOptions`](crate::resource::ReadOptions) does.
    pub check_formats: bool,
}

impl Default for PatchOptions {
    fn default() -> Self {
        Self {
            unmatched_add_creates: true,
            unmatched_replace_creates: false,
            unmatched_remove_ok: true,
            replace_complex_whole: false,
            elements_are_their_values: false,
            unknown: Unknown::Ignore,
            undeclared_is_syntax: false,
            paths_required: false,
            filters_select_one: false,
            read_only_unchanged_ok: false,
            require_schemas: false,
            check_formats: false,
        }
    }
}

/// Parses a PATCH request against a resource type (RFC 7644 §3.5.2). Everything that can be refused
/// without the resource is refused here, whole.
pub fn parse(
    raw: &Value,
    definition: &Definition,
    options: &PatchOptions,
    limits: &Limits,
) -> Result<Patch, Error> {
    parse::parse(raw, definition, options, limits)
}

impl Operation {
    /// Whether it is about the values of `attribute` that `Filter` selects, or all of them.
    pub fn filter(&self) -> Option<&Filter> {
        self.target.filter.as_ref()
    }
}

#[cfg(test)]
mod tests;
