//! What of a request may be kept. What a schema says is never returned is not, nor what looks like a secret, nor a
//! credential; the rest is bounded, and where the operator wants it so, values are masked.

use std::collections::BTreeSet;

use lockstep_core::command::Terms;
use lockstep_core::id::{DirectoryId, GroupId, UserId};
use lockstep_scim::schema::{Attribute, Returned};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::limits::{
    RECORDED_AS_SENT_BYTES_LIMIT, RECORDED_BODY_BYTES_LIMIT, RECORDED_LIST_LIMIT, RECORDED_OPERATIONS_LIMIT,
    RECORDED_TEXT_CHARS_LIMIT,
};

/// What stands in place of a secret.
const REDACTED: &str = "[redacted]";
/// What a name holds that means a secret, whatever schema it is of.
const SECRET_WORDS: [&str; 4] = ["password", "passwd", "secret", "credential"];
/// Query parameters that are credentials wherever somebody puts them.
const CREDENTIALS: [&str; 7] = ["access_token", "token", "code", "assertion", "api_key", "apikey", "key"];
/// Whose values say how a message is built, not who somebody is.
const STRUCTURE: [&str; 9] =
    ["schemas", "op", "method", "sortby", "sortorder", "resourcetype", "status", "scimtype", "version"];
/// Secrets and masked values shorter than this are not looked for in messages: too much else would be hit.
const SOUGHT_CHARS: usize = 4;
/// How many of them are.
const SOUGHT: usize = 200;

/// The rules by which one exchange is kept.
pub(crate) struct Redaction {
    /// Names, folded, of what a schema says is never returned.
    never: BTreeSet<String>,
    /// The same of parts of an attribute: its name and theirs.
    never_parts: BTreeSet<(String, String)>,
    masked: bool,
    /// Values that were left out: an error message may repeat them.
    sought: BTreeSet<String>,
    /// How many bytes of a body may still be kept.
    left: usize,
}

impl Redaction {
    pub(crate) fn new(terms: Option<&Terms>, masked: bool) -> Self {
        let (mut never, mut never_parts) = (BTreeSet::new(), BTreeSet::new());
        let definitions = terms.into_iter().flat_map(|terms| [&terms.user, &terms.group]);
        let schemas = definitions.flat_map(|definition| {
            definition.extensions.iter().map(|(schema, _)| schema).chain([&definition.schema])
        });
        let is_never = |attribute: &&Attribute| attribute.returned == Returned::Never;
        for attribute in schemas.flat_map(|schema| &schema.attributes) {
            for part in attribute.sub_attributes.iter().filter(is_never) {
                never_parts.insert((attribute.name.to_lowercase(), part.name.to_lowercase()));
            }
            if attribute.returned == Returned::Never {
                never.insert(attribute.name.to_lowercase());
            }
        }
        Self { never, never_parts, masked, sought: BTreeSet::new(), left: 0 }
    }

    /// A body, as it is kept.
    pub(crate) fn body(&mut self, body: Value) -> Value {
        self.left = RECORDED_BODY_BYTES_LIMIT;
        self.value("", "", body)
    }

    /// A body as it came, where nothing has to be left out: it is small and names no secret. It is only looked through,
    /// which costs far less than to read it.
    pub(crate) fn as_sent<'a>(&self, body: &'a [u8]) -> Option<&'a RawValue> {
        // Escaped, or of letters that are folded to others, a name would not be found.
        if self.masked
            || !self.sought.is_empty()
            || body.len() > RECORDED_AS_SENT_BYTES_LIMIT
            || !body.is_ascii()
        {
            return None;
        }
        let text = std::str::from_utf8(body).ok()?;
        let folded = text.to_ascii_lowercase();
        let names = |name: &str| folded.contains(name);
        let secret = names("\\u")
            || SECRET_WORDS.iter().any(|word| names(word))
            || self.never.iter().any(|name| names(name))
            || self.never_parts.iter().any(|(attribute, part)| names(attribute) && names(part));
        if secret { None } else { serde_json::from_str(text).ok() }
    }

    /// The query of a URL; nothing where there is none.
    pub(crate) fn query(&mut self, query: Option<&str>) -> Option<String> {
        let query = query.filter(|query| !query.is_empty())?;
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let kept: Vec<(String, String)> = pairs
            .iter()
            .map(|(name, value)| {
                let folded = name.to_lowercase();
                let kept = if CREDENTIALS.contains(&folded.as_str()) || self.is_secret("", &folded) {
                    self.seek(value);
                    REDACTED.to_owned()
                } else if folded == "filter" {
                    self.filter(value, false)
                } else {
                    cut(value)
                };
                (cut(name), kept)
            })
            .collect();
        if kept == pairs && query.chars().count() <= 2 * RECORDED_TEXT_CHARS_LIMIT {
            return Some(query.to_owned());
        }
        let mut text = form_urlencoded::Serializer::new(String::new());
        Some(text.extend_pairs(kept).finish())
    }

    /// The path of a URL.
    pub(crate) fn path(&mut self, path: &str) -> String {
        let path = cut(path);
        if !self.masked {
            return path;
        }
        let parts: Vec<String> = path.split('/').map(|part| self.path_part(part)).collect();
        parts.join("/")
    }

    fn path_part(&mut self, part: &str) -> String {
        let known = part.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'.')
            || part == "v2"
            || part.starts_with("urn:")
            || is_id(part);
        if known { part.to_owned() } else { self.mask(part) }
    }

    /// What was told in words: without the values that were left out.
    pub(crate) fn message(&self, text: &str) -> String {
        let mut text = cut(text);
        for value in &self.sought {
            if text.contains(value.as_str()) {
                text = text.replace(value.as_str(), &described(value));
            }
        }
        text
    }

    /// `within`: the attribute whose part this is.
    fn value(&mut self, within: &str, name: &str, value: Value) -> Value {
        let folded = name.to_lowercase();
        if !name.is_empty() && self.is_secret(within, &folded) {
            self.seek_all(&value);
            return REDACTED.into();
        }
        match value {
            Value::Object(fields) => Value::Object(self.object(&folded, fields)),
            Value::Array(list) => self.list(within, name, list),
            Value::String(text) => self.text(&folded, text),
            Value::Number(_) if self.masked && !STRUCTURE.contains(&folded.as_str()) => "[number]".into(),
            Value::Number(_) | Value::Bool(_) | Value::Null => {
                self.left = self.left.saturating_sub(8);
                value
            }
        }
    }

    fn object(&mut self, within: &str, fields: Map<String, Value>) -> Map<String, Value> {
        // Of a PATCH operation: what its path names is what its value is of.
        let is = |key: &str, wanted: &str| key.eq_ignore_ascii_case(wanted);
        let path = fields.iter().find(|(key, value)| is(key, "path") && value.is_string());
        let path = path.and_then(|(_, path)| path.as_str()).map(str::to_owned);
        let secret_path = path.as_deref().is_some_and(|path| self.names_secret(path));
        let named = path.as_deref().map(|path| last_name(path).to_lowercase());
        let mut kept = Map::new();
        let count = fields.len();
        for (key, value) in fields {
            if self.left == 0 {
                kept.insert("…".into(), format!("{} of {count} left out", count - kept.len()).into());
                break;
            }
            self.left = self.left.saturating_sub(key.len() + 4);
            let value = if secret_path && !is(&key, "op") {
                self.seek_all(&value);
                match value {
                    Value::String(path) if is(&key, "path") => without_quoted(&path).into(),
                    _ => REDACTED.into(),
                }
            } else if is(&key, "value") && named.is_some() {
                // Its own name says nothing: it is a value of what the path names.
                let named = named.clone().unwrap_or_default();
                self.value("", &named, value)
            } else {
                self.value(within, &key, value)
            };
            kept.insert(cut(&key), value);
        }
        kept
    }

    fn list(&mut self, within: &str, name: &str, mut list: Vec<Value>) -> Value {
        let operations = name.eq_ignore_ascii_case("operations");
        let count = list.len();
        if !operations && count > RECORDED_LIST_LIMIT {
            self.left = self.left.saturating_sub(32);
            return format!("[{count} values, counted instead of listed]").into();
        }
        list.truncate(RECORDED_OPERATIONS_LIMIT);
        let mut kept = Vec::with_capacity(list.len());
        for value in list {
            if self.left == 0 {
                break;
            }
            kept.push(self.value(within, name, value));
        }
        if kept.len() < count {
            kept.push(format!("[and {} more]", count - kept.len()).into());
        }
        Value::Array(kept)
    }

    fn text(&mut self, folded: &str, text: String) -> Value {
        let kept = match text.trim_start().as_bytes().first() {
            // Some clients put JSON into a text.
            Some(b'{' | b'[') => match serde_json::from_str(&text) {
                Ok(value) => self.value("", "", value).to_string(),
                Err(_) if self.names_secret(&text) => REDACTED.to_owned(),
                Err(_) => text,
            },
            _ => text,
        };
        let kept = match folded {
            "filter" => self.filter(&kept, false),
            "path" => self.filter(&kept, true),
            _ if self.masked && !STRUCTURE.contains(&folded) && !is_urn_or_id(&kept) => self.mask(&kept),
            _ => self.message(&kept),
        };
        self.left = self.left.saturating_sub(kept.len());
        kept.into()
    }

    /// A filter or the path of a PATCH operation, of which only what stands in brackets is a filter. One that names a
    /// secret keeps nothing but the names before its first value.
    fn filter(&mut self, text: &str, is_path: bool) -> String {
        if self.names_secret(text) && (!is_path || text.contains(['[', ' ', '"'])) {
            self.seek(text);
            return "[redacted: it names a secret]".to_owned();
        }
        if !self.masked || (is_path && !text.contains('[')) {
            return cut(text);
        }
        let words = words(text);
        let is_operator = |word: &&String| {
            ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"]
                .iter()
                .any(|operator| word.eq_ignore_ascii_case(operator))
        };
        let is_joint = |word: &str| ["and", "or", "not"].iter().any(|joint| word.eq_ignore_ascii_case(joint));
        let mut depth = 0;
        let mut kept = String::new();
        for (index, word) in words.iter().enumerate() {
            let next = words.iter().skip(index + 1).find(|word| !word.trim().is_empty());
            match word.as_str() {
                "[" => depth += 1,
                "]" => depth -= 1,
                _ => {}
            }
            let structure = word.len() == 1 && " ()[]".contains(word.as_str())
                || (is_path && depth == 0)
                || is_operator(&word)
                || is_joint(word)
                || ["true", "false", "null"].contains(&word.as_str())
                || next.as_ref().is_some_and(is_operator)
                || next.is_some_and(|next| next == "[");
            if structure {
                kept.push_str(word);
            } else {
                kept.push_str(&self.mask(word.trim_matches('"')));
            }
        }
        cut(&kept)
    }

    fn mask(&mut self, text: &str) -> String {
        self.seek(text);
        described(text)
    }

    fn seek(&mut self, text: &str) {
        if text.chars().count() >= SOUGHT_CHARS && self.sought.len() < SOUGHT {
            self.sought.insert(text.to_owned());
        }
    }

    fn seek_all(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.seek(text),
            Value::Array(list) => list.iter().for_each(|value| self.seek_all(value)),
            Value::Object(fields) => fields.values().for_each(|value| self.seek_all(value)),
            Value::Number(number) => self.seek(&number.to_string()),
            Value::Bool(_) | Value::Null => {}
        }
    }

    /// Whether what has this name, folded, is a secret. A name may be a path of names.
    fn is_secret(&self, within: &str, folded: &str) -> bool {
        let mut before = within.rsplit([':', '.']).next().unwrap_or_default();
        for name in folded.split([':', '.', '[', ']', ' ', '"', '(', ')']).filter(|name| !name.is_empty()) {
            if self.never.contains(name)
                || SECRET_WORDS.iter().any(|word| name.contains(word))
                || self.never_parts.contains(&(before.to_owned(), name.to_owned()))
            {
                return true;
            }
            before = name;
        }
        false
    }

    fn names_secret(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let parts = |(attribute, part): &(String, String)| text.contains(attribute) && text.contains(part);
        self.is_secret("", &text) || self.never_parts.iter().any(parts)
    }
}

/// The name that a path ends with, brackets aside.
fn last_name(path: &str) -> &str {
    let path = path.split('[').next().unwrap_or_default();
    path.rsplit([':', '.']).next().unwrap_or_default()
}

fn without_quoted(path: &str) -> String {
    path.split_once(['"', ' ']).map_or_else(|| cut(path), |(before, _)| format!("{} {REDACTED}", cut(before)))
}

/// The words of a filter; blanks, brackets and what is in quotes are words of their own.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut quoted, mut open, mut escaped) = (false, false, false);
    for character in text.chars() {
        if !quoted && " ()[]".contains(character) {
            words.push(character.to_string());
            open = false;
            continue;
        }
        if !open {
            words.push(String::new());
            open = true;
        }
        if character == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = character == '\\' && !escaped;
        if let Some(word) = words.last_mut() {
            word.push(character);
        }
    }
    words
}

/// What stands in place of a masked text.
fn described(text: &str) -> String {
    format!("[text of {}]", text.chars().count())
}

fn is_id(text: &str) -> bool {
    UserId::parse(text).is_some() || GroupId::parse(text).is_some() || DirectoryId::parse(text).is_some()
}

fn is_urn_or_id(text: &str) -> bool {
    text.is_empty() || text.starts_with("urn:ietf:params:scim:") || is_id(text)
}

/// A text within its bound.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(RECORDED_TEXT_CHARS_LIMIT) {
        None => text.to_owned(),
        Some((end, _)) => {
            let kept = text.get(..end).unwrap_or_default();
            format!("{kept}… [{} characters]", text.chars().count())
        }
    }
}

#[cfg(test)]
mod tests;
