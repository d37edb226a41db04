//! POST, PUT, PATCH and DELETE: a body becomes a command, the lane carries it out, the outcome becomes an answer.

use axum::response::Response;
use http::{HeaderMap, StatusCode};
use lockstep_core::command::{Command, Envelope, Refusal, Reply};
use lockstep_core::query::Kind;
use lockstep_core::version::{self, Precondition};
use lockstep_scim::projection::Projection;
use lockstep_scim::resource::{self, ReadOptions};
use lockstep_scim::{Definition, Limits, Object, patch};
use lockstep_store::Store;
use serde_json::Value;

use super::endpoint::Endpoint;
use super::render::Renderer;
use super::{Asked, admit, answer, base_url, definition, local_id, preconditions, projection};
use crate::auth::ScimCaller;
use crate::problem::Problem;
use crate::state::AppState;
use crate::trail::Trail;

/// How many names of attributes a note shows, and how long they may be.
const NAMES_SHOWN: usize = 20;
const NAME_CHARS_SHOWN: usize = 120;

pub(super) async fn carry_out<S: Store>(
    state: &AppState<S>,
    caller: &ScimCaller,
    asked: &Asked,
    trail: &mut Trail,
) -> Result<Response, Problem> {
    let definition = definition(caller, kind_of(&asked.endpoint));
    let shown = projection(state, asked, definition)?;
    let precondition = preconditions::of_write(&asked.headers);
    let body = asked.body.clone().unwrap_or(Value::Null);
    let command = command(caller, &state.limits, &asked.endpoint, body, precondition, trail)?;
    if !command.is_removal() {
        admit(state, caller)?;
    }
    let shown = with_supplied(shown, &command, definition);
    let envelope = Envelope {
        directory: caller.directory,
        request: asked.request_id,
        terms: caller.terms.clone(),
        command,
    };
    let outcome = state.store.submit(envelope).await??;
    trail.add(&outcome);
    match outcome.reply {
        Reply::Gone => Ok(answer::empty(StatusCode::NO_CONTENT)),
        Reply::User(user) => user_answer(state, caller, asked, &user, &shown).await,
        Reply::Group(group) => group_answer(state, caller, asked, &group, &shown).await,
        // Invariant: the commands of this edge are answered with a user, a group or nothing.
        Reply::Stands(..)
        | Reply::Directory(_)
        | Reply::Schema(_)
        | Reply::Mapping(_)
        | Reply::Step { .. }
        | Reply::Bulk(_) => Err(Refusal::Fault.into()),
    }
}

/// RFC 7643 §7: what is returned on request is in the answer to a write that supplied it.
fn with_supplied(shown: Projection, command: &Command, definition: &Definition) -> Projection {
    if let Command::CreateUser(body)
    | Command::CreateGroup(body)
    | Command::ReplaceUser(_, body, _)
    | Command::ReplaceGroup(_, body, _) = command
    {
        return shown.with_supplied(body, definition);
    }
    if let Command::PatchUser(_, patch, _) | Command::PatchGroup(_, patch, _) = command {
        return shown.with_patched(patch, definition);
    }
    shown
}

/// What the request asks, as a command (RFC 7644 §3.3, §3.5, §3.6).
pub(super) fn command(
    caller: &ScimCaller,
    limits: &Limits,
    endpoint: &Endpoint,
    body: Value,
    precondition: Precondition,
    trail: &mut Trail,
) -> Result<Command, Problem> {
    let rules = &caller.terms.rules;
    let replaces = matches!(endpoint, Endpoint::Replace(..));
    let mut read = |body: Value, kind: Kind| -> Result<Object, Problem> {
        if kind == Kind::User && !rules.memberships_through_users && names_groups(&body) {
            trail.notes.push(
                "left out, because memberships are changed through groups: groups (memberships_through_users is off)"
                    .into(),
            );
        }
        let cleared = if replaces && rules.put_keeps_absent {
            cleared(&body, definition(caller, kind))
        } else {
            Vec::new()
        };
        // An empty list says that nobody is a member; `read` knows no empty lists.
        let list = if kind == Kind::User { "groups" } else { "members" };
        let empties = replaces
            && (kind == Kind::Group || rules.memberships_through_users)
            && empties(&body, list, definition(caller, kind));
        let options = ReadOptions {
            unknown: rules.unknown_attributes,
            require_schemas: rules.require_schemas,
            check_formats: rules.check_formats,
        };
        let incoming = resource::read(body, definition(caller, kind), &options, limits)?;
        note_ignored(&incoming.ignored, trail);
        let mut object = incoming.object;
        // RFC 7644 §3.3: null overrides a default. The core has one for `active`, and takes the null out.
        if kind == Kind::User && incoming.cleared.iter().any(|name| name == "active") {
            object.insert("active".into(), Value::Null);
        }
        // What a body clears is not what it does not name: the core takes the nulls out.
        for (name, sub) in cleared {
            match (object.get_mut(&name), sub) {
                (None, None) => {
                    object.insert(name, Value::Null);
                }
                (Some(Value::Object(members)), Some(sub)) => {
                    members.entry(sub).or_insert(Value::Null);
                }
                (None, Some(sub)) => {
                    let members = Object::from_iter([(sub, Value::Null)]);
                    object.insert(name, Value::Object(members));
                }
                (Some(_), _) => {}
            }
        }
        if empties {
            object.insert(list.into(), Value::Array(Vec::new()));
        }
        if object.contains_key("groups") {
            caller.may_change(Kind::Group)?;
        }
        Ok(object)
    };
    Ok(match endpoint {
        Endpoint::Create(Kind::User) => Command::CreateUser(read(body, Kind::User)?),
        Endpoint::Create(Kind::Group) => Command::CreateGroup(read(body, Kind::Group)?),
        Endpoint::Replace(Kind::User, id) => {
            let id = local_id(caller, Kind::User, id)?;
            Command::ReplaceUser(id, read(body, Kind::User)?, precondition)
        }
        Endpoint::Replace(Kind::Group, id) => {
            let id = local_id(caller, Kind::Group, id)?;
            Command::ReplaceGroup(id, read(body, Kind::Group)?, precondition)
        }
        Endpoint::Patch(kind, id) => {
            let id = local_id(caller, *kind, id)?;
            let patch = patch::parse(&body, definition(caller, *kind), &rules.patch, limits)?;
            note_ignored(&patch.ignored, trail);
            if *kind == Kind::User
                && patch.operations.iter().any(|operation| operation.target.is_top("groups"))
            {
                caller.may_change(Kind::Group)?;
            }
            match kind {
                Kind::User => Command::PatchUser(id, patch, precondition),
                Kind::Group => Command::PatchGroup(id, patch, precondition),
            }
        }
        Endpoint::Delete(Kind::User, id) => {
            Command::DeleteUser(local_id(caller, Kind::User, id)?, precondition)
        }
        Endpoint::Delete(Kind::Group, id) => {
            Command::DeleteGroup(local_id(caller, Kind::Group, id)?, precondition)
        }
        Endpoint::Discovery(_)
        | Endpoint::List(_)
        | Endpoint::Search(_)
        | Endpoint::Read(..)
        | Endpoint::Bulk => {
            return Err(Refusal::Fault.into());
        }
    })
}

/// Whether a body says that this list has nothing in it, in whatever letter case and with or without its schema.
fn empties(body: &Value, list: &str, definition: &Definition) -> bool {
    body.as_object().into_iter().flatten().any(|(key, value)| {
        if definition.is_base(key) {
            return empties(value, list, definition);
        }
        let name = match key.rsplit_once(':') {
            Some((urn, name)) if definition.is_base(urn) => name,
            _ => key,
        };
        name.eq_ignore_ascii_case(list) && value.as_array().is_some_and(Vec::is_empty)
    })
}

/// Whether a user's body says anything of its groups.
fn names_groups(body: &Value) -> bool {
    body.as_object().into_iter().flatten().any(|(key, value)| {
        key.eq_ignore_ascii_case("groups") && value.as_array().is_none_or(|list| !list.is_empty())
    })
}

/// The attributes, and the members of complex attributes and extensions, that a body names and gives no value.
fn cleared(body: &Value, definition: &Definition) -> Vec<(String, Option<String>)> {
    let is_cleared = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    let mut cleared = Vec::new();
    for (key, value) in body.as_object().into_iter().flatten() {
        let (name, declared) = if let Some(attribute) = definition.top(key) {
            // Whether memberships that are not said stay is another rule's, and null says none.
            if !attribute.is_written() || ["members", "groups"].contains(&attribute.name.as_str()) {
                continue;
            }
            (&attribute.name, attribute.sub_attributes.as_slice())
        } else if let Some(extension) = definition.extension(key) {
            (&extension.id, extension.attributes.as_slice())
        } else {
            continue;
        };
        if is_cleared(value) {
            cleared.push((name.clone(), None));
        }
        for (sub, _) in value.as_object().into_iter().flatten().filter(|(_, value)| is_cleared(value)) {
            let known = declared.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(sub));
            cleared.extend(known.map(|attribute| (name.clone(), Some(attribute.name.clone()))));
        }
    }
    cleared
}

/// Nothing is silent: attributes that no schema declares are left out, and the record says which, as far as their
/// names are names.
fn note_ignored(ignored: &[String], trail: &mut Trail) {
    if ignored.is_empty() {
        return;
    }
    let is_name = |name: &&String| {
        name.len() <= NAME_CHARS_SHOWN
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:_-$[]".contains(&byte))
    };
    let shown: Vec<&str> = ignored.iter().filter(is_name).take(NAMES_SHOWN).map(String::as_str).collect();
    let others = match ignored.len() - shown.len() {
        0 => String::new(),
        others => format!(" and {others} more"),
    };
    trail.notes.push(format!(
        "left out, because no schema of the directory declares it: {}{others}",
        shown.join(", ")
    ));
}

async fn user_answer<S: Store>(
    state: &AppState<S>,
    caller: &ScimCaller,
    asked: &Asked,
    user: &lockstep_core::model::User,
    projection: &Projection,
) -> Result<Response, Problem> {
    // A new user is in no group. Of another one the groups are read after the commit: what others changed meanwhile
    // may show, and the version is that of what is shown. It is done by now: where they cannot be read, the answer is the user without them.
    let is_in_none =
        matches!(asked.endpoint, Endpoint::Create(_)) && !caller.terms.rules.memberships_through_users;
    let groups = if is_in_none {
        Vec::new()
    } else {
        let read = state.store.user(caller.directory, user.id).await;
        read.ok().flatten().map(|view| view.groups).unwrap_or_default()
    };
    let tag = version::user(user, &groups);
    if wants_no_body(asked, false) {
        return Ok(answer::with_minimal_preference(answer::with_version(
            answer::empty(StatusCode::NO_CONTENT),
            &tag,
        )));
    }
    let base_url = base_url(state, caller);
    let renderer = Renderer { base_url: &base_url, directory: caller.directory, terms: &caller.terms };
    let resource = renderer.user(user, &groups);
    let location = format!("{base_url}/Users/{}", renderer.user_id(user.id));
    Ok(resource_answer(asked, &resource, &caller.terms.user, projection, &tag, &location))
}

async fn group_answer<S: Store>(
    state: &AppState<S>,
    caller: &ScimCaller,
    asked: &Asked,
    group: &lockstep_core::model::Group,
    projection: &Projection,
) -> Result<Response, Problem> {
    let by_contract =
        matches!(asked.endpoint, Endpoint::Patch(..)) && caller.terms.rules.group_patch_answers_no_content;
    if wants_no_body(asked, by_contract) {
        let response = answer::with_version(answer::empty(StatusCode::NO_CONTENT), &version::group(group));
        let preferred = prefers_minimal(&asked.headers);
        return Ok(if preferred { answer::with_minimal_preference(response) } else { response });
    }
    let members = projection.wants("members");
    // The members are read with their group, so that the version is that of what is shown.
    // It is done by now: where they cannot be read, the answer is the group without them.
    let view = state.store.group(caller.directory, group.id, members).await.ok().flatten();
    let (group, members) = match &view {
        Some(view) => (&view.group, view.members.as_deref()),
        None => (group, None),
    };
    let base_url = base_url(state, caller);
    let renderer = Renderer { base_url: &base_url, directory: caller.directory, terms: &caller.terms };
    let resource = renderer.group(group, members);
    let location = format!("{base_url}/Groups/{}", renderer.group_id(group.id));
    Ok(resource_answer(asked, &resource, &caller.terms.group, projection, &version::group(group), &location))
}

fn resource_answer(
    asked: &Asked,
    resource: &Object,
    definition: &Definition,
    projection: &Projection,
    tag: &str,
    location: &str,
) -> Response {
    let body = Value::Object(projection.apply(resource, definition));
    match asked.endpoint {
        Endpoint::Create(_) => {
            let response = answer::message(StatusCode::CREATED, &body);
            answer::with_location(answer::with_version(response, tag), location)
        }
        _ => answer::with_version(answer::message(StatusCode::OK, &body), tag),
    }
}

/// Whether the answer leaves the resource out. A POST always answers with it, because its id is news; so does
/// an answer that was asked for certain attributes (RFC 7644 §3.5.2).
fn wants_no_body(asked: &Asked, by_contract: bool) -> bool {
    !matches!(asked.endpoint, Endpoint::Create(_))
        && !asked.query.iter().any(|(name, _)| name.eq_ignore_ascii_case("attributes"))
        && (by_contract || prefers_minimal(&asked.headers))
}

/// RFC 7240 §2, §4.2: `Prefer: return=minimal`. Of several the first counts.
fn prefers_minimal(headers: &HeaderMap) -> bool {
    headers
        .get_all("prefer")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|preference| preference.split(';').next()?.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("return"))
        .is_some_and(|(_, value)| value.trim().trim_matches('"').eq_ignore_ascii_case("minimal"))
}

fn kind_of(endpoint: &Endpoint) -> Kind {
    match endpoint {
        Endpoint::Read(kind, _)
        | Endpoint::Create(kind)
        | Endpoint::Replace(kind, _)
        | Endpoint::Patch(kind, _)
        | Endpoint::Delete(kind, _) => *kind,
        // Invariant: what only reads, and what holds many writes, has no kind to write.
        Endpoint::Discovery(_) | Endpoint::List(_) | Endpoint::Search(_) | Endpoint::Bulk => Kind::User,
    }
}
