//! Filters in a spelling that the RFC's grammar or its types refuse.

use lockstep_core::command::Terms;
use lockstep_scim::Limits;
use lockstep_scim::filter::{AttrPath, Compare, Filter, Literal, parse};
use lockstep_scim::path::Path;
use lockstep_scim::schema::{Definition, Type};
use serde_json::Value;

use super::{Repair, Request, Tally, walk};

/// `externalId eq jyoung`.
pub const UNQUOTED_VALUES: Repair = Repair {
    name: "unquoted-values",
    why: "text in a filter stands without its quotes; a bare word up to the next space or bracket is the text",
    apply: unquoted_values,
};

/// `userName eq "o%27brien"`.
pub const DOUBLE_ENCODED_VALUES: Repair = Repair {
    name: "double-encoded-values",
    why: "text in a filter was percent-encoded before the query was; it is looked for as it stands and decoded",
    apply: double_encoded_values,
};

/// `manager eq "…"`.
pub const REFERENCE_FILTERS: Repair = Repair {
    name: "reference-filters",
    why: "a filter names an attribute of an extension, or a reference, by its short name and means its value",
    apply: reference_filters,
};

/// `"2024-04-10T00:00:00+0000"`.
pub const DATE_FORMS: Repair = Repair {
    name: "date-forms",
    why: "a point in time in a filter lacks its seconds, or the colon of its zone",
    apply: date_forms,
};

/// Changes the filter of a search, in the query or in the body of `.search`.
fn change(request: &mut Request, change: impl Fn(&str) -> Option<String>) -> bool {
    let mut changed = false;
    for (name, value) in &mut request.query {
        if name == "filter"
            && let Some(new) = change(value)
        {
            *value = new;
            changed = true;
        }
    }
    if request.is_search()
        && let Some(Value::Object(body)) = &mut request.body
        && let Some(Value::String(text)) = walk::member_mut(body, "filter")
        && let Some(new) = change(text)
    {
        *text = new;
        changed = true;
    }
    changed
}

fn parsed(text: &str) -> Option<Filter> {
    parse(text, &Limits::default()).ok()
}

fn unquoted_values(request: &mut Request, _: &Terms) -> Option<String> {
    change(request, |text| {
        if parsed(text).is_some() {
            return None;
        }
        let quoted = quote_bare_words(text);
        parsed(&quoted).map(|_| quoted)
    })
    .then(|| "filter: a bare word read as text".to_owned())
    .or_else(|| quote_in_paths(request))
}

/// `members[value eq 7]` in the paths of a PATCH.
fn quote_in_paths(request: &mut Request) -> Option<String> {
    if !request.is_patch() {
        return None;
    }
    let body = request.body.as_mut()?.as_object_mut()?;
    let limits = Limits::default();
    let parses = |text: &str| Path::parse(text, &limits).is_ok();
    let mut tally = Tally::default();
    for operation in walk::operations(body) {
        let Some(Value::String(path)) = walk::member_mut(operation, "path") else { continue };
        if path.len() > limits.path_bytes || parses(path) {
            continue;
        }
        let quoted = quote_bare_words(path);
        if parses(&quoted) {
            *path = quoted;
            tally.count("path");
        }
    }
    tally.detail("a bare word read as text")
}

/// Puts quotes around each word that follows an operator and is neither a literal nor quoted.
fn quote_bare_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    let mut after_operator = false;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' => closing_quote(rest),
            ' ' | '(' | ')' | '[' | ']' => first.len_utf8(),
            // An operand may hold anything up to a space or a parenthesis.
            _ if after_operator => rest.find([' ', '(', ')', ']']).unwrap_or(rest.len()),
            _ => rest.find([' ', '(', ')', '[', ']', '"']).unwrap_or(rest.len()),
        };
        let (token, tail) = rest.split_at(end);
        rest = tail;
        if token == " " {
            out.push_str(token);
            continue;
        }
        // A word in single quotes is another grammar: its quotes are not what is looked for.
        let bare = !matches!(first, '"' | '\'');
        if after_operator && bare && serde_json::from_str::<Value>(token).is_err() && end > 0 {
            out.push_str(&Value::from(token).to_string());
        } else {
            out.push_str(token);
        }
        after_operator =
            !after_operator && Compare::ALL.iter().any(|(_, name)| token.eq_ignore_ascii_case(name));
    }
    out
}

fn closing_quote(text: &str) -> usize {
    let mut escaped = false;
    for (index, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return index + 1,
            _ => {}
        }
    }
    text.len()
}

fn double_encoded_values(request: &mut Request, _: &Terms) -> Option<String> {
    change(request, |text| {
        // One comparison only: so this runs once, and an index answers both halves.
        let Filter::Attr { path, op: Compare::Eq, value: Literal::String(value) } = parsed(text)? else {
            return None;
        };
        let decoded = percent_decoded(&value)?;
        let other = Filter::Attr { path: path.clone(), op: Compare::Eq, value: Literal::String(decoded) };
        let literal = Filter::Attr { path, op: Compare::Eq, value: Literal::String(value) };
        Some(literal.or(other).to_string())
    })
    .then(|| "filter: looked for as sent and percent-decoded once more".to_owned())
}

/// The text decoded; nothing where it has no escapes or they are not UTF-8.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    let mut escapes = false;
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let digits = (byte == b'%').then(|| (ahead.next().and_then(hex), ahead.next().and_then(hex)));
        if let Some((Some(high), Some(low))) = digits {
            bytes.push(high * 16 + low);
            rest = ahead;
            escapes = true;
        } else {
            bytes.push(byte);
        }
    }
    if !escapes {
        return None;
    }
    String::from_utf8(bytes).ok()
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn reference_filters(request: &mut Request, terms: &Terms) -> Option<String> {
    let definition = request.definition(terms)?;
    change(request, |text| rewritten(text, &|filter| name_whole_reference(filter, definition)))
        .then(|| "filter: a reference compared by its value".to_owned())
}

fn date_forms(request: &mut Request, terms: &Terms) -> Option<String> {
    let definition = request.definition(terms)?;
    change(request, |text| rewritten(text, &|filter| spell_date(filter, definition)))
        .then(|| "filter: a point in time read in another form".to_owned())
}

/// The filter with its comparisons changed; nothing where none was.
fn rewritten(text: &str, comparison: &dyn Fn(&mut Filter) -> bool) -> Option<String> {
    let mut filter = parsed(text)?;
    each_comparison(&mut filter, comparison).then(|| filter.to_string())
}

fn each_comparison(filter: &mut Filter, comparison: &dyn Fn(&mut Filter) -> bool) -> bool {
    match filter {
        Filter::And(terms) | Filter::Or(terms) => {
            // Every one is visited, also after the first that changed.
            terms.iter_mut().filter_map(|term| each_comparison(term, comparison).then_some(())).count() > 0
        }
        Filter::Not(inner) => each_comparison(inner, comparison),
        Filter::Attr { .. } | Filter::Present(_) => comparison(filter),
        Filter::ValuePath { .. } => false,
    }
}

/// `manager` → `urn:…:manager.value`.
fn name_whole_reference(filter: &mut Filter, definition: &Definition) -> bool {
    let Filter::Attr { path, .. } = filter else { return false };
    let mut urn = path.urn.clone();
    if urn.is_none() && definition.top(&path.attribute).is_none() {
        let Some(owner) = walk::extension_of(definition, &path.attribute) else { return false };
        urn = Some(owner.to_owned());
    }
    let mut sub = path.sub.clone();
    let Some(found) = definition.resolve(urn.as_deref(), &path.attribute, sub.as_deref()) else {
        return false;
    };
    if sub.is_none() && found.attribute.kind == Type::Complex && !found.attribute.multi_valued {
        sub = found.attribute.sub("value").map(|value| value.name.clone());
    }
    if urn == path.urn && sub == path.sub {
        return false;
    }
    *path = AttrPath { urn, attribute: path.attribute.clone(), sub };
    true
}

fn spell_date(filter: &mut Filter, definition: &Definition) -> bool {
    let Filter::Attr { path, value: Literal::String(text), .. } = filter else { return false };
    let Some(found) = definition.resolve(path.urn.as_deref(), &path.attribute, path.sub.as_deref()) else {
        return false;
    };
    if found.leaf().kind != Type::DateTime || lockstep_scim::datetime::parse(text).is_some() {
        return false;
    }
    let Some(spelled) = with_seconds_and_colon(text) else { return false };
    *text = spelled;
    true
}

/// `2024-04-10T00:00+0000` → `2024-04-10T00:00:00+00:00`, where that makes it a point in time.
fn with_seconds_and_colon(text: &str) -> Option<String> {
    let (date, time) = text.split_once(['T', 't'])?;
    // A plus sign that a form decoder took for a space.
    let time = time.replace(' ', "+");
    let zone_at = time.find(['+', '-', 'Z', 'z']).unwrap_or(time.len());
    let (clock, zone) = time.split_at_checked(zone_at)?;
    let clock = if clock.len() == 5 { format!("{clock}:00") } else { clock.to_owned() };
    let zone = match (zone.len(), zone.split_at_checked(3)) {
        (5, Some((hours, minutes))) => format!("{hours}:{minutes}"),
        (3, _) => format!("{zone}:00"),
        _ => zone.to_owned(),
    };
    let spelled = format!("{date}T{clock}{zone}");
    lockstep_scim::datetime::parse(&spelled).is_some().then_some(spelled)
}
