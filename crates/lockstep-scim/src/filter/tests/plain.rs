//! A bound filter decides as the plain reading of the standard does, which looks everything up for every resource anew.

use std::borrow::Cow;
use std::cmp::Ordering;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::super::comparison::{is_unique_name, order_numbers, refers_to_resources, without_version};
use super::super::matching::{entry, is_assigned, is_present, member, resolve};
use super::super::{AttrPath, Compare, Filter, Literal, Matcher, check};
use super::values::definition;
use crate::schema::{Attribute, Resolved, Type, any_attribute};
use crate::{Definition, Object, datetime, text};

/// How many of [`paths`] are chosen as often as all the others.
const ODD: usize = 7;

/// Names of everything a type has, by URN too, and of what it has not. The odd ones come first.
fn paths(definition: &Definition) -> Vec<AttrPath> {
    let path = |urn: Option<&str>, attribute: &str, sub: Option<&str>| AttrPath {
        urn: urn.map(str::to_owned),
        attribute: attribute.to_owned(),
        sub: sub.map(str::to_owned),
    };
    let mut paths = vec![
        path(None, "nosuch", None),
        path(None, "userName", None),
        path(None, "emails", None),
        path(Some("urn:example:badge:1.0:User"), "until", None),
        path(Some("urn:example:badge:1.0:User"), "door", None),
        path(Some("urn:example:other:1.0:User"), "Colour", None),
        path(Some("urn:example:other:1.0:User"), "door", Some("hours")),
    ];
    let extensions = definition.extensions.iter().map(|(schema, _)| schema);
    for schema in extensions.clone().chain([&definition.schema]) {
        let (urn, last) = schema.id.rsplit_once(':').unwrap();
        paths.push(path(Some(urn), last, None));
    }
    let tops = definition.top_attributes().map(|attribute| (None, attribute));
    let others = extensions
        .flat_map(|schema| schema.attributes.iter().map(|attribute| (Some(schema.id.as_str()), attribute)));
    for (urn, attribute) in tops.chain(others) {
        paths.push(path(urn, &attribute.name.to_uppercase(), None));
        paths.extend(attribute.sub_attributes.iter().map(|sub| path(urn, &attribute.name, Some(&sub.name))));
        paths.extend(attribute.sub_attributes.iter().map(|sub| path(None, &sub.name, None)));
    }
    paths
}

/// Few values, so that they meet.
fn scalar() -> impl Strategy<Value = Value> {
    select(vec![
        json!(null),
        json!(true),
        json!(false),
        json!(7),
        json!(7.0),
        json!(-1.5),
        json!(""),
        json!("a"),
        json!("Ab"),
        json!("Ａb "),
        json!("é"),
        json!("e\u{301}"),
        json!("TRUE"),
        json!("2020-01-01T01:00:00+02:00"),
        json!("2019-12-31T23:00:00Z"),
        json!("https://Example.com/scim/v2/Users/1"),
        json!("https://example.com/scim/Users/1"),
    ])
}

/// Any filter at all, also of a shape that no text has; `inside` is what it names in brackets.
fn any_filter(
    paths: Vec<AttrPath>,
    inside: Vec<AttrPath>,
    literals: Vec<Literal>,
) -> impl Strategy<Value = Filter> {
    let leaf = move |paths: Vec<AttrPath>| {
        let op = select(Compare::ALL.map(|(op, _)| op).to_vec());
        prop_oneof![
            1 => select(paths.clone()).prop_map(Filter::Present),
            5 => (select(paths), op, select(literals.clone()))
                .prop_map(|(path, op, value)| Filter::Attr { path, op, value }),
        ]
    };
    let selection = (select(paths.clone()), joined(leaf(inside).boxed()))
        .prop_map(|(attr, filter)| Filter::ValuePath { attr, filter: Box::new(filter) });
    joined(prop_oneof![2 => leaf(paths), 1 => selection].boxed())
}

fn joined(term: BoxedStrategy<Filter>) -> BoxedStrategy<Filter> {
    let term = prop_oneof![3 => term.clone(), 1 => term.prop_map(|term| Filter::Not(Box::new(term)))];
    let terms = prop::collection::vec(term.clone(), 1..4);
    prop_oneof![2 => term, 1 => terms.clone().prop_map(Filter::And), 1 => terms.prop_map(Filter::Or)].boxed()
}

/// Puts values under a path, in a shape that fits what is there or in another.
fn put(object: &mut Object, path: &AttrPath, attribute: &Attribute, values: &[Value], shape: Index) {
    let holder = match &path.urn {
        Some(urn) => {
            let holder = object.entry(urn.clone()).or_insert_with(|| json!({}));
            let Some(holder) = holder.as_object_mut() else { return };
            holder
        }
        None => object,
    };
    let sub = path.sub.as_deref().unwrap_or("value");
    let parts: Vec<Value> = values.iter().map(|value| json!({(sub): value, "type": "a"})).collect();
    let fitting = match (attribute.multi_valued, attribute.kind == Type::Complex) {
        (false, false) => 0,
        (true, false) => 1,
        (false, true) => 2,
        (true, true) => 3,
    };
    let value = match [0, 1, 2, 3, 4, fitting, fitting, fitting, fitting, fitting][shape.index(10)] {
        0 => values[0].clone(),
        1 => Value::Array(values.to_vec()),
        2 => parts[0].clone(),
        3 => Value::Array(parts),
        _ => json!([{(sub): values}]),
    };
    holder.insert(path.attribute.clone(), value);
}

fn any_case() -> impl Strategy<Value = (Definition, Filter, Object)> {
    let definitions = vec![definition(), definition().with_open_extensions(), Definition::group()];
    let placed = (any::<bool>(), any::<Index>(), prop::collection::vec(scalar(), 1..4), any::<Index>());
    (select(definitions), prop::collection::vec(placed, 1..5)).prop_flat_map(|(definition, entries)| {
        let paths = paths(&definition);
        let name = |name: &str| AttrPath { urn: None, attribute: name.to_owned(), sub: None };
        let mut object = Object::new();
        let (mut asked, mut inside) = (Vec::new(), vec![name("Value"), name("type")]);
        let mut literals = vec![Literal::Null, Literal::String("True".to_owned())];
        for (odd, index, values, shape) in entries {
            let path = if odd { index.get(&paths[..ODD]) } else { index.get(&paths) };
            // Resources have canonical names.
            let (attribute, spelled) = match resolve(path, &definition) {
                Some(found) => (found.attribute, found.name.to_owned()),
                None => (any_attribute(), path.attribute.clone()),
            };
            put(&mut object, &AttrPath { attribute: spelled, ..path.clone() }, attribute, &values, shape);
            asked.extend([path.clone(), path.clone(), shape.get(&paths).clone()]);
            // A schema by itself.
            asked.extend(path.urn.as_deref().and_then(|urn| urn.rsplit_once(':')).map(|(urn, last)| {
                AttrPath { urn: Some(urn.to_owned()), attribute: last.to_owned(), sub: None }
            }));
            inside.extend(path.sub.as_deref().map(name));
            literals.extend(values.into_iter().map(|value| match value {
                Value::Bool(value) => Literal::Bool(value),
                Value::Number(value) => Literal::Number(value),
                Value::String(value) => Literal::String(value),
                _ => Literal::Null,
            }));
        }
        (Just(definition), any_filter(asked, inside, literals), Just(object))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_bound_filter_decides_as_the_plain_reading_does((definition, filter, object) in any_case()) {
        let expected = matches(&filter, &object, &definition);
        prop_assert_eq!(super::matches(&filter, &object, &definition), expected);
        match (Matcher::new(&filter, &definition), check(&filter, &definition)) {
            (Ok(matcher), Ok(())) => prop_assert_eq!(matcher.matches(&object), expected),
            (Err(error), Err(expected)) => prop_assert_eq!(error, expected),
            (bound, checked) => prop_assert!(false, "{bound:?} {checked:?}"),
        }
    }
}

// What the property stands on: that the cases it makes are decided both ways, and by more than absence.
#[test]
fn the_cases_are_of_every_kind() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let (mut holds, mut comparisons, mut selections, mut accepted) = ([0, 0], 0, 0, 0);
    for _ in 0..1_000 {
        let (definition, filter, object) = any_case().new_tree(&mut runner).unwrap().current();
        let verdict = matches(&filter, &object, &definition);
        holds[usize::from(verdict)] += 1;
        accepted += usize::from(check(&filter, &definition).is_ok());
        match &filter {
            Filter::Attr { op, .. } if verdict && *op != Compare::Ne => comparisons += 1,
            Filter::ValuePath { .. } if verdict => selections += 1,
            _ => {}
        }
    }
    let least = [holds[0], holds[1], comparisons, selections, accepted].into_iter().min();
    assert!(least > Some(5), "{holds:?} {comparisons} {selections} {accepted}");
}

// The plain reading.

fn matches(filter: &Filter, object: &Object, definition: &Definition) -> bool {
    match filter {
        Filter::And(terms) => terms.iter().all(|term| matches(term, object, definition)),
        Filter::Or(terms) => terms.iter().any(|term| matches(term, object, definition)),
        Filter::Not(inner) => !matches(inner, object, definition),
        Filter::Present(path) => has_value(path, object, definition, is_present),
        // RFC 7643 §2.5: to be null is to be unassigned, which an empty text is not.
        Filter::Attr { path, op: Compare::Ne, value: Literal::Null } => {
            has_value(path, object, definition, is_assigned)
        }
        Filter::Attr { path, op: Compare::Eq, value: Literal::Null } => {
            !has_value(path, object, definition, is_assigned)
        }
        Filter::Attr { path, op, value } => {
            let Some(found) = resolve(path, definition) else {
                return compare(None, *op, value, any_attribute());
            };
            let (sub, leaf) = match found.sub {
                Some((name, sub)) => (Some(name), sub),
                None => match value_of(found.attribute) {
                    Some(sub) => (Some(sub.name.as_str()), sub),
                    None => (None, found.attribute),
                },
            };
            match read(object, &found) {
                Some(Value::Array(values)) => {
                    let mut each = values.iter().map(|item| match sub {
                        // A multi-valued attribute nobody declared may hold simple values.
                        Some(name) if item.is_object() || leaf.kind != Type::Any => member(item, name),
                        _ => Some(item),
                    });
                    // `ne` on several values: none is equal.
                    if *op == Compare::Ne {
                        each.all(|actual| compare(actual, *op, value, leaf))
                    } else {
                        each.any(|actual| compare(actual, *op, value, leaf))
                    }
                }
                other => {
                    let actual = match sub {
                        Some(name) => other.and_then(|outer| member(outer, name)),
                        None => other,
                    };
                    compare(actual, *op, value, leaf)
                }
            }
        }
        Filter::ValuePath { attr, filter } => {
            let Some(found) = resolve(attr, definition) else { return false };
            match read(object, &found) {
                Some(Value::Array(values)) => {
                    values.iter().any(|value| element_matches(filter, value, found.attribute))
                }
                _ => false,
            }
        }
    }
}

/// Whether a path leads to something that counts as a value.
fn has_value(path: &AttrPath, object: &Object, definition: &Definition, counts: fn(&Value) -> bool) -> bool {
    if has_schema(path, object, definition) {
        return true;
    }
    let Some(found) = resolve(path, definition) else { return false };
    match (read(object, &found), found.sub) {
        (None, _) => false,
        (Some(value), None) => counts(value),
        (Some(Value::Array(values)), Some((name, _))) => {
            values.iter().any(|value| member(value, name).is_some_and(counts))
        }
        (Some(value), Some((name, _))) => member(value, name).is_some_and(counts),
    }
}

/// Whether a path is a schema's URN alone, and the resource has something of that schema.
fn has_schema(path: &AttrPath, object: &Object, definition: &Definition) -> bool {
    path.urn_alone().is_some_and(|urn| {
        definition.is_base(&urn)
            || (definition.extension(&urn).is_some() || definition.is_open_extension(&urn))
                && entry(object, &urn).is_some_and(is_present)
    })
}

/// Whether one value of a multi-valued attribute satisfies the filter inside `[ ]`.
fn element_matches(filter: &Filter, element: &Value, attribute: &Attribute) -> bool {
    match filter {
        Filter::And(terms) => terms.iter().all(|term| element_matches(term, element, attribute)),
        Filter::Or(terms) => terms.iter().any(|term| element_matches(term, element, attribute)),
        Filter::Not(inner) => !element_matches(inner, element, attribute),
        Filter::Present(path) => {
            part(element, attribute, path).is_some_and(|(value, _)| value.is_some_and(is_present))
        }
        Filter::Attr { path, op: op @ (Compare::Eq | Compare::Ne), value: Literal::Null } => {
            part(element, attribute, path)
                .is_some_and(|(value, _)| value.is_some_and(is_assigned) == (*op == Compare::Ne))
        }
        Filter::Attr { path, op, value } => {
            part(element, attribute, path).is_some_and(|(actual, kind)| compare(actual, *op, value, kind))
        }
        Filter::ValuePath { .. } => false,
    }
}

/// What a name inside brackets means: a member of the element, or `value` for the element itself.
fn part<'a>(
    element: &'a Value,
    attribute: &'a Attribute,
    path: &AttrPath,
) -> Option<(Option<&'a Value>, &'a Attribute)> {
    match attribute.kind {
        Type::Complex => {
            let sub = attribute.sub(&path.attribute)?;
            Some((member(element, &sub.name), sub))
        }
        Type::Any if element.is_object() => Some((member(element, &path.attribute), attribute)),
        _ => path.attribute.eq_ignore_ascii_case("value").then_some((Some(element), attribute)),
    }
}

fn value_of(attribute: &Attribute) -> Option<&Attribute> {
    if attribute.multi_valued && attribute.kind == Type::Complex { attribute.sub("value") } else { None }
}

/// The attribute's value, before any sub-attribute.
fn read<'a>(object: &'a Object, found: &Resolved<'_>) -> Option<&'a Value> {
    let holder = match found.extension {
        Some(urn) => entry(object, urn)?.as_object()?,
        None => object,
    };
    let value =
        if found.attribute.kind == Type::Any { entry(holder, found.name) } else { holder.get(found.name) };
    value.filter(|value| !value.is_null())
}

fn plain(value: &str, case_exact: bool) -> Cow<'_, str> {
    if case_exact { text::compose(value) } else { text::fold(value) }
}

/// A text as it is compared whole.
fn whole<'a>(value: &'a str, attribute: &Attribute) -> Cow<'a, str> {
    if is_unique_name(attribute) {
        return Cow::Owned(text::user_name_key(value));
    }
    plain(value, attribute.case_exact)
}

/// A text as its parts are compared: blanks at its ends count.
fn partial<'a>(value: &'a str, attribute: &Attribute) -> Cow<'a, str> {
    if is_unique_name(attribute) {
        return Cow::Owned(text::fold(&text::map_width(value)).into_owned());
    }
    plain(value, attribute.case_exact)
}

/// A value against a literal that is not null.
fn compare(actual: Option<&Value>, op: Compare, expected: &Literal, attribute: &Attribute) -> bool {
    // What is missing is equal to nothing; null itself is asked for elsewhere, and orders nothing.
    let Some(actual) = actual else { return op == Compare::Ne };
    if let Value::Array(values) = actual {
        // Several values of a sub-attribute are as several of an attribute.
        let mut each = values.iter().map(|value| compare(Some(value), op, expected, attribute));
        return if op == Compare::Ne { each.all(|holds| holds) } else { each.any(|holds| holds) };
    }
    if op.is_substring() {
        if attribute.kind == Type::DateTime {
            return false;
        }
        let (Value::String(actual), Literal::String(expected)) = (actual, expected) else { return false };
        let (actual, expected) = (partial(actual, attribute), partial(expected, attribute));
        return match op {
            Compare::Co => actual.contains(expected.as_ref()),
            Compare::Sw => actual.starts_with(expected.as_ref()),
            _ => actual.ends_with(expected.as_ref()),
        };
    }
    let order = order(actual, expected, attribute);
    match op {
        Compare::Eq => order == Some(Ordering::Equal),
        Compare::Ne => order != Some(Ordering::Equal),
        Compare::Gt => order == Some(Ordering::Greater),
        Compare::Ge => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Compare::Lt => order == Some(Ordering::Less),
        Compare::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Compare::Co | Compare::Sw | Compare::Ew => false,
    }
}

/// How a value stands to a literal; nothing if they can't be compared.
fn order(actual: &Value, expected: &Literal, attribute: &Attribute) -> Option<Ordering> {
    match (actual, expected) {
        (Value::Bool(left), Literal::Bool(right)) => Some(left.cmp(right)),
        (Value::Bool(left), Literal::String(right)) => {
            Some(left.cmp(&super::super::check::text_as_bool(right)?))
        }
        (Value::Number(left), Literal::Number(right)) => order_numbers(left, right),
        (Value::String(left), Literal::String(right)) if attribute.kind == Type::DateTime => {
            Some(datetime::parse(left)?.cmp(&datetime::parse(right)?))
        }
        (Value::String(left), Literal::String(right)) if refers_to_resources(attribute) => {
            Some(without_version(left).cmp(&without_version(right)))
        }
        (Value::String(left), Literal::String(right)) => {
            Some(whole(left, attribute).cmp(&whole(right, attribute)))
        }
        _ => None,
    }
}
