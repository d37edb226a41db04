//! The grammar of filters and of PATCH paths (RFC 7644 Figures 1 and 7), read by hand in one pass.
//! Precedence: comparison, not, and, or. Bounded by the depth and the number of terms.

use serde_json::{Number, Value};

use super::{AttrPath, Compare, Filter, Literal};
use crate::limits::DEPTH_MAX;
use crate::{Error, Limits, error::shown, path::Path};

/// Where and why a text is not in the grammar.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Byte at which it goes wrong.
    at: usize,
    message: String,
    /// The limit that was exceeded.
    limit: Option<&'static str>,
}

impl Fault {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), limit: None }
    }

    /// `filter, column 7: ...`, as an error of one kind; columns count characters from 1.
    pub(crate) fn into_error(self, kind: fn(String) -> Error, what: &str, text: &str) -> Error {
        let column = text.char_indices().take_while(|(index, _)| *index < self.at).count() + 1;
        let error = kind(format!("{what}, column {column}: {}", self.message));
        Error { position: Some(column), limit: self.limit, ..error }
    }
}

type Parsed<T> = Result<T, Fault>;

pub(crate) struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    terms: usize,
    limits: &'a Limits,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str, limits: &'a Limits) -> Self {
        Self { text, at: 0, depth: 0, terms: 0, limits }
    }

    /// A filter and nothing after it.
    pub(crate) fn whole_filter(&mut self) -> Parsed<Filter> {
        let filter = self.any_of(false)?;
        self.end("`and`, `or`")?;
        Ok(filter)
    }

    /// A PATCH path and nothing after it (RFC 7644 Figure 7).
    pub(crate) fn whole_path(&mut self) -> Parsed<Path> {
        self.space();
        let start = self.at;
        let word = self.word();
        if word.is_empty() {
            return Err(self.fault("expected an attribute name"));
        }
        let attr = match attr_path(word) {
            Some(attr) => attr,
            // A schema URN that ends in something that is not a name, such as a version.
            None if is_urn_text(word) => {
                self.end("nothing")?;
                return Ok(Path {
                    urn: Some(word.to_owned()),
                    attribute: String::new(),
                    filter: None,
                    sub: None,
                });
            }
            None => return Err(Fault::new(start, malformed(word))),
        };
        if self.peek() != Some('[') {
            self.end("`[`")?;
            return Ok(Path { urn: attr.urn, attribute: attr.attribute, filter: None, sub: attr.sub });
        }
        if attr.sub.is_some() {
            return Err(self.fault("`[` after a sub-attribute; select values of the attribute itself"));
        }
        let filter = self.bracketed()?;
        let sub = self.sub_attribute()?;
        self.end("`.` and a sub-attribute")?;
        Ok(Path { urn: attr.urn, attribute: attr.attribute, filter: Some(filter), sub })
    }

    /// Terms joined by `or`, the loosest.
    fn any_of(&mut self, inside: bool) -> Parsed<Filter> {
        let mut left = self.all_of(inside)?;
        while self.keyword("or") {
            left = left.or(self.all_of(inside)?);
        }
        Ok(left)
    }

    /// Terms joined by `and`.
    fn all_of(&mut self, inside: bool) -> Parsed<Filter> {
        let mut left = self.term(inside)?;
        while self.keyword("and") {
            left = left.and(self.term(inside)?);
        }
        Ok(left)
    }

    fn term(&mut self, inside: bool) -> Parsed<Filter> {
        self.space();
        if self.peek() == Some('(') {
            return self.parenthesized(inside);
        }
        let start = self.at;
        // Erratum 7319: the space between `not` and `(` is optional.
        if self.keyword("not") {
            self.space();
            if self.peek() == Some('(') {
                return Ok(Filter::Not(Box::new(self.parenthesized(inside)?)));
            }
            // Or an attribute that is called `not`.
            self.at = start;
        }
        self.comparison(inside)
    }

    fn parenthesized(&mut self, inside: bool) -> Parsed<Filter> {
        self.deeper()?;
        self.at += 1;
        let filter = self.any_of(inside)?;
        self.close(')')?;
        self.depth -= 1;
        Ok(filter)
    }

    /// `[filter]`; another `[` inside is refused (errata 4690, 7322).
    fn bracketed(&mut self) -> Parsed<Filter> {
        self.deeper()?;
        self.at += 1;
        let filter = self.any_of(true)?;
        self.close(']')?;
        self.depth -= 1;
        Ok(filter)
    }

    fn deeper(&mut self) -> Parsed<()> {
        self.depth += 1;
        let limit = self.limits.filter_depth.min(DEPTH_MAX);
        if self.depth > limit {
            return Err(self.over("filter_depth", format!("deeper than the limit filter_depth of {limit}")));
        }
        Ok(())
    }

    fn close(&mut self, bracket: char) -> Parsed<()> {
        self.space();
        if self.peek() == Some(bracket) {
            self.at += 1;
            return Ok(());
        }
        Err(self.fault(format!("expected `{bracket}`")))
    }

    /// `attr pr`, `attr op value`, `attr[...]`, and `attr[...].sub op value` as one value selection.
    fn comparison(&mut self, inside: bool) -> Parsed<Filter> {
        self.terms += 1;
        if self.terms > self.limits.filter_terms {
            let message =
                format!("more comparisons than the limit filter_terms of {}", self.limits.filter_terms);
            return Err(self.over("filter_terms", message));
        }
        let start = self.at;
        let word = self.word();
        if word.is_empty() {
            return Err(self.fault("expected an attribute name"));
        }
        let Some(attr) = attr_path(word) else {
            return Err(Fault::new(start, malformed(word)));
        };
        if self.peek() != Some('[') {
            return self.operation(attr);
        }
        if inside {
            return Err(self.fault("`[` inside `[ ]` is not allowed"));
        }
        if attr.sub.is_some() {
            return Err(self.fault("`[` after a sub-attribute; select values of the attribute itself"));
        }
        let mut filter = self.bracketed()?;
        if let Some(sub) = self.sub_attribute()? {
            // Some clients write `emails[type eq "work"].value eq "x"`: one value must satisfy both.
            let path = AttrPath { urn: None, attribute: sub, sub: None };
            filter = filter.and(self.operation(path)?);
        }
        Ok(Filter::ValuePath { attr, filter: Box::new(filter) })
    }

    /// The operator and what follows it.
    fn operation(&mut self, path: AttrPath) -> Parsed<Filter> {
        let before = self.at;
        self.space();
        let spaced = self.at > before;
        let start = self.at;
        let word = self.word();
        if word.is_empty() || !spaced {
            return Err(
                self.fault("expected an operator after the attribute: eq ne co sw ew gt ge lt le or pr")
            );
        }
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Filter::Present(path));
        }
        let Some((op, _)) = Compare::ALL.into_iter().find(|(_, name)| word.eq_ignore_ascii_case(name)) else {
            let message =
                format!("`{}` is not an operator; use eq ne co sw ew gt ge lt le or pr", shown(word));
            return Err(Fault::new(start, message));
        };
        self.space();
        let value = self.literal(&path)?;
        Ok(Filter::Attr { path, op, value })
    }

    fn literal(&mut self, path: &AttrPath) -> Parsed<Literal> {
        match self.peek() {
            Some('"') => self.string(),
            Some('-' | '0'..='9') => self.number(),
            Some(_) => {
                let start = self.at;
                let word = self.word();
                match word.to_ascii_lowercase().as_str() {
                    "true" => return Ok(Literal::Bool(true)),
                    "false" => return Ok(Literal::Bool(false)),
                    "null" => return Ok(Literal::Null),
                    _ => {}
                }
                // RFC 7644 §3.4.2.1 writes `meta.resourceType eq User`; accepted there only.
                let names_a_type = path.attribute.eq_ignore_ascii_case("meta")
                    && path.sub.as_ref().is_some_and(|sub| sub.eq_ignore_ascii_case("resourceType"));
                if names_a_type && !word.is_empty() {
                    return Ok(Literal::String(word.to_owned()));
                }
                Err(Fault::new(
                    start,
                    "expected a value: text in double quotes, a number, true, false or null",
                ))
            }
            None => Err(self.fault("expected a value after the operator")),
        }
    }

    /// Text in double quotes with the escapes of JSON.
    fn string(&mut self) -> Parsed<Literal> {
        let start = self.at;
        let rest = self.rest();
        let mut escaped = false;
        let end = rest.char_indices().skip(1).find_map(|(index, letter)| {
            if escaped {
                escaped = false;
                return None;
            }
            escaped = letter == '\\';
            (letter == '"').then_some(index + 1)
        });
        let Some(token) = end.and_then(|end| rest.get(..end)) else {
            return Err(Fault::new(start, "the text is not closed by a double quote"));
        };
        self.at += token.len();
        match serde_json::from_str(token) {
            // As in bodies: no text that can be stored holds it.
            Ok(Value::String(text)) if text.contains('\0') => {
                Err(Fault::new(start, "the text holds the character U+0000"))
            }
            Ok(Value::String(text)) => Ok(Literal::String(text)),
            _ => Err(Fault::new(start, "the text has an escape that json does not know")),
        }
    }

    fn number(&mut self) -> Parsed<Literal> {
        let start = self.at;
        let rest = self.rest();
        let end = rest
            .find(|letter: char| !(letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '.')))
            .unwrap_or(rest.len());
        let token = rest.get(..end).unwrap_or_default();
        self.at += end;
        token
            .parse::<Number>()
            .map(Literal::Number)
            .map_err(|_| Fault::new(start, "not a number as json writes them"))
    }

    /// `.sub` right after `]`.
    fn sub_attribute(&mut self) -> Parsed<Option<String>> {
        if self.peek() != Some('.') {
            return Ok(None);
        }
        self.at += 1;
        let start = self.at;
        let word = self.word();
        if is_name(word) {
            return Ok(Some(word.to_owned()));
        }
        Err(Fault::new(start, "expected the name of a sub-attribute"))
    }

    /// Consumes a keyword, in any case, if it is the next whole word.
    fn keyword(&mut self, keyword: &str) -> bool {
        let start = self.at;
        self.space();
        if self.word().eq_ignore_ascii_case(keyword) {
            return true;
        }
        self.at = start;
        false
    }

    /// The longest run of characters that names and URNs consist of; empty if there is none.
    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest
            .find(|letter: char| {
                !(letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '$' | ':' | '.'))
            })
            .unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn space(&mut self) {
        let rest = self.rest();
        let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        self.at += blank;
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn end(&mut self, expected: &str) -> Parsed<()> {
        self.space();
        if self.rest().is_empty() {
            return Ok(());
        }
        Err(self.fault(format!("expected {expected} or the end")))
    }

    fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::new(self.at, message)
    }

    fn over(&self, limit: &'static str, message: String) -> Fault {
        Fault { limit: Some(limit), ..self.fault(message) }
    }
}

fn malformed(word: &str) -> String {
    format!("`{}` is not an attribute name", shown(word))
}

/// ATTRNAME of RFC 7644 Figure 1, and the leading `$` of `$ref` (RFC 7643 §2.1).
pub(crate) fn is_name(text: &str) -> bool {
    let name = text.strip_prefix('$').unwrap_or(text);
    name.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'$'))
}

/// A schema URN: segments between colons, none of them empty.
fn is_urn_text(text: &str) -> bool {
    crate::schema::is_urn(text) && text.split(':').all(|segment| !segment.is_empty())
}

/// Splits `[urn:]attribute[.sub]` (RFC 7644 §3.10). The URN ends at the last colon: versions have dots.
pub(crate) fn attr_path(word: &str) -> Option<AttrPath> {
    let (urn, rest) = match word.rsplit_once(':') {
        Some((urn, rest)) if is_urn_text(urn) => (Some(urn.to_owned()), rest),
        Some(_) => return None,
        None => (None, word),
    };
    let (attribute, sub) = match rest.split_once('.') {
        Some((attribute, sub)) => (attribute, Some(sub)),
        None => (rest, None),
    };
    if !is_name(attribute) || !sub.is_none_or(is_name) {
        return None;
    }
    Some(AttrPath { urn, attribute: attribute.to_owned(), sub: sub.map(str::to_owned) })
}
