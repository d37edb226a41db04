//! Whether a resource satisfies a filter (RFC 7644 §3.4.2.2). Total: what does not fit does not match. What depends on
//! the filter and the resource type alone is found out once, before the first resource.

use serde_json::Value;

use super::check::check;
use super::comparison::Comparison;
use super::{AttrPath, Compare, Filter, Literal};
use crate::schema::{Attribute, Definition, Resolved, Type};
use crate::{Error, Object};

/// A filter bound to a resource type: its attributes are found and its literals prepared, so that many resources can be
/// decided one after the other. It borrows nothing.
///
/// ```
/// use lockstep_scim::{Definition, Limits, filter};
/// use serde_json::json;
///
/// let filter = filter::parse("userName sw \"A\" and emails pr", &Limits::default())?;
/// let wanted = filter::Matcher::new(&filter, &Definition::user())?;
/// let users = [json!({"userName": "ada", "emails": [{"value": "ada@example.com"}]}), json!({"userName": "alan"})];
/// let found = users.iter().filter_map(|user| user.as_object()).filter(|user| wanted.matches(user));
/// assert_eq!(found.count(), 1);
/// # Ok::<(), lockstep_scim::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Matcher(Tree<Question>);

impl Matcher {
    /// Binds a filter that makes sense for the type, as [`check`](fn@super::check) says; else 400 invalidFilter.
    pub fn new(filter: &Filter, definition: &Definition) -> Result<Self, Error> {
        check(filter, definition)?;
        Ok(Self::unchecked(filter, definition))
    }

    /// Binds a filter that was checked elsewhere, as by [`check_across`](super::check_across): an attribute that this
    /// type has not has no value here (RFC 7644 §3.4.2.1).
    #[must_use]
    pub fn unchecked(filter: &Filter, definition: &Definition) -> Self {
        Self(Tree::bind(filter, &|term| Question::bind(term, definition)))
    }

    /// Whether `object` satisfies the filter. It has canonical names, and id, meta, groups and members if the filter may
    /// ask for them.
    #[must_use]
    pub fn matches(&self, object: &Object) -> bool {
        self.0.holds(&|question| question.holds(object))
    }
}

/// Whether one resource satisfies a filter: [`Matcher::unchecked`], bound for this once.
#[must_use]
pub fn matches(filter: &Filter, object: &Object, definition: &Definition) -> bool {
    Matcher::unchecked(filter, definition).matches(object)
}

/// Whether a filter is true, or false, for every resource of a type, whatever it holds: by `meta.resourceType`, and by
/// attributes that the type has not. Nothing where it depends on the resource.
#[must_use]
pub fn settled(filter: &Filter, definition: &Definition) -> Option<bool> {
    match filter {
        Filter::And(terms) => all(terms.iter().map(|term| settled(term, definition)), false),
        Filter::Or(terms) => all(terms.iter().map(|term| settled(term, definition)), true),
        Filter::Not(inner) => settled(inner, definition).map(|holds| !holds),
        Filter::Present(path) | Filter::Attr { path, .. } | Filter::ValuePath { attr: path, .. } => {
            let of_type = resolve(path, definition).is_some_and(|found| {
                found.extension.is_none()
                    && found.name == "meta"
                    && found.sub.is_some_and(|(name, _)| name == "resourceType")
            });
            let unknown = resolve(path, definition).is_none() && path.urn_alone().is_none();
            if !of_type && !unknown {
                return None;
            }
            let mut object = Object::new();
            object.insert("meta".to_owned(), serde_json::json!({ "resourceType": definition.name }));
            Some(matches(filter, &object, definition))
        }
    }
}

/// The `decisive` value where any term has it, the other where all have that; else nothing.
fn all(terms: impl Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    let mut open = false;
    for term in terms {
        match term {
            Some(value) if value == decisive => return Some(decisive),
            Some(_) => {}
            None => open = true,
        }
    }
    (!open).then_some(!decisive)
}

/// The values of one multi-valued attribute that the filter inside `[ ]` selects.
#[derive(Debug, Clone)]
pub(crate) struct Elements(Tree<ElementQuestion>);

impl Elements {
    pub(crate) fn new(filter: &Filter, attribute: &Attribute) -> Self {
        Self(Tree::bind(filter, &|term| ElementQuestion::bind(term, attribute)))
    }

    pub(crate) fn matches(&self, element: &Value) -> bool {
        self.0.holds(&|question| question.holds(element))
    }
}

/// A filter whose terms are bound.
#[derive(Debug, Clone)]
enum Tree<T> {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Term(T),
    /// So for whatever is asked.
    Settled(bool),
}

impl<T> Tree<T> {
    fn bind(filter: &Filter, term: &impl Fn(&Filter) -> Self) -> Self {
        let each = |terms: &[Filter]| terms.iter().map(|inner| Self::bind(inner, term)).collect();
        match filter {
            Filter::And(terms) => Self::All(each(terms)),
            Filter::Or(terms) => Self::Any(each(terms)),
            Filter::Not(inner) => Self::Not(Box::new(Self::bind(inner, term))),
            Filter::Attr { .. } | Filter::Present(_) | Filter::ValuePath { .. } => term(filter),
        }
    }

    fn holds(&self, decide: &impl Fn(&T) -> bool) -> bool {
        match self {
            Self::All(trees) => trees.iter().all(|tree| tree.holds(decide)),
            Self::Any(trees) => trees.iter().any(|tree| tree.holds(decide)),
            Self::Not(tree) => !tree.holds(decide),
            Self::Term(term) => decide(term),
            Self::Settled(holds) => *holds,
        }
    }
}

/// What a term asks of a resource.
#[derive(Debug, Clone)]
enum Question {
    /// Whether there is a value that counts.
    Value { schema: Option<String>, place: Option<Place>, counts: fn(&Value) -> bool },
    /// How a value, or any of several, compares.
    Comparison { place: Place, comparison: Comparison, open: bool },
    /// Whether one of several values satisfies a filter by itself.
    Element { place: Place, elements: Elements },
}

impl Question {
    fn bind(term: &Filter, definition: &Definition) -> Tree<Self> {
        match term {
            Filter::Present(path) => Self::value(path, definition, is_present),
            // RFC 7643 §2.5: to be null is to be unassigned, which an empty text is not.
            Filter::Attr { path, op: Compare::Ne, value: Literal::Null } => {
                Self::value(path, definition, is_assigned)
            }
            Filter::Attr { path, op: Compare::Eq, value: Literal::Null } => {
                Tree::Not(Box::new(Self::value(path, definition, is_assigned)))
            }
            Filter::Attr { path, op, value } => {
                // What is missing is equal to nothing.
                let Some(found) = resolve(path, definition) else { return Tree::Settled(*op == Compare::Ne) };
                let sub = found.sub.or_else(|| value_of(found.attribute));
                let leaf = sub.map_or(found.attribute, |(_, sub)| sub);
                Tree::Term(Self::Comparison {
                    place: Place::new(&Resolved { sub, ..found }),
                    comparison: Comparison::new(*op, value, leaf),
                    open: leaf.kind == Type::Any,
                })
            }
            Filter::ValuePath { attr, filter } => {
                let Some(found) = resolve(attr, definition) else { return Tree::Settled(false) };
                let elements = Elements::new(filter, found.attribute);
                Tree::Term(Self::Element { place: Place::new(&found), elements })
            }
            // Of terms there are no others.
            Filter::And(_) | Filter::Or(_) | Filter::Not(_) => Tree::Settled(false),
        }
    }

    fn value(path: &AttrPath, definition: &Definition, counts: fn(&Value) -> bool) -> Tree<Self> {
        let schema = path.urn_alone();
        if schema.as_ref().is_some_and(|urn| definition.is_base(urn)) {
            return Tree::Settled(true);
        }
        let schema =
            schema.filter(|urn| definition.extension(urn).is_some() || definition.is_open_extension(urn));
        let place = resolve(path, definition).map(|found| Place::new(&found));
        if schema.is_none() && place.is_none() {
            return Tree::Settled(false);
        }
        Tree::Term(Self::Value { schema, place, counts })
    }

    fn holds(&self, object: &Object) -> bool {
        match self {
            Self::Value { schema, place, counts } => {
                // A schema's URN alone: whether the resource has anything of it.
                let has_schema =
                    schema.as_ref().is_some_and(|urn| entry(object, urn).is_some_and(is_present));
                has_schema || place.as_ref().is_some_and(|place| place.has(object, *counts))
            }
            Self::Comparison { place, comparison, open } => match (place.read(object), &place.sub) {
                (Some(Value::Array(values)), Some(sub)) => {
                    comparison.holds_for(values.iter().map(|value| {
                        // A multi-valued attribute nobody declared may hold simple values.
                        if *open && !value.is_object() { Some(value) } else { member(value, sub) }
                    }))
                }
                (Some(Value::Array(values)), None) => comparison.holds_for(values.iter().map(Some)),
                (value, Some(sub)) => comparison.holds(value.and_then(|value| member(value, sub))),
                (value, None) => comparison.holds(value),
            },
            Self::Element { place, elements } => match place.read(object) {
                Some(Value::Array(values)) => values.iter().any(|value| elements.matches(value)),
                _ => false,
            },
        }
    }
}

/// Where an attribute's value stands in a resource.
#[derive(Debug, Clone)]
struct Place {
    extension: Option<String>,
    name: String,
    sub: Option<String>,
    /// No schema declares it: then the case of its name is not known.
    open: bool,
}

impl Place {
    fn new(found: &Resolved<'_>) -> Self {
        Self {
            extension: found.extension.map(str::to_owned),
            name: found.name.to_owned(),
            sub: found.sub.map(|(name, _)| name.to_owned()),
            open: found.attribute.kind == Type::Any,
        }
    }

    /// The attribute's value, before any sub-attribute.
    fn read<'a>(&self, object: &'a Object) -> Option<&'a Value> {
        let holder = match &self.extension {
            Some(urn) => entry(object, urn)?.as_object()?,
            None => object,
        };
        let value = if self.open { entry(holder, &self.name) } else { holder.get(&self.name) };
        value.filter(|value| !value.is_null())
    }

    /// Whether something that counts stands there.
    fn has(&self, object: &Object, counts: fn(&Value) -> bool) -> bool {
        match (self.read(object), &self.sub) {
            (None, _) => false,
            (Some(value), None) => counts(value),
            (Some(Value::Array(values)), Some(sub)) => {
                values.iter().any(|value| member(value, sub).is_some_and(counts))
            }
            (Some(value), Some(sub)) => member(value, sub).is_some_and(counts),
        }
    }
}

/// What a term inside `[ ]` asks of one value.
#[derive(Debug, Clone)]
struct ElementQuestion {
    part: Part,
    asked: Asked,
}

/// What a name inside brackets means.
#[derive(Debug, Clone)]
enum Part {
    /// A sub-attribute.
    Sub(String),
    /// A member of a value that no schema declares, or `value` for a simple one.
    Open(String),
    /// The simple value itself, which is called `value`.
    Itself,
}

#[derive(Debug, Clone)]
enum Asked {
    Present,
    Assigned,
    Unassigned,
    Comparison(Comparison),
}

impl ElementQuestion {
    fn bind(term: &Filter, attribute: &Attribute) -> Tree<Self> {
        let (Filter::Attr { path, .. } | Filter::Present(path)) = term else { return Tree::Settled(false) };
        let (part, leaf) = match attribute.kind {
            Type::Complex => match attribute.sub(&path.attribute) {
                Some(sub) => (Part::Sub(sub.name.clone()), sub),
                None => return Tree::Settled(false),
            },
            Type::Any => (Part::Open(path.attribute.clone()), attribute),
            _ if path.attribute.eq_ignore_ascii_case("value") => (Part::Itself, attribute),
            _ => return Tree::Settled(false),
        };
        let asked = match term {
            Filter::Attr { op: Compare::Ne, value: Literal::Null, .. } => Asked::Assigned,
            Filter::Attr { op: Compare::Eq, value: Literal::Null, .. } => Asked::Unassigned,
            Filter::Attr { op, value, .. } => Asked::Comparison(Comparison::new(*op, value, leaf)),
            _ => Asked::Present,
        };
        Tree::Term(Self { part, asked })
    }

    fn holds(&self, element: &Value) -> bool {
        let value = match &self.part {
            Part::Sub(name) => member(element, name),
            Part::Open(name) if element.is_object() => member(element, name),
            Part::Open(name) if !name.eq_ignore_ascii_case("value") => return false,
            Part::Open(_) | Part::Itself => Some(element),
        };
        match &self.asked {
            Asked::Present => value.is_some_and(is_present),
            Asked::Assigned => value.is_some_and(is_assigned),
            Asked::Unassigned => !value.is_some_and(is_assigned),
            Asked::Comparison(comparison) => comparison.holds(value),
        }
    }
}

pub(super) fn resolve<'a>(path: &'a AttrPath, definition: &'a Definition) -> Option<Resolved<'a>> {
    definition.resolve(path.urn.as_deref(), &path.attribute, path.sub.as_deref())
}

/// A complex multi-valued attribute without a sub-attribute means its `value` (RFC 7644 §3.4.2.2).
fn value_of(attribute: &Attribute) -> Option<(&str, &Attribute)> {
    let value =
        attribute.sub("value").filter(|_| attribute.multi_valued && attribute.kind == Type::Complex)?;
    Some((&value.name, value))
}

/// A member by its canonical name, or else whatever its case (undeclared extensions keep their spelling).
pub(crate) fn entry<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    object
        .get(name)
        .or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

pub(crate) fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    entry(value.as_object()?, name).filter(|value| !value.is_null())
}

/// Whether it is a value at all (RFC 7643 §2.5).
pub(super) fn is_assigned(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Array(items) => items.iter().any(is_assigned),
        Value::Object(members) => members.values().any(is_assigned),
    }
}

/// `pr`: a non-empty value, or a complex one with a non-empty member (RFC 7644 Table 3).
pub(crate) fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => items.iter().any(is_present),
        Value::Object(members) => members.values().any(is_present),
    }
}
