//! A PATCH request to operations (RFC 7644 §3.5.2). First the form of all, then the meaning of each.

use std::collections::HashMap;

use serde_json::Value;

use super::apply::listed;
use super::{Op, Operation, PATCH_OP_URN, Patch, PatchOptions, Target};
use crate::path::Path;
use crate::resource::{Reading, Unknown, assigned};
use crate::schema::{Definition, Type};
use crate::{Error, Limits, Object, error::shown};

/// An operation whose form is right and whose meaning is not yet known.
struct Raw<'a> {
    op: Op,
    path: Option<Path>,
    value: Option<&'a Value>,
}

pub(super) fn parse(
    raw: &Value,
    definition: &Definition,
    options: &PatchOptions,
    limits: &Limits,
) -> Result<Patch, Error> {
    let body = raw.as_object().ok_or_else(|| Error::invalid_syntax("the body must be a JSON object"))?;
    check_schemas(body, options)?;
    let operations = member(body, "Operations")
        .and_then(Value::as_array)
        .filter(|operations| !operations.is_empty())
        .ok_or_else(|| Error::invalid_syntax("Operations: must be an array of at least one operation"))?;
    if operations.len() > limits.patch_operations {
        return Err(Error::too_many(format!(
            "Operations: has {} operations; the limit patch_operations is {}",
            operations.len(),
            limits.patch_operations
        ))
        .over("patch_operations"));
    }
    let raws = operations
        .iter()
        .enumerate()
        .map(|(index, operation)| {
            read_form(operation, options, limits).map_err(|error| located(error, index))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let undeclared = if options.undeclared_is_syntax { Error::invalid_syntax } else { Error::invalid_value };
    let mut meaning = Meaning {
        definition,
        options,
        reading: Reading::for_patch(options.unknown, options.check_formats, undeclared, limits),
        operations: Vec::with_capacity(raws.len()),
        members: 0,
    };
    for (index, raw) in raws.into_iter().enumerate() {
        meaning.operation(raw).map_err(|error| located(error, index))?;
    }
    Ok(Patch { operations: meaning.operations, ignored: meaning.reading.ignored, limits: limits.clone() })
}

fn check_schemas(body: &Object, options: &PatchOptions) -> Result<(), Error> {
    let refuse = || Err(Error::invalid_syntax(format!("schemas: must be [\"{PATCH_OP_URN}\"]")));
    match member(body, "schemas") {
        None | Some(Value::Null) => {
            if options.require_schemas {
                return refuse();
            }
            Ok(())
        }
        Some(Value::Array(urns)) => {
            let named = |urn: &Value| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(PATCH_OP_URN));
            if urns.iter().any(named) || (urns.is_empty() && !options.require_schemas) {
                Ok(())
            } else {
                refuse()
            }
        }
        Some(_) => refuse(),
    }
}

/// A member of a message, whatever the case of its name (RFC 7643 §2.1).
fn member<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    object
        .get(name)
        .or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

fn located(mut error: Error, index: usize) -> Error {
    error.detail = format!("Operations[{index}]: {}", error.detail);
    error
}

fn read_form<'a>(operation: &'a Value, options: &PatchOptions, limits: &Limits) -> Result<Raw<'a>, Error> {
    let operation = operation.as_object().ok_or_else(|| Error::invalid_syntax("must be an object"))?;
    let op = match member(operation, "op").and_then(Value::as_str) {
        Some(op) if op.eq_ignore_ascii_case("add") => Op::Add,
        Some(op) if op.eq_ignore_ascii_case("remove") => Op::Remove,
        Some(op) if op.eq_ignore_ascii_case("replace") => Op::Replace,
        _ => return Err(Error::invalid_syntax("op: must be add, remove or replace")),
    };
    let path = match member(operation, "path") {
        None | Some(Value::Null) => None,
        // Some clients send an empty path for none.
        Some(Value::String(path)) if path.trim().is_empty() => None,
        Some(Value::String(path)) => Some(Path::parse(path, limits)?),
        Some(_) => return Err(Error::invalid_path("path: must be a string")),
    };
    if options.paths_required && path.is_none() {
        return Err(Error::invalid_syntax("path: is required; send an operation for each attribute"));
    }
    let value = member(operation, "value");
    match (op, &path, value) {
        // RFC 7644 §3.5.2.2: a removal without path is noTarget.
        (Op::Remove, None, _) => Err(Error::no_target("path: is required to remove something")),
        (Op::Add | Op::Replace, _, None) => {
            Err(Error::invalid_value("value: is required for add and replace"))
        }
        _ => Ok(Raw { op, path, value }),
    }
}

struct Meaning<'a> {
    definition: &'a Definition,
    options: &'a PatchOptions,
    reading: Reading<'a>,
    operations: Vec<Operation>,
    members: usize,
}

impl Meaning<'_> {
    fn operation(&mut self, raw: Raw<'_>) -> Result<(), Error> {
        let Some(path) = raw.path else {
            let value = raw.value.unwrap_or(&Value::Null);
            let first = self.operations.len();
            self.without_path(raw.op, value)?;
            return self.each_named_once(first);
        };
        let target = Target::resolve(&path, self.definition)?;
        let Some(target) = target else {
            let refuse =
                if self.options.undeclared_is_syntax { Error::invalid_syntax } else { Error::invalid_path };
            return Err(refuse(format!(
                "path: {} is no attribute of this resource type",
                shown(&path.attribute)
            )));
        };
        if self.options.filters_select_one && target.filter.is_some() && target.sub.is_none() {
            return Err(Error::invalid_path(format!(
                "path: {} must name a part of the value behind the filter, as in emails[type eq \"work\"].value",
                target.name()
            )));
        }
        if self.options.undeclared_is_syntax && target.is_top("schemas") {
            self.declared(raw.value)?;
        }
        self.on_target(raw.op, target, raw.value, true)
    }

    /// Refuses schema URNs that this resource type does not have.
    fn declared(&self, urns: Option<&Value>) -> Result<(), Error> {
        for urn in listed(urns).iter().filter_map(Value::as_str) {
            if !self.definition.is_base(urn) && self.definition.extension(urn).is_none() {
                return Err(Error::invalid_syntax(format!(
                    "schemas: {} is no schema of this resource type",
                    shown(urn)
                )));
            }
        }
        Ok(())
    }

    /// One operation for each member of the value (RFC 7644 §3.5.2.1, §3.5.2.3).
    fn without_path(&mut self, op: Op, value: &Value) -> Result<(), Error> {
        let Some(members) = value.as_object() else {
            return Err(Error::invalid_value(
                "value: must be an object of attributes where there is no path",
            ));
        };
        for (key, value) in members {
            if key.eq_ignore_ascii_case("schemas") {
                continue;
            }
            if self.options.unknown == Unknown::Refuse && !self.is_attribute(key) {
                self.reading.unknown_attribute(key, Error::invalid_value)?;
                continue;
            }
            if self.definition.is_base(key) && value.is_object() {
                self.without_path(op, value)?;
                continue;
            }
            match self.key_target(key, value)? {
                Some(target) => self.on_target(op, target, Some(value), false)?,
                None => self.reading.unknown_attribute(key, Error::invalid_value)?,
            }
        }
        Ok(())
    }

    /// One value object says one thing of an attribute, as a resource does: which of two is meant nobody knows.
    fn each_named_once(&self, first: usize) -> Result<(), Error> {
        let mut known = HashMap::new();
        for operation in self.operations.iter().skip(first) {
            let Target { extension, attribute, filter, sub } = &operation.target;
            let named = (extension, attribute, filter.as_ref().map(ToString::to_string), sub);
            if known.insert(named, operation).is_some_and(|other| other != operation) {
                return Err(Error::invalid_syntax(format!("{}: has two values", operation.target.name())));
            }
        }
        Ok(())
    }

    /// Whether a key is an attribute or an extension as a resource has them. A path is none, nor is the URN of the
    /// base schema: who refuses what no schema declares refuses them, as in a POST.
    fn is_attribute(&self, key: &str) -> bool {
        self.definition.top(key).is_some() || self.definition.extension(key).is_some()
    }

    /// What a key of a value object names: an attribute, a path, or an extension's URN.
    fn key_target(&self, key: &str, value: &Value) -> Result<Option<Target>, Error> {
        if self.definition.is_open_extension(key) && value.is_object() {
            return Ok(Some(Target::whole(key)));
        }
        match Path::parse(key, self.reading.limits) {
            Ok(path) => Target::resolve(&path, self.definition),
            Err(_) => Ok(None),
        }
    }

    fn on_target(
        &mut self,
        op: Op,
        target: Target,
        value: Option<&Value>,
        explicit: bool,
    ) -> Result<(), Error> {
        let Some(found) = target.definitions(self.definition) else {
            return self.on_extension(op, &target, value);
        };
        let (attribute, leaf) = (found.attribute, found.leaf());
        if attribute.is_dropped() || leaf.is_dropped() {
            self.reading.ignored.push(target.name());
            return Ok(());
        }
        // `add` only adds: null adds nothing to a list, and takes no value out of it.
        let names_values = attribute.multi_valued && found.sub.is_none_or(|(sub, _)| sub == "value");
        let adds_nothing = op == Op::Add && names_values && value.is_some_and(Value::is_null);
        if adds_nothing && !(explicit && attribute.is_read_only()) {
            return Ok(());
        }
        // A null value unassigns, as remove does.
        let op = if value.is_some_and(Value::is_null) { Op::Remove } else { op };
        let empty = op == Op::Replace && value.and_then(Value::as_array).is_some_and(Vec::is_empty);
        let op = if empty { Op::Remove } else { op };
        let value = value.filter(|value| !value.is_null() && !empty);
        if attribute.is_read_only() || leaf.is_read_only() {
            if op == Op::Remove || (explicit && !self.options.read_only_unchanged_ok) {
                return Err(read_only(&target));
            }
            // Compared with the resource when applied.
            self.operations.push(Operation { op, target, value: value.cloned() });
            return Ok(());
        }
        let whole = target.filter.is_none() && target.sub.is_none();
        if op == Op::Remove && attribute.required && whole && value.is_none() {
            return Err(Error::mutability(format!("{}: is required and can't be removed", target.name())));
        }
        // A removal with values lists what to remove; only a whole attribute has such a list.
        let listed = op == Op::Remove && whole && (attribute.multi_valued || attribute.kind == Type::Any);
        let given = value.is_some();
        let value = match value {
            Some(value) if op != Op::Remove || listed => self.typed(&target, value)?,
            _ => None,
        };
        let value = if op == Op::Remove && leaf.kind == Type::Any { value.and_then(assigned) } else { value };
        // A list of which nothing is left names nothing: least of all everything.
        if value.is_none() && (op != Op::Remove || (listed && given)) {
            return Ok(());
        }
        self.operations.push(Operation { op, target, value });
        Ok(())
    }

    /// The value, checked against what the path names.
    fn typed(&mut self, target: &Target, value: &Value) -> Result<Option<Value>, Error> {
        let Some(found) = target.definitions(self.definition) else { return Ok(None) };
        let name = target.name();
        // One of the values that the filter selects, or the attribute's own value.
        let typed = if target.filter.is_some() && target.sub.is_none() {
            self.reading.single(found.attribute, value.clone(), &name, true)?
        } else {
            self.reading.attribute(found.leaf(), value.clone(), &name)?
        };
        if let (Some((_, sub)), Some(value)) = (found.sub, &typed) {
            self.reading.format(found.attribute, sub, value, &name)?;
        }
        if found.name == "members" && found.sub.is_none() {
            self.members += typed.as_ref().and_then(Value::as_array).map_or(0, Vec::len);
            let limit = self.reading.limits.members_per_request;
            if self.members > limit {
                return Err(Error::too_many(format!(
                    "members: more than the limit members_per_request of {limit}"
                ))
                .over("members_per_request"));
            }
        }
        Ok(typed)
    }

    /// A whole extension: removed, or one operation for each member of the value.
    fn on_extension(&mut self, op: Op, target: &Target, value: Option<&Value>) -> Result<(), Error> {
        let Some(urn) = target.extension.as_deref() else { return Ok(()) };
        if op == Op::Remove || value.is_some_and(Value::is_null) {
            let required =
                self.definition.extensions.iter().any(|(schema, required)| *required && schema.id == urn);
            if required {
                return Err(Error::mutability(format!(
                    "{urn}: is a required extension and can't be removed"
                )));
            }
            self.operations.push(Operation { op: Op::Remove, target: target.clone(), value: None });
            return Ok(());
        }
        let Some(members) = value.and_then(Value::as_object) else {
            return Err(Error::invalid_value(format!("{urn}: the value must be an object")));
        };
        for (key, value) in members {
            let path = if crate::schema::is_urn(key) {
                Path::parse(key, self.reading.limits)
            } else {
                Path::parse(&format!("{urn}:{key}"), self.reading.limits)
            };
            let inner = match path {
                Ok(path) => {
                    Target::resolve(&path, self.definition)?.filter(|inner| inner.attribute.is_some())
                }
                Err(_) => None,
            };
            match inner {
                Some(inner) => self.on_target(op, inner, Some(value), false)?,
                None => {
                    self.reading.unknown_attribute(&format!("{urn}:{key}"), self.reading.refusal)?;
                }
            }
        }
        Ok(())
    }
}

pub(super) fn read_only(target: &Target) -> Error {
    Error::mutability(format!("{}: is readOnly; leave it out", target.name()))
}
