//! A directory's own schemas: what changes of them do at once, and what follows in steps.

use lockstep_scim::schema::Schema;

use super::*;
use crate::limits::{SCHEMAS_LIMIT, SWEEP_STEP_LIMIT};
use crate::schemas::{Refused, SchemaChange, Sweep};

const URN: &str = "urn:example:badge:1.0:User";

fn schema(urn: &str, attributes: Value) -> Schema {
    let json = json!({ "id": urn, "name": "Badge", "attributes": attributes });
    Schema::from_json(&json, &Limits::default()).unwrap()
}

fn define_as(urn: &str, attributes: Value, required: bool) -> Command {
    let schema = schema(urn, attributes);
    Command::ChangeSchemas(Box::new(SchemaChange::Define { schema, kind: Kind::User, required }))
}

fn define(attributes: Value) -> Command {
    define_as(URN, attributes, false)
}

fn evolve(attributes: Value) -> Command {
    let schema = schema(URN, attributes);
    Command::ChangeSchemas(Box::new(SchemaChange::Evolve { schema, required: None }))
}

fn remove(urn: &str) -> Command {
    Command::ChangeSchemas(Box::new(SchemaChange::Remove(urn.to_owned())))
}

fn badge(name: &str, members: Value) -> Object {
    object(json!({ "userName": name, "schemas": ["x", URN], URN: members }))
}

/// A world with a schema and so many users that have values under it.
fn with_badges(count: usize) -> (World, Vec<LocalId>) {
    let mut world = World::new();
    world.one(define(json!([{ "name": "colour" }, { "name": "number", "type": "integer" }]))).unwrap();
    let create = |index| {
        Command::CreateUser(badge(&format!("user{index}"), json!({ "colour": "red", "number": index })))
    };
    let made = world.all((0..count).map(create).collect());
    let ids = made.into_iter().map(|answer| match answer.unwrap().reply {
        Reply::User(user) => user.id,
        other => panic!("{other:?}"),
    });
    let ids = ids.collect();
    (world, ids)
}

/// Goes on until nothing is left; how many steps that took.
fn work_off(world: &mut World) -> usize {
    let mut steps = 0;
    while world.directory.as_ref().unwrap().sweep.is_some() {
        world.one(Command::Sweep).unwrap();
        steps += 1;
    }
    steps
}

fn refusal(answer: &Answer) -> &Refused {
    match answer {
        Err(Refusal::Schema(refused)) => refused,
        other => panic!("not refused for its schema: {other:?}"),
    }
}

#[test]
fn a_removed_schema_is_gone_at_once_and_its_values_follow_in_steps_with_their_events() {
    let (mut world, ids) = with_badges(SWEEP_STEP_LIMIT * 2 + 7);
    let before = world.log.len();
    assert_eq!(world.one(remove(&URN.to_uppercase())).unwrap().events, 0);
    assert!(world.schemas.list.is_empty());
    assert_eq!(world.schemas.retired, [URN]);
    let doc = &world.users[&ids[0]].doc;
    assert!(doc.contains_key(URN), "it is still stored");
    assert!(!world.terms().conformed(Kind::User, doc).contains_key(URN), "and nobody reads it");
    // What is written meanwhile is written without it, and tells so.
    let patch = json!([{ "op": "replace", "path": "title", "value": "Dr" }]);
    world.one(patch_user(ids[9], patch)).unwrap();
    assert!(!world.users[&ids[9]].doc.contains_key(URN));
    assert_eq!(work_off(&mut world), 4, "two full steps, the rest of the users, the groups");
    assert!(world.users.values().all(|user| !user.doc.contains_key(URN)));
    assert!(world.log[before..].iter().all(|record| record.event_type() == EventType::UserUpdated));
    assert_eq!(world.log.len() - before, ids.len(), "each once");
    let Change::User(_, _, told) = &world.log[before + 1].change else { panic!("a user's") };
    assert_eq!(told.before[URN], json!({ "colour": "red", "number": 0 }));
    assert_eq!(world.one(Command::Sweep).unwrap().events, 0, "once more is harmless");
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn an_attribute_that_is_no_longer_declared_goes_and_the_others_stay() {
    let (mut world, ids) = with_badges(3);
    world.one(evolve(json!([{ "name": "colour" }, { "name": "size", "type": "integer" }]))).unwrap();
    let shown = world.terms().conformed(Kind::User, &world.users[&ids[1]].doc).into_owned();
    assert_eq!(shown[URN], json!({ "colour": "red" }));
    let again = json!([{ "name": "colour" }, { "name": "number" }]);
    assert!(matches!(refusal(&world.one(evolve(again.clone()))), Refused::Pending(_)));
    assert_eq!(work_off(&mut world), 2);
    assert_eq!(world.users[&ids[1]].doc[URN], json!({ "colour": "red" }));
    world.one(evolve(again)).unwrap();
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn a_schema_is_defined_anew_only_when_its_removal_is_done() {
    let (mut world, ids) = with_badges(3);
    world.one(remove(URN)).unwrap();
    assert_eq!(*refusal(&world.one(define(json!([{ "name": "colour" }])))), Refused::Pending(URN.into()));
    world.one(define_as("urn:example:other:1.0", json!([{ "name": "x" }]), false)).unwrap();
    work_off(&mut world);
    world.one(define(json!([{ "name": "colour" }]))).unwrap();
    work_off(&mut world);
    assert!(!world.users[&ids[0]].doc.contains_key(URN), "what went does not come back");
    assert!(world.schemas.retired.is_empty());
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn a_removal_begins_anew_where_a_definition_was_still_being_followed() {
    let mut world = World::new();
    let create = |index| Command::CreateUser(badge(&format!("user{index}"), json!({ "colour": "red" })));
    world.all((0..=SWEEP_STEP_LIMIT).map(create).collect());
    world.one(define(json!([{ "name": "colour" }]))).unwrap();
    world.one(Command::Sweep).unwrap();
    world.one(remove(URN)).unwrap();
    work_off(&mut world);
    assert!(world.users.values().all(|user| !user.doc.contains_key(URN)));
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn values_that_were_there_before_the_schema_stay_as_far_as_they_fit() {
    let mut world = World::new();
    let bodies = [
        badge("fits", json!({ "colour": "red" })),
        badge("some", json!({ "colour": "red", "number": "one" })),
        object(json!({ "userName": "case", "schemas": ["x"], URN.to_uppercase(): { "COLOUR": "red" } })),
        object(json!({ "userName": "none", "schemas": ["x"] })),
    ];
    world.all(bodies.into_iter().map(Command::CreateUser).collect());
    let before = world.log.len();
    world.one(define(json!([{ "name": "colour" }, { "name": "number", "type": "integer" }]))).unwrap();
    work_off(&mut world);
    assert_eq!(world.log.len() - before, 2, "who fits hears nothing");
    for user in world.users.values().filter(|user| user.user_name() != "none") {
        assert_eq!(user.doc[URN], json!({ "colour": "red" }), "{}", user.user_name());
    }
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn what_stored_values_stand_against_and_what_is_not_offered_is_refused_with_its_reason() {
    let (mut world, _) = with_badges(1);
    work_off(&mut world);
    let schemas = world.schemas.clone();
    let cases = [
        (define(json!([{ "name": "x" }])), "PUT"),
        (remove("urn:example:nobody:1.0"), "no schema of its own"),
        (evolve(json!([{ "name": "colour", "type": "boolean" }])), "colour: type"),
        (evolve(json!([{ "name": "colour" }, { "name": "key", "uniqueness": "server" }])), "key: uniqueness"),
        (define_as("urn:example:badge:1.0:User:more", json!([{ "name": "x" }]), false), "begins with"),
        (define_as("URN:example:badge:1.0", json!([{ "name": "x" }]), false), "begins with"),
    ];
    for (command, reason) in cases {
        let answer = world.one(command);
        let text = refusal(&answer).to_string();
        assert!(text.contains(reason), "{text}");
    }
    assert_eq!(world.schemas, schemas);
    for index in 1..SCHEMAS_LIMIT {
        world.one(define_as(&format!("urn:example:s{index}:1.0"), json!([{ "name": "x" }]), false)).unwrap();
    }
    let beyond = world.one(define_as("urn:example:beyond:1.0", json!([{ "name": "x" }]), false));
    assert_eq!(*refusal(&beyond), Refused::TooMany(SCHEMAS_LIMIT));
    let same = evolve(json!([{ "name": "colour" }, { "name": "number", "type": "integer" }]));
    let version = world.directory.as_ref().unwrap().terms_version;
    world.one(same).unwrap();
    assert_eq!(world.directory.as_ref().unwrap().terms_version, version, "what is the same changes nothing");
}

#[test]
fn who_never_had_a_required_extension_may_still_be_patched_and_gets_it_whole_or_not() {
    let mut world = World::new();
    let old = world.user("old");
    world
        .one(define_as(URN, json!([{ "name": "colour", "required": true }, { "name": "size" }]), true))
        .unwrap();
    let terms = world.terms();
    let operations = |world: &World, operations: Value| {
        let raw = json!({ "schemas": [patch::PATCH_OP_URN], "Operations": operations });
        patch::parse(&raw, &terms.user, &world.rules.patch, &Limits::default()).unwrap()
    };
    let off = operations(&world, json!([{ "op": "replace", "path": "active", "value": false }]));
    world.one(Command::PatchUser(old, off, Precondition::None)).unwrap();
    let half = operations(&world, json!([{ "op": "add", "path": format!("{URN}:size"), "value": "L" }]));
    refused(&world.one(Command::PatchUser(old, half, Precondition::None)), 400);
    assert_eq!(world.findings(), Vec::<String>::new());
}

// Shows: SCHEMA-11, PUT-05, PUT-06
#[test]
fn a_put_keeps_immutable_values_and_never_changes_them() {
    let mut world = World::new();
    let attributes = json!([
        { "name": "number", "type": "integer", "mutability": "immutable" },
        { "name": "desk", "type": "complex", "subAttributes": [
            { "name": "floor", "mutability": "immutable" }, { "name": "row" },
        ] },
    ]);
    world.one(define(attributes)).unwrap();
    let made = world
        .one(Command::CreateUser(badge("ann", json!({ "number": 7, "desk": { "floor": "1", "row": "a" } }))));
    let Reply::User(ann) = made.unwrap().reply else { panic!("a user") };
    let put = |body| Command::ReplaceUser(ann.id, body, Precondition::None);
    world.one(put(user("ann"))).unwrap();
    assert_eq!(world.users[&ann.id].doc[URN], json!({ "number": 7, "desk": { "floor": "1" } }));
    assert_eq!(world.users[&ann.id].doc["schemas"][1], URN);
    world.one(put(badge("ann", json!({ "number": 7, "desk": { "floor": "1", "row": "b" } })))).unwrap();
    assert_eq!(
        world.users[&ann.id].doc[URN]["desk"],
        json!({ "floor": "1", "row": "b" }),
        "the same is no change"
    );
    for other in [json!({ "number": 8 }), json!({ "number": 7, "desk": { "floor": "2" } })] {
        let answer = world.one(put(badge("ann", other)));
        let Err(Refusal::Scim(error)) = answer else { panic!("{answer:?}") };
        assert_eq!(error.scim_type, Some(lockstep_scim::ScimType::Mutability), "{}", error.detail);
    }
    let bob = world.user("bob");
    let given = badge("bob", json!({ "number": 9 }));
    world.one(Command::ReplaceUser(bob, given, Precondition::None)).unwrap();
    assert_eq!(world.users[&bob].doc[URN], json!({ "number": 9 }), "what has no value takes one");
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn what_is_stored_is_read_as_it_was() {
    let (mut world, _) = with_badges(1);
    world.one(evolve(json!([{ "name": "colour" }]))).unwrap();
    world
        .one(define_as("urn:example:other:1.0", json!([{ "name": "x", "type": "dateTime" }]), true))
        .unwrap();
    world.one(remove("urn:example:other:1.0")).unwrap();
    assert_eq!(OwnSchemas::from_text(&world.schemas.to_text()), Ok((*world.schemas).clone()));
    let sweep = world.directory.as_ref().unwrap().sweep.clone().unwrap();
    assert!(!sweep.removed.is_empty() && !sweep.extensions.is_empty());
    assert_eq!(Sweep::from_text(&sweep.to_text()), Ok((*sweep).clone()));
    assert!(OwnSchemas::from_text("{}").is_err() && Sweep::from_text("[]").is_err());
}

#[test]
fn a_sweep_reaches_groups_and_ends_with_its_directory() {
    let mut world = World::new();
    let body = json!({ "displayName": "g", "schemas": ["x", URN], URN: { "colour": "red" } });
    let made = world.one(Command::CreateGroup(object(body))).unwrap();
    let Reply::Group(staff) = made.reply else { panic!("a group") };
    let define = SchemaChange::Define {
        schema: schema(URN, json!([{ "name": "colour" }])),
        kind: Kind::Group,
        required: false,
    };
    world.one(Command::ChangeSchemas(Box::new(define))).unwrap();
    work_off(&mut world);
    assert_eq!(world.groups[&staff.id].doc[URN], json!({ "colour": "red" }));
    world.one(remove(URN)).unwrap();
    work_off(&mut world);
    assert!(!world.groups[&staff.id].doc.contains_key(URN));
    assert_eq!(world.events().pop(), Some(EventType::GroupUpdated));
    world.one(define_as(URN, json!([{ "name": "x" }]), false)).unwrap();
    world.one(Command::DeleteDirectory).unwrap();
    assert_eq!(world.one(Command::Sweep).unwrap().reply, Reply::Step { more: false });
    assert_eq!(world.findings(), Vec::<String>::new());
}
