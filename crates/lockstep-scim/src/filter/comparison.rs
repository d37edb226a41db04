//! How a value compares with the literal of a filter (RFC 7644 Table 3). The literal is prepared once. Knows no resource.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::check::text_as_bool;
use super::{Compare, Literal};
use crate::datetime::{self, Instant};
use crate::schema::{Attribute, Type, Uniqueness};
use crate::text;

/// An operator and a literal, as they are meant for one attribute.
#[derive(Debug, Clone)]
pub(super) struct Comparison {
    op: Compare,
    expected: Expected,
}

/// What a value is compared with.
#[derive(Debug, Clone)]
enum Expected {
    /// Orders nothing; whether there is a value is asked elsewhere.
    Null,
    Bool(bool),
    Number(Number),
    /// A text in the form in which the attribute's texts are compared; some clients quote booleans.
    Text {
        text: String,
        form: Form,
        as_bool: Option<bool>,
    },
    /// The instant of a dateTime, where the text names one.
    Instant {
        instant: Option<Instant>,
        as_bool: Option<bool>,
    },
}

/// Makes of a text what is the same for texts that are equal.
type Form = fn(&str) -> Cow<'_, str>;

impl Comparison {
    pub(super) fn new(op: Compare, literal: &Literal, attribute: &Attribute) -> Self {
        let expected = match literal {
            Literal::Null => Expected::Null,
            Literal::Bool(value) => Expected::Bool(*value),
            Literal::Number(value) => Expected::Number(value.clone()),
            Literal::String(text) if attribute.kind == Type::DateTime => {
                Expected::Instant { instant: datetime::parse(text), as_bool: text_as_bool(text) }
            }
            Literal::String(text) => {
                let form =
                    if op.is_substring() { form_of_parts(attribute) } else { form_of_whole(attribute) };
                Expected::Text { text: form(text).into_owned(), form, as_bool: text_as_bool(text) }
            }
        };
        Self { op, expected }
    }

    /// Of several values any; but `ne`, where none is equal.
    pub(super) fn holds_for<'v>(&self, mut values: impl Iterator<Item = Option<&'v Value>>) -> bool {
        if self.op == Compare::Ne {
            values.all(|value| self.holds(value))
        } else {
            values.any(|value| self.holds(value))
        }
    }

    /// What is missing is equal to nothing. Several values of a sub-attribute are as several of an attribute.
    pub(super) fn holds(&self, actual: Option<&Value>) -> bool {
        let Some(actual) = actual else { return self.op == Compare::Ne };
        if let Value::Array(values) = actual {
            return self.holds_for(values.iter().map(Some));
        }
        match self.op {
            Compare::Co => self.has_part(actual, |actual, part| actual.contains(part)),
            Compare::Sw => self.has_part(actual, |actual, part| actual.starts_with(part)),
            Compare::Ew => self.has_part(actual, |actual, part| actual.ends_with(part)),
            Compare::Eq => self.order(actual) == Some(Ordering::Equal),
            Compare::Ne => self.order(actual) != Some(Ordering::Equal),
            Compare::Gt => self.order(actual) == Some(Ordering::Greater),
            Compare::Ge => matches!(self.order(actual), Some(Ordering::Greater | Ordering::Equal)),
            Compare::Lt => self.order(actual) == Some(Ordering::Less),
            Compare::Le => matches!(self.order(actual), Some(Ordering::Less | Ordering::Equal)),
        }
    }

    /// Only texts have parts, and an instant's text is only one of many.
    fn has_part(&self, actual: &Value, has: fn(&str, &str) -> bool) -> bool {
        match (actual, &self.expected) {
            (Value::String(actual), Expected::Text { text, form, .. }) => has(&form(actual), text),
            _ => false,
        }
    }

    /// How a value stands to the literal; nothing if they can't be compared.
    fn order(&self, actual: &Value) -> Option<Ordering> {
        match (actual, &self.expected) {
            (Value::Bool(left), Expected::Bool(right)) => Some(left.cmp(right)),
            (Value::Bool(left), Expected::Text { as_bool, .. } | Expected::Instant { as_bool, .. }) => {
                Some(left.cmp(as_bool.as_ref()?))
            }
            (Value::Number(left), Expected::Number(right)) => order_numbers(left, right),
            (Value::String(left), Expected::Instant { instant, .. }) => {
                Some(datetime::parse(left)?.cmp(instant.as_ref()?))
            }
            (Value::String(left), Expected::Text { text, form, .. }) => {
                Some(form(left).as_ref().cmp(text.as_str()))
            }
            _ => None,
        }
    }
}

/// How an attribute's texts are compared as wholes.
fn form_of_whole(attribute: &Attribute) -> Form {
    if refers_to_resources(attribute) {
        without_version
    } else if is_unique_name(attribute) {
        |text| Cow::Owned(text::user_name_key(text))
    } else {
        plain_form(attribute.case_exact)
    }
}

/// How their parts are: blanks at the ends count.
fn form_of_parts(attribute: &Attribute) -> Form {
    if is_unique_name(attribute) {
        |text| Cow::Owned(text::fold(&text::map_width(text)).into_owned())
    } else {
        plain_form(attribute.case_exact)
    }
}

fn plain_form(case_exact: bool) -> Form {
    if case_exact { text::compose } else { text::fold }
}

/// Whether two texts of an attribute are equal (RFC 7643 §2.2 caseExact).
pub(crate) fn same_text(left: &str, right: &str, case_exact: bool) -> bool {
    let form = plain_form(case_exact);
    left == right || form(left) == form(right)
}

/// Whether an attribute's text is unique, whatever its case: then it is compared by the key that is unique, so that
/// whoever is refused as taken is found.
pub(super) fn is_unique_name(attribute: &Attribute) -> bool {
    attribute.uniqueness != Uniqueness::None && !attribute.case_exact
}

/// Whether what an attribute points at are resources of SCIM, and not only pages and other URIs.
pub(super) fn refers_to_resources(attribute: &Attribute) -> bool {
    attribute.kind == Type::Reference
        && attribute.reference_types.iter().any(|kind| !matches!(kind.as_str(), "external" | "uri"))
}

/// A resource's URI as it is compared: one with the version of an API is that without, or with another
/// (RFC 7643 §2.4). Scheme and host are of any case (RFC 3986 §6.2.2.1).
pub(super) fn without_version(uri: &str) -> Cow<'_, str> {
    let path = uri.find("://").map_or(0, |scheme| {
        let host = uri.get(scheme + 3..).unwrap_or_default();
        scheme + 3 + host.find('/').unwrap_or(host.len())
    });
    let (host, path) = uri.split_at_checked(path).unwrap_or(("", uri));
    let is_version = |segment: &&str| {
        let number = segment.strip_prefix(['v', 'V']).unwrap_or_default();
        number.starts_with(|digit: char| digit.is_ascii_digit())
            && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    let segments: Vec<&str> = path.split('/').collect();
    // The last two are the resource's type and id, whatever they look like.
    let (base, resource) = segments.split_at(segments.len().saturating_sub(2));
    let kept: Vec<&str> =
        base.iter().filter(|segment| !is_version(segment)).chain(resource).copied().collect();
    Cow::Owned(format!("{}{}", host.to_ascii_lowercase(), kept.join("/")))
}

/// Whole numbers exactly, the rest as doubles.
pub(crate) fn order_numbers(left: &Number, right: &Number) -> Option<Ordering> {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}
