//! Filters (RFC 7644 §3.4.2.2 with errata 4670, 7319, 7322): tree, parser, printer, checker, evaluator.
//! Must not know how resources are stored; core may translate the tree into an index lookup.
//!
//! ```
//! use lockstep_scim::{Definition, Limits, filter};
//!
//! let (user, limits) = (Definition::user(), Limits::default());
//! let wanted = filter::parse(r#"emails[type eq "work" and value ew "@example.com"] AND not(title pr)"#, &limits)?;
//! assert_eq!(
//!     wanted.to_string(),
//!     r#"emails[type eq "work" and value ew "@example.com"] and not (title pr)"#,
//! );
//!
//! let json = serde_json::json!({"userName": "ada", "emails": [{"type": "work", "value": "ada@EXAMPLE.com"}]});
//! let ada = json.as_object().cloned().unwrap_or_default();
//! assert!(filter::Matcher::new(&wanted, &user)?.matches(&ada));
//!
//! let nonsense = filter::parse("active gt true", &limits)?;
//! assert_eq!(
//!     filter::check(&nonsense, &user).unwrap_err().detail,
//!     "active: gt does not apply to a boolean; use eq, ne or pr",
//! );
//! # Ok::<(), lockstep_scim::Error>(())
//! ```

use std::fmt;

use serde_json::{Number, Value};

use crate::{Error, Limits};

mod check;
mod comparison;
mod matching;
pub(crate) mod parser;

pub(crate) use check::check_value_filter;
pub use check::{check, check_across};
pub(crate) use comparison::{order_numbers, same_text};
pub(crate) use matching::{Elements, entry, is_present, member};
pub use matching::{Matcher, matches, settled};

/// `[urn:]attribute[.sub]` as written (RFC 7644 §3.10). Inside brackets: a sub-attribute's name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AttrPath {
    /// Schema URN in front, if any.
    pub urn: Option<String>,
    /// Attribute name.
    pub attribute: String,
    /// Sub-attribute name, if any.
    pub sub: Option<String>,
}

impl AttrPath {
    /// The whole path as a schema's URN, if it can be one: the last part of a URN reads as an attribute, and a version
    /// in it as a sub-attribute.
    pub(crate) fn urn_alone(&self) -> Option<String> {
        self.urn.is_some().then(|| self.to_string())
    }
}

impl fmt::Display for AttrPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(urn) = &self.urn {
            write!(out, "{urn}:")?;
        }
        out.write_str(&self.attribute)?;
        match &self.sub {
            Some(sub) => write!(out, ".{sub}"),
            None => Ok(()),
        }
    }
}

/// A comparison operator (RFC 7644 Table 3). `pr` is a filter of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compare {
    /// Equal.
    Eq,
    /// Not equal: no value is equal.
    Ne,
    /// Contains.
    Co,
    /// Starts with.
    Sw,
    /// Ends with.
    Ew,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
}

impl Compare {
    /// All operators with their names (RFC 7644 Table 3).
    pub const ALL: [(Self, &'static str); 9] = [
        (Self::Eq, "eq"),
        (Self::Ne, "ne"),
        (Self::Co, "co"),
        (Self::Sw, "sw"),
        (Self::Ew, "ew"),
        (Self::Gt, "gt"),
        (Self::Ge, "ge"),
        (Self::Lt, "lt"),
        (Self::Le, "le"),
    ];

    /// Name in a filter, lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::Ew => "ew",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }

    /// Whether it looks for a part of a text.
    pub fn is_substring(self) -> bool {
        matches!(self, Self::Co | Self::Sw | Self::Ew)
    }

    /// Whether it asks which comes first.
    pub fn is_ordering(self) -> bool {
        matches!(self, Self::Gt | Self::Ge | Self::Lt | Self::Le)
    }
}

/// What a filter compares with: a JSON scalar (RFC 7644 Figure 1, compValue).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Literal {
    /// No value: `eq null` is `not pr` (RFC 7643 §2.5).
    Null,
    /// true or false.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text, unescaped.
    String(String),
}

impl Literal {
    /// The same as a JSON value.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(value) => Value::Number(value.clone()),
            Self::String(value) => Value::String(value.clone()),
        }
    }
}

/// A filter expression (RFC 7644 Figure 1). Chains of `and` and of `or` are flat.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Filter {
    /// `attribute op literal`.
    Attr {
        /// Left side.
        path: AttrPath,
        /// Operator.
        op: Compare,
        /// Right side.
        value: Literal,
    },
    /// `attribute pr`.
    Present(AttrPath),
    /// `attribute[filter]`: one value satisfies the whole inner filter.
    ValuePath {
        /// The multi-valued attribute.
        attr: AttrPath,
        /// About its sub-attributes.
        filter: Box<Filter>,
    },
    /// All of two or more.
    And(Vec<Filter>),
    /// Any of two or more.
    Or(Vec<Filter>),
    /// The opposite.
    Not(Box<Filter>),
}

impl Filter {
    /// Joins two by `and`, keeping chains flat.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::And(mut left), Self::And(right)) => {
                left.extend(right);
                Self::And(left)
            }
            (Self::And(mut left), right) => {
                left.push(right);
                Self::And(left)
            }
            (left, Self::And(right)) => Self::And(std::iter::once(left).chain(right).collect()),
            (left, right) => Self::And(vec![left, right]),
        }
    }

    /// Joins two by `or`, keeping chains flat.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Or(mut left), Self::Or(right)) => {
                left.extend(right);
                Self::Or(left)
            }
            (Self::Or(mut left), right) => {
                left.push(right);
                Self::Or(left)
            }
            (left, Self::Or(right)) => Self::Or(std::iter::once(left).chain(right).collect()),
            (left, right) => Self::Or(vec![left, right]),
        }
    }

    /// How many comparisons it makes with one resource or value, at most.
    pub fn terms(&self) -> usize {
        match self {
            Self::Attr { .. } | Self::Present(_) => 1,
            Self::ValuePath { filter, .. } | Self::Not(filter) => filter.terms(),
            Self::And(parts) | Self::Or(parts) => parts.iter().map(Self::terms).sum(),
        }
    }

    /// The text this filter insists on by one `eq` on a single attribute, if that is all it says:
    /// what an index can answer. The path is as written.
    pub fn as_equality(&self) -> Option<(&AttrPath, &str)> {
        match self {
            Self::Attr { path, op: Compare::Eq, value: Literal::String(text) } => Some((path, text)),
            _ => None,
        }
    }
}

/// Parses a filter (RFC 7644 §3.4.2.2). Errors are 400 invalidFilter and name the column, from 1.
pub fn parse(text: &str, limits: &Limits) -> Result<Filter, Error> {
    if text.len() > limits.filter_bytes {
        return Err(Error::invalid_filter(format!(
            "the filter has {} bytes; the limit filter_bytes is {}",
            text.len(),
            limits.filter_bytes
        ))
        .over("filter_bytes"));
    }
    let mut parser = parser::Parser::new(text, limits);
    parser.whole_filter().map_err(|fault| fault.into_error(Error::invalid_filter, "filter", text))
}

/// Canonical text: lower-case operators, one space, only the parentheses that are needed.
impl fmt::Display for Filter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attr { path, op, value } => {
                write!(out, "{path} {} {}", op.as_str(), value.to_value())
            }
            Self::Present(path) => write!(out, "{path} pr"),
            Self::ValuePath { attr, filter } => write!(out, "{attr}[{filter}]"),
            Self::Not(inner) => write!(out, "not ({inner})"),
            Self::And(terms) => {
                for (index, term) in terms.iter().enumerate() {
                    if index > 0 {
                        out.write_str(" and ")?;
                    }
                    if matches!(term, Self::Or(_)) {
                        write!(out, "({term})")?;
                    } else {
                        write!(out, "{term}")?;
                    }
                }
                Ok(())
            }
            Self::Or(terms) => {
                for (index, term) in terms.iter().enumerate() {
                    if index > 0 {
                        out.write_str(" or ")?;
                    }
                    write!(out, "{term}")?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests;
