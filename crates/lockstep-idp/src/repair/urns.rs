//! Names of schemas from before SCIM 2.0.

use lockstep_core::command::Terms;
use lockstep_scim::schema::Definition;
use serde_json::{Map, Value};

use super::walk::{self, member_mut};
use super::{Repair, Request, Tally};

/// `urn:scim:schemas:core:1.0`.
pub const OLD_SCHEMAS: Repair = Repair {
    name: "old-schemas",
    why: "a resource of SCIM 2.0 is announced by the schema's name from SCIM 1.1 or a draft; the endpoint says which \
          it is",
    apply: old_schemas,
};

const CORE: &str = "urn:scim:schemas:core:";
const ENTERPRISE: &str = "urn:scim:schemas:extension:enterprise:";

fn old_schemas(request: &mut Request, terms: &Terms) -> Option<String> {
    let definition = request.definition(terms)?;
    let (is_resource, is_patch) = (request.is_resource(), request.is_patch());
    let body = request.body.as_mut()?.as_object_mut()?;
    let mut tally = Tally::default();
    if is_resource {
        if let Some(Value::Array(urns)) = member_mut(body, "schemas") {
            in_list(definition, urns, &mut tally);
        }
        in_names(definition, body, &mut tally);
    } else if is_patch {
        // A change as SCIM 1.1 wrote it has no operations, and is nothing that could be read.
        for operation in walk::operations(body) {
            in_path(definition, operation, &mut tally);
            if walk::is_pathless(operation)
                && let Some(Value::Object(value)) = member_mut(operation, "value")
            {
                in_names(definition, value, &mut tally);
            }
        }
    }
    tally.detail("a name from before SCIM 2.0, read as today's")
}

fn in_list(definition: &Definition, urns: &mut Vec<Value>, tally: &mut Tally) {
    let is = |urn: &Value, name: &str| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(name));
    let sent = std::mem::take(urns);
    for urn in &sent {
        let Some(new) = urn.as_str().and_then(|urn| today(definition, urn)) else {
            urns.push(urn.clone());
            continue;
        };
        tally.count("schemas");
        // Each once (RFC 7643 §3).
        if !sent.iter().chain(urns.iter()).any(|urn| is(urn, &new)) {
            urns.push(Value::from(new));
        }
    }
}

/// Extensions, and attributes that are named in full.
fn in_names(definition: &Definition, object: &mut Map<String, Value>, tally: &mut Tally) {
    let names: Vec<(String, String)> =
        object.keys().filter_map(|key| Some((key.clone(), today_in_full(definition, key)?))).collect();
    for (old, new) in names {
        // Where both are there neither is dropped.
        if walk::member(object, &new).is_none()
            && let Some(value) = object.remove(&old)
        {
            tally.count("schemas");
            object.insert(new, value);
        }
    }
}

fn in_path(definition: &Definition, operation: &mut Map<String, Value>, tally: &mut Tally) {
    if let Some(Value::String(path)) = member_mut(operation, "path")
        && let Some(new) = today_in_full(definition, path)
    {
        *path = new;
        tally.count("path");
    }
}

/// Today's name of a schema, or of an attribute behind it.
fn today_in_full(definition: &Definition, name: &str) -> Option<String> {
    if let Some(urn) = today(definition, name) {
        return Some(urn);
    }
    let (urn, attribute) = name.rsplit_once(':')?;
    Some(format!("{}:{attribute}", today(definition, urn)?))
}

/// Today's name of a schema of this resource type.
fn today(definition: &Definition, urn: &str) -> Option<String> {
    let of_this_type = |rest: &str| {
        let (version, kind) =
            rest.split_once(':').map_or((rest, None), |(version, kind)| (version, Some(kind)));
        // The draft of SCIM 2.0 had these names with its version, and with the type.
        ["1.0", "1.1", "2.0"].contains(&version)
            && kind.is_none_or(|kind| {
                definition.schema.id.rsplit(':').next().is_some_and(|own| own.eq_ignore_ascii_case(kind))
            })
    };
    if let Some(rest) = behind(urn, CORE) {
        return of_this_type(rest).then(|| definition.schema.id.clone());
    }
    let rest = behind(urn, ENTERPRISE)?;
    let is_enterprise = |id: &str| id.to_ascii_lowercase().contains(":extension:enterprise:2.0:");
    let extension =
        definition.extensions.iter().map(|(schema, _)| schema).find(|schema| is_enterprise(&schema.id))?;
    of_this_type(rest).then(|| extension.id.clone())
}

fn behind<'a>(urn: &'a str, start: &str) -> Option<&'a str> {
    urn.get(..start.len()).filter(|head| head.eq_ignore_ascii_case(start))?;
    urn.get(start.len()..)
}
