//! Paths and query parameters that are spelled in another way than the RFC's.

use lockstep_core::command::Terms;

use serde_json::Value;

use super::{Repair, Request};

/// `//Users`, `/Users/`, `/v2/Users`.
pub const PATH_SLASHES: Repair = Repair {
    name: "path-slashes",
    why: "the base URL was typed with a slash or a version too many, or a slash stands before the query",
    apply: path_slashes,
};

/// `startIndex=`.
pub const EMPTY_PARAMETERS: Repair = Repair {
    name: "empty-parameters",
    why: "a parameter of paging, sorting or filtering without a value is one that was not given",
    apply: empty_parameters,
};

/// `attributes=emails[type eq "work"]`.
pub const FILTERED_ATTRIBUTES: Repair = Repair {
    name: "filtered-attributes",
    why: "the list of attributes to answer with holds a filter; the whole attribute is answered",
    apply: filtered_attributes,
};

fn path_slashes(request: &mut Request, _: &Terms) -> Option<String> {
    let mut parts: Vec<&str> = request.path.split('/').filter(|part| !part.is_empty()).collect();
    // The base URL ends in this segment already; no resource type has such a name.
    let repeated = parts.first().is_some_and(|part| part.eq_ignore_ascii_case("v2"));
    if repeated {
        parts.remove(0);
    }
    let path = format!("/{}", parts.join("/"));
    if path == request.path || request.path.is_empty() {
        return None;
    }
    request.path = path;
    Some(
        if repeated { "repeated version left out of the path" } else { "slashes left out of the path" }
            .to_owned(),
    )
}

/// Parameters that mean something; others are ignored whatever they say.
const PARAMETERS: [&str; 8] =
    ["startIndex", "count", "sortBy", "sortOrder", "attributes", "excludedAttributes", "cursor", "filter"];

fn empty_parameters(request: &mut Request, _: &Terms) -> Option<String> {
    let mut left_out = Vec::new();
    let mut keeps = |name: &str, is_empty: bool| {
        let known = PARAMETERS.iter().find(|known| **known == name);
        match known {
            // RFC 9865 §2: an empty cursor asks for the first page.
            Some(&"cursor") | None => true,
            Some(known) if is_empty => {
                left_out.push(*known);
                false
            }
            Some(_) => true,
        }
    };
    request.query.retain(|(name, value)| keeps(name, value.is_empty()));
    if request.is_search()
        && let Some(Value::Object(body)) = &mut request.body
    {
        body.retain(|name, value| keeps(name, value.as_str() == Some("")));
    }
    if left_out.is_empty() {
        return None;
    }
    Some(format!("{}: empty, read as not given", left_out.join(", ")))
}

fn filtered_attributes(request: &mut Request, _: &Terms) -> Option<String> {
    let mut changed = false;
    // What is excluded stays as it is: without its filter it would exclude more than was meant.
    for (_, value) in request.query.iter_mut().filter(|(name, _)| name == "attributes") {
        if let Some(plain) = without_filters(value) {
            *value = plain;
            changed = true;
        }
    }
    changed.then(|| "attributes: filters left out".to_owned())
}

/// The list without what stands in brackets; nothing where it has no brackets or they do not match.
fn without_filters(list: &str) -> Option<String> {
    let mut plain = String::with_capacity(list.len());
    let (mut inside, mut quoted, mut escaped, mut found) = (false, false, false, false);
    for letter in list.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if inside => quoted = !quoted,
            ']' if inside && !quoted => inside = false,
            _ if inside => {}
            '[' => (inside, found) = (true, true),
            ']' => return None,
            letter => plain.push(letter),
        }
    }
    (found && !inside).then_some(plain)
}
