//! Paths and query parameters that are spelled in another way than the RFC's.

use lockstep_core::command::Terms;

use serde_json::Value;

use super::{Repair, Request};

/// `filter=userName%20eq%20"ada+test&co@example.com"`.
pub const UNESCAPED_QUERY: Repair = Repair {
    name: "unescaped-query",
    why: "text in a filter was put into the URL as it is: a plus sign is no space where spaces are `%20`, and an \
          ampersand between quotes separates nothing",
    apply: unescaped_query,
};

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

/// `GET /Groups?filter=…` of a client that takes members for texts.
pub const MEMBERS_LEFT_OUT: Repair = Repair {
    name: "members-left-out",
    why: "the client cannot read a group that has members; groups are answered without them, unless it says which \
          attributes it wants",
    apply: members_left_out,
};

fn unescaped_query(request: &mut Request, _: &Terms) -> Option<String> {
    let raw = std::mem::take(&mut request.raw_query);
    let mut query: Vec<(String, String)> = Vec::new();
    let mut pieces = raw.split('&').peekable();
    while let Some(piece) = pieces.next() {
        let mut piece = piece.to_owned();
        if name_of(&piece) == "filter" {
            join_quoted(&mut piece, &mut pieces);
            // Who writes spaces so never writes them as plus signs.
            if piece.contains("%20") || piece.contains(' ') {
                piece = piece.replace('+', "%2B");
            }
        }
        query.extend(form_urlencoded::parse(piece.replace('&', "%26").as_bytes()).into_owned());
    }
    if raw.is_empty() || query == request.query {
        return None;
    }
    request.query = query;
    Some("filter: plus signs and ampersands read as text".to_owned())
}

/// The name of a parameter.
fn name_of(piece: &str) -> &str {
    piece.split_once('=').map_or(piece, |(name, _)| name)
}

/// Takes the pieces that belong to text in quotes, where what follows ends it.
fn join_quoted<'a>(
    piece: &mut String,
    rest: &mut std::iter::Peekable<impl Iterator<Item = &'a str> + Clone>,
) {
    let mut joined = piece.clone();
    let mut ahead = rest.clone();
    let mut taken = 0;
    let mut open = is_open_after(piece, false);
    while open {
        let Some(next) = ahead.next() else { return };
        joined.push('&');
        joined.push_str(next);
        open = is_open_after(next, open);
        taken += 1;
    }
    *piece = joined;
    rest.by_ref().take(taken).for_each(drop);
}

/// Whether text in quotes goes on at the end of this, which begins inside or outside of one.
fn is_open_after(piece: &str, mut open: bool) -> bool {
    let text = piece.replace("%22", "\"").replace("%5C", "\\").replace("%5c", "\\");
    let mut escaped = false;
    for letter in text.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if open => escaped = true,
            '"' => open = !open,
            _ => {}
        }
    }
    open
}

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

fn members_left_out(request: &mut Request, terms: &Terms) -> Option<String> {
    let is_asked =
        ["attributes", "excludedAttributes"].iter().any(|name| request.query_value(name).is_some());
    if request.method != "GET" || is_asked || request.definition(terms)?.top("members").is_none() {
        return None;
    }
    request.query.push(("excludedAttributes".to_owned(), "members".to_owned()));
    Some("excludedAttributes: members".to_owned())
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
