//! Where a request can be read in two ways, the rules decide, and the notes say how it was read.

use super::*;

fn full() -> Object {
    let mut body = user("ann");
    body.insert("title".into(), json!("Dr"));
    body.insert("active".into(), json!(true));
    body.insert("name".into(), json!({"givenName": "Ann", "familyName": "Example"}));
    body.insert("emails".into(), json!([{"value": "a@example.com"}, {"value": "b@example.com"}]));
    body
}

fn made(world: &mut World, body: Object) -> LocalId {
    match world.one(Command::CreateUser(body)).unwrap().reply {
        Reply::User(user) => user.id,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_put_of_a_group_that_does_not_say_members_keeps_or_empties_as_the_rule_says() {
    for keeps in [true, false] {
        let mut world = World::new();
        world.rules.put_keeps_members = keeps;
        let (ann, bob) = (world.user("ann"), world.user("bob"));
        let staff = world.group("Staff", &[ann, bob]);
        let put = || Command::ReplaceGroup(staff, group("Staff", &[]), Precondition::None);
        let outcome = world.one(put()).unwrap();
        assert_eq!(world.members(staff), if keeps { vec![ann, bob] } else { vec![] });
        assert_eq!(outcome.events, if keeps { 0 } else { 2 });
        assert!(outcome.notes[0].contains("put_keeps_members"), "{:?}", outcome.notes);
        assert_eq!(world.one(put()).unwrap().events, 0);
        let named = Command::ReplaceGroup(staff, group("Staff", &[bob]), Precondition::None);
        let outcome = world.one(named).unwrap();
        assert_eq!((world.members(staff), outcome.notes), (vec![bob], vec![]));
        assert_eq!(world.findings(), Vec::<String>::new());
    }
}

#[test]
fn a_put_that_is_partial_changes_only_what_it_names() {
    let mut world = World::new();
    world.rules.put_keeps_absent = true;
    let ann = made(&mut world, full());
    let mut body = user("ann");
    body.insert("name".into(), json!({"familyName": "Other", "givenName": null}));
    body.insert("emails".into(), json!([{"value": "c@example.com"}]));
    let outcome = world.one(Command::ReplaceUser(ann, body.clone(), Precondition::None)).unwrap();
    let doc = &world.users[&ann].doc;
    assert_eq!((&doc["title"], &doc["name"]), (&json!("Dr"), &json!({"familyName": "Other"})));
    assert_eq!(doc["emails"], json!([{"value": "c@example.com"}]), "a list that is named is the whole list");
    assert_eq!(outcome.notes, ["not in the body, and so left as it was (put_keeps_absent): title"]);
    body.insert("title".into(), Value::Null);
    world.one(Command::ReplaceUser(ann, body.clone(), Precondition::None)).unwrap();
    assert!(!world.users[&ann].doc.contains_key("title"), "what is named without a value has none");
    body.insert("active".into(), Value::Null);
    world.one(Command::ReplaceUser(ann, body, Precondition::None)).unwrap();
    assert!(!world.users[&ann].active(), "and whom nobody vouches for has no access");

    world.rules.put_keeps_absent = false;
    let bob = made(&mut world, full().into_iter().chain(user("bob")).collect());
    let outcome = world.one(Command::ReplaceUser(bob, user("bob"), Precondition::None)).unwrap();
    assert!(!world.users[&bob].doc.contains_key("title"), "elsewhere what is absent is cleared");
    assert_eq!(outcome.notes, Vec::<String>::new());
    assert_eq!(world.findings(), Vec::<String>::new());
}

fn group_value(id: LocalId) -> Value {
    json!({"value": GroupId { directory: DIRECTORY, local: id }.to_string()})
}

fn groups_patched(world: &World, user: LocalId, operations: Value) -> Command {
    Command::PatchUser(user, patch(&world.terms().user, operations), Precondition::None)
}

fn groups_of(world: &World, user: LocalId) -> Vec<LocalId> {
    world.memberships.iter().filter(|pair| pair.1 == user).map(|pair| pair.0).collect()
}

#[test]
fn groups_of_a_user_make_memberships_where_they_can_be_written() {
    let mut world = World::new();
    world.rules.memberships_through_users = true;
    let (staff, crew) = (world.group("Staff", &[]), world.group("Crew", &[]));
    let mut body = user("ann");
    body.insert("groups".into(), json!([group_value(staff), group_value(staff)]));
    let ann = made(&mut world, body.clone());
    assert_eq!(world.events()[3..], [EventType::UserCreated, EventType::UserAdded]);
    assert!(!world.users[&ann].doc.contains_key("groups"), "a membership is a row");
    assert_eq!(world.groups[&staff].seq, world.head.last_seq, "the group's version follows its membership");

    let modified = world.users[&ann].modified_at;
    let mut put = |world: &mut World, groups: Value, events: u64| {
        body.insert("groups".into(), groups);
        let outcome = world.one(Command::ReplaceUser(ann, body.clone(), Precondition::None)).unwrap();
        assert_eq!(outcome.events, events);
        assert_eq!(world.findings(), Vec::<String>::new());
    };
    put(&mut world, json!([group_value(crew)]), 2);
    assert_eq!(groups_of(&world, ann), [crew], "exactly those that are listed");
    let log = world.events();
    assert_eq!(log[log.len() - 2..], [EventType::UserRemoved, EventType::UserAdded]);
    put(&mut world, json!([group_value(crew)]), 0);
    put(&mut world, json!([]), 1);
    assert_eq!(groups_of(&world, ann), []);
    assert_eq!(world.users[&ann].modified_at, modified, "the user itself is as it was");
    world.one(Command::ReplaceUser(ann, user("ann"), Precondition::None)).unwrap();

    let value = group_value(staff)["value"].to_string();
    for (operations, expected) in [
        (json!([{"op": "add", "path": "groups", "value": [group_value(staff)]}]), vec![staff]),
        (json!([{"op": "add", "value": {"groups": [group_value(crew)], "title": "Dr"}}]), vec![staff, crew]),
        (json!([{"op": "remove", "path": format!("groups[value eq {value}]")}]), vec![crew]),
        (json!([{"op": "replace", "path": "groups", "value": [group_value(staff)]}]), vec![staff]),
        (json!([{"op": "remove", "path": "groups"}]), vec![]),
    ] {
        let command = groups_patched(&world, ann, operations.clone());
        world.one(command.clone()).unwrap();
        assert_eq!(groups_of(&world, ann), expected, "{operations}");
        assert_eq!(world.one(command).unwrap().events, 0, "twice is once: {operations}");
        assert_eq!(world.findings(), Vec::<String>::new());
    }
    assert_eq!(world.users[&ann].doc["title"], "Dr");
}

#[test]
fn a_group_that_a_user_names_is_known_by_its_id_or_its_external_id_and_strangers_are_told() {
    let mut world = World::new();
    world.rules.memberships_through_users = true;
    let mut staff_body = group("Staff", &[]);
    staff_body.insert("externalId".into(), json!("g-1"));
    world.one(Command::CreateGroup(staff_body)).unwrap();
    let staff = *world.groups.keys().next().unwrap();
    let ann = world.user("ann");
    let add = |value: &str| json!([{"op": "add", "path": "groups", "value": [{"value": value}]}]);
    world.one(groups_patched(&world, ann, add("g-1"))).unwrap();
    assert_eq!(groups_of(&world, ann), [staff]);
    refused(&world.one(groups_patched(&world, ann, add("g-2"))), 400);
    let person = member(ann)["value"].as_str().unwrap().to_owned();
    refused(&world.one(groups_patched(&world, ann, add(&person))), 400);
    let by_name = json!([{"op": "remove", "path": "groups[display eq \"Staff\"]"}]);
    refused(&world.one(groups_patched(&world, ann, by_name)), 400);
    world.rules.unknown_members = crate::rules::UnknownMember::LeaveOut;
    let both = json!([{"op": "replace", "path": "groups", "value": [{"value": "g-1"}, {"value": "g-2"}]}]);
    let outcome = world.one(groups_patched(&world, ann, both)).unwrap();
    assert_eq!((outcome.events, outcome.notes.len()), (0, 1));
    let strangers = json!([{"op": "replace", "path": "groups", "value": [{"value": "g-2"}]}]);
    refused(&world.one(groups_patched(&world, ann, strangers)), 400);
    assert_eq!(groups_of(&world, ann), [staff], "a list of strangers takes nobody out");
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn users_who_join_one_group_in_one_batch_are_all_in_it() {
    let mut world = World::new();
    world.rules.memberships_through_users = true;
    let (ann, bob, staff) = (world.user("ann"), world.user("bob"), world.group("Staff", &[]));
    let add = json!([{"op": "add", "path": "groups", "value": [group_value(staff)]}]);
    let leave = json!([{"op": "remove", "path": "groups", "value": [group_value(staff)]}]);
    let answers = world.all(vec![
        groups_patched(&world, ann, add.clone()),
        groups_patched(&world, bob, add),
        groups_patched(&world, ann, leave),
        patch_group(staff, json!([{"op": "replace", "path": "displayName", "value": "All"}])),
    ]);
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(world.members(staff), [bob]);
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn a_user_without_a_name_gets_that_of_its_address_and_follows_it_until_it_is_given_one() {
    let mut world = World::new();
    let nameless = |address: &str| {
        object(json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "emails": [{"value": "other@example.com"}, {"value": address, "primary": true}]}))
    };
    world.rules.user_name_from_email = true;
    let ann = made(&mut world, nameless("ann@example.com"));
    let name = |world: &World| {
        let doc = &world.users[&ann].doc;
        (doc["userName"].as_str().unwrap().to_owned(), crate::derived::is_derived(doc))
    };
    assert_eq!(name(&world), ("ann@example.com".into(), true));
    refused(&world.one(Command::CreateUser(nameless("ANN@example.com"))), 409);
    refused(&world.one(Command::CreateUser(object(json!({"schemas": [], "title": "Dr"})))), 400);

    let patch = |world: &World, operations: Value| {
        Command::PatchUser(ann, patch(&world.terms().user, operations), Precondition::None)
    };
    let moved =
        json!([{"op": "replace", "path": "emails[primary eq true].value", "value": "ann2@example.com"}]);
    let outcome = world.one(patch(&world, moved)).unwrap();
    assert_eq!((name(&world), outcome.events), (("ann2@example.com".into(), true), 1));
    assert!(outcome.notes[0].contains("user_name_from_email"), "{:?}", outcome.notes);
    world.one(patch(&world, json!([{"op": "remove", "path": "emails"}]))).unwrap();
    assert_eq!(name(&world), ("ann2@example.com".into(), true), "no address is no reason to lose the name");
    let put = Command::ReplaceUser(ann, nameless("ann3@example.com"), Precondition::None);
    world.one(put.clone()).unwrap();
    assert_eq!((name(&world), world.one(put).unwrap().events), (("ann3@example.com".into(), true), 0));
    let mut again = nameless("ann3@example.com");
    again.insert("userName".into(), json!("ann3@example.com"));
    let again = Command::ReplaceUser(ann, again, Precondition::None);
    assert_eq!(world.one(again).unwrap().events, 0, "what was derived is said again, not given");

    world.one(patch(&world, json!([{"op": "replace", "path": "userName", "value": "ann"}]))).unwrap();
    assert_eq!(name(&world), ("ann".into(), false));
    world.one(Command::ReplaceUser(ann, nameless("ann4@example.com"), Precondition::None)).unwrap();
    assert_eq!(name(&world), ("ann".into(), false), "a name that was given stays");
    let bob = made(&mut world, nameless("ann5@example.com").into_iter().chain(user("bob")).collect());
    assert!(!crate::derived::is_derived(&world.users[&bob].doc));
    assert_eq!(world.findings(), Vec::<String>::new());
}
