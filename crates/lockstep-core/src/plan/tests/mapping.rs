//! What is mapped, what follows from a change of it, and which roles follow from who is in which group.

use super::projection::told;
use super::*;
use crate::event::EventType::{UserAdded, UserCreated, UserRemoved, UserUpdated};
use crate::limits::{MAPPED_ATTRIBUTES_LIMIT, MAPPED_ROLE_GROUPS_LIMIT, STEP_LIMIT, SWEEP_STEP_LIMIT};
use crate::mapping::{AttributeMapping, MappedAttribute, MappedRole, MappingChange, Refused, RoleMapping};

fn mapped(name: &str, path: &str) -> (String, Option<MappedAttribute>) {
    let mapped =
        MappedAttribute { path: path.into(), attribute_type: AttributeType::String, required: false };
    (name.into(), Some(mapped))
}

fn change(change: MappingChange) -> Command {
    Command::ChangeMapping(Box::new(change))
}

fn own(attributes: &[(&str, &str)]) -> Command {
    change(MappingChange::Own(attributes.iter().map(|(name, path)| mapped(name, path)).collect()))
}

/// Roles by priority, each with its groups.
fn roles(given: &[(&str, &[LocalId])], default_role: Option<&str>, multiple_roles: bool) -> RoleMapping {
    let roles = given
        .iter()
        .map(|(slug, groups)| MappedRole { slug: (*slug).into(), groups: groups.iter().copied().collect() });
    RoleMapping { roles: roles.collect(), default_role: default_role.map(Into::into), multiple_roles }
}

fn give(mapping: RoleMapping) -> Command {
    change(MappingChange::Roles(mapping))
}

fn add(group: LocalId, users: &[LocalId]) -> Command {
    let members: Vec<Value> = users.iter().map(|user| member(*user)).collect();
    patch_group(group, json!([{ "op": "add", "path": "members", "value": members }]))
}

fn leave(group: LocalId, user: LocalId) -> Command {
    let path = format!("members[value eq {}]", member(user)["value"]);
    patch_group(group, json!([{ "op": "remove", "path": path }]))
}

impl World {
    fn roles(&self, user: LocalId) -> Vec<String> {
        self.users[&user].projection().roles.clone()
    }

    fn attribute(&self, user: LocalId, name: &str) -> Option<Value> {
        self.users[&user].projection().attributes.get(name).cloned()
    }

    /// Goes through all that must follow; how many steps that took.
    fn sweep(&mut self) -> usize {
        let mut steps = 0;
        while self.directory.as_ref().unwrap().sweep.is_some() {
            self.one(Command::Sweep).unwrap();
            steps += 1;
        }
        steps
    }

    /// What was told since the log was so long.
    fn since(&self, length: usize) -> Vec<EventType> {
        self.events().split_off(length)
    }

    fn titled(&mut self, name: &str, title: &str) -> LocalId {
        let mut body = user(name);
        body.insert("title".into(), json!(title));
        match self.one(Command::CreateUser(body)).unwrap().reply {
            Reply::User(user) => user.id,
            other => panic!("{other:?}"),
        }
    }
}

#[track_caller]
fn unmapped(answer: Answer) -> Refused {
    match answer {
        Err(Refusal::Mapping(refused)) => refused,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_change_of_what_is_mapped_is_told_of_whom_it_changes_and_by_whom_it_was_asked() {
    let mut world = World::new();
    let (ann, bob) = (world.titled("ann", "Head"), world.user("bob"));
    let log = world.log.len();
    let outcome = world.one(own(&[("rank", "title")])).unwrap();
    assert_eq!(outcome.events, 0, "it tells nothing by itself");
    assert!(matches!(&outcome.reply, Reply::Mapping(mapping) if mapping.own.contains_key("rank")));
    assert_eq!(world.attribute(ann, "rank"), None, "it is done in steps");
    let before = world.users.clone();
    assert_eq!(world.sweep(), 1, "groups need not be gone through");
    assert_eq!(world.attribute(ann, "rank"), Some(json!("Head")));
    assert_eq!(world.since(log), [EventType::UserUpdated], "of whom nothing else is made nothing is told");
    assert_eq!(world.users[&bob], before[&bob]);
    let told = told(&world.log[log]);
    assert!(told.before.is_empty() && !told.projection_before().attributes.contains_key("rank"));
    assert_eq!(world.log[log].request, RequestId(9));
    let (was, is) = (&before[&ann], &world.users[&ann]);
    assert_eq!(version::user(was, &[]), version::user(is, &[]), "SCIM shows the same user");
    assert_eq!((was.modified_at, was.doc_seq), (is.modified_at, is.doc_seq));
    assert!(was.updated_at < is.updated_at && was.seq < is.seq);
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn what_changes_nothing_begins_nothing() {
    let mut world = World::new();
    world.titled("ann", "Head");
    world.one(own(&[("rank", "title")])).unwrap();
    world.sweep();
    let (directory, log) = (world.directory.clone(), world.log.len());
    world.one(own(&[("rank", "title")])).unwrap();
    world.one(give(RoleMapping::default())).unwrap();
    world.one(change(MappingChange::Organization(AttributeMapping::new()))).unwrap();
    assert_eq!(world.directory, directory);
    // Another path to the same value: gone through, and nobody is another.
    world.one(own(&[("rank", "TITLE")])).unwrap();
    world.sweep();
    assert_eq!(world.log.len(), log);
}

#[test]
fn an_attribute_of_ones_own_goes_before_the_organizations_and_null_takes_it_away() {
    let mut world = World::new();
    let ann = world.titled("ann", "Head");
    world.one(patch_user(ann, json!([{ "op": "add", "path": "nickName", "value": "A" }]))).unwrap();
    let organization = [mapped("rank", "title"), mapped("call", "nickName")];
    world.one(change(MappingChange::Organization(organization.into()))).unwrap();
    let own = [mapped("rank", "nickName"), ("call".to_owned(), None), ("job_title".to_owned(), None)];
    world.one(change(MappingChange::Own(own.into()))).unwrap();
    world.sweep();
    assert_eq!(world.users[&ann].projection().attributes, object(json!({ "rank": "A" })));
    world.one(change(MappingChange::Own(AttributeMapping::new()))).unwrap();
    world.sweep();
    let all = object(json!({ "call": "A", "job_title": "Head", "rank": "Head" }));
    assert_eq!(world.users[&ann].projection().attributes, all);
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn writes_while_users_are_gone_through_are_made_by_what_is_mapped_now() {
    let mut world = World::new();
    let ids: Vec<LocalId> =
        (0..SWEEP_STEP_LIMIT * 2).map(|n| world.titled(&format!("user{n}"), "Head")).collect();
    let stale = Arc::new(world.terms());
    world.one(own(&[("rank", "title")])).unwrap();
    let last = *ids.last().unwrap();
    let promote = || patch_user(last, json!([{ "op": "replace", "path": "title", "value": "Chief" }]));
    world.one(promote()).unwrap();
    assert_eq!(world.attribute(last, "rank"), Some(json!("Chief")));
    world.one(Command::Sweep).unwrap();
    assert_eq!(world.attribute(ids[0], "rank"), Some(json!("Head")));
    let came = world.titled("came", "New");
    // Changed again on the way: from the beginning, and once for both.
    world.one(own(&[("grade", "title")])).unwrap();
    let left = world.sweep();
    assert_eq!(left, 3);
    for id in ids.iter().copied().chain([came]) {
        assert_eq!(world.attribute(id, "rank"), None);
        assert!(world.attribute(id, "grade").is_some());
    }
    assert_eq!(world.findings(), Vec::<String>::new());
    // What was read before is read again.
    let envelope = Envelope { directory: DIRECTORY, request: RequestId(9), terms: stale, command: promote() };
    assert_eq!(world.carry_out(vec![envelope]), [Err(Refusal::Stale)]);
}

#[test]
fn a_sweep_goes_on_from_where_it_stands_and_twice_is_once() {
    let mut world = World::new();
    for index in 0..SWEEP_STEP_LIMIT + 5 {
        world.titled(&format!("user{index}"), "Head");
    }
    world.one(own(&[("rank", "title")])).unwrap();
    let log = world.log.len();
    // In one batch and so under the same terms: the second step is the first one's next.
    world.one(Command::Sweep).unwrap();
    assert_eq!(world.log.len() - log, SWEEP_STEP_LIMIT);
    let stored = world.directory.as_ref().unwrap().sweep.as_ref().unwrap().to_text();
    let sweep = crate::schemas::Sweep::from_text(&stored).unwrap();
    assert!(sweep.reproject && sweep.after != LocalId(0));
    world.sweep();
    assert_eq!(world.log.len() - log, SWEEP_STEP_LIMIT + 5);
    assert_eq!(world.one(Command::Sweep).unwrap().reply, Reply::Step { more: false });
    assert_eq!(world.log.len() - log, SWEEP_STEP_LIMIT + 5);
}

#[test]
fn schemas_and_the_mapping_are_followed_together() {
    let mut world = World::new();
    world.rules.unknown_attributes = lockstep_scim::resource::Unknown::Ignore;
    let urn = "urn:example:badge:1.0:User";
    let schema =
        json!({ "id": urn, "name": "Badge", "attributes": [{ "name": "colour", "caseExact": true }] });
    let schema = lockstep_scim::schema::Schema::from_json(&schema, &Limits::default()).unwrap();
    let define = crate::schemas::SchemaChange::Define { schema, kind: Kind::User, required: false };
    world.one(Command::ChangeSchemas(Box::new(define))).unwrap();
    let mut body = user("ann");
    body.insert(urn.into(), json!({ "colour": "red" }));
    world.one(Command::CreateUser(body)).unwrap();
    let ann = *world.users.keys().next().unwrap();
    world.one(own(&[("badge", &format!("{urn}:colour"))])).unwrap();
    world.sweep();
    assert_eq!(world.attribute(ann, "badge"), Some(json!("red")));
    let log = world.log.len();
    world.one(Command::ChangeSchemas(Box::new(crate::schemas::SchemaChange::Remove(urn.into())))).unwrap();
    world.one(own(&[("badge", &format!("{urn}:colour")), ("name", "userName")])).unwrap();
    assert_eq!(world.sweep(), 2, "users, and groups for the schema");
    assert_eq!(world.since(log), [EventType::UserUpdated]);
    assert_eq!(world.users[&ann].projection().attributes, object(json!({ "name": "ann" })));
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn another_contract_makes_the_users_anew() {
    let mut world = World::new();
    world.titled("ann", "Head");
    let contract =
        crate::recognition::Contract { slug: "other".into(), directory_type: "other scim v2.0".into() };
    let command = Command::ChangeDirectory {
        name: None,
        state: None,
        settings: Vec::new(),
        contract: Some(contract),
        credential_header: None,
    };
    let log = world.log.len();
    world.one(command).unwrap();
    assert!(world.directory.as_ref().unwrap().sweep.as_ref().unwrap().reproject);
    world.sweep();
    assert_eq!(world.log.len(), log, "it maps the same");
}

#[test]
fn a_directory_that_is_behind_is_made_anew_once() {
    let mut world = World::new();
    let ann = world.titled("ann", "Head");
    let bob = world.titled("bob", "");
    world.forget_projections();
    Arc::make_mut(world.directory.as_mut().unwrap()).standard_version = 0;
    // This version maps something by itself that the former did not show.
    world.mapping =
        Arc::new(DirectoryMapping { own: [mapped("name", "userName")].into(), ..Default::default() });
    assert_eq!(world.one(Command::Reproject).unwrap().reply, Reply::Step { more: true });
    assert_eq!(world.one(Command::Reproject).unwrap().reply, Reply::Step { more: false });
    let log = world.log.len();
    world.sweep();
    assert_eq!(world.since(log), [EventType::UserUpdated; 2]);
    assert_eq!(
        world.users[&ann].projection().attributes,
        object(json!({ "job_title": "Head", "name": "ann" }))
    );
    let told = told(&world.log[log]);
    assert_eq!(
        told.projection_before().attributes,
        object(json!({ "job_title": "Head" })),
        "as it was shown"
    );
    assert_eq!(world.attribute(bob, "name"), Some(json!("bob")));
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn users_from_before_mapping_of_whom_the_same_is_made_are_told_nothing() {
    let mut world = World::new();
    world.titled("ann", "Head");
    world.forget_projections();
    Arc::make_mut(world.directory.as_mut().unwrap()).standard_version = 0;
    let log = world.log.len();
    world.one(Command::Reproject).unwrap();
    assert_eq!(world.sweep(), 1);
    assert_eq!(world.log.len(), log);
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn a_user_has_the_role_of_its_groups_with_the_highest_priority() {
    for (multiple, expected) in [(false, vec!["admin"]), (true, vec!["admin", "editor"])] {
        let mut world = World::new();
        let ann = world.user("ann");
        let (staff, heads) = (world.group("Staff", &[ann]), world.group("Heads", &[]));
        world
            .one(give(roles(&[("admin", &[heads]), ("editor", &[staff])], Some("viewer"), multiple)))
            .unwrap();
        world.sweep();
        assert_eq!(world.roles(ann), ["editor"]);
        let log = world.log.len();
        world.one(add(heads, &[ann])).unwrap();
        assert_eq!(world.roles(ann), expected);
        assert_eq!(world.since(log), [EventType::UserAdded, EventType::UserUpdated]);
        world.one(leave(heads, ann)).unwrap();
        world.one(leave(staff, ann)).unwrap();
        assert_eq!(world.roles(ann), ["viewer"], "whom no group gives a role");
        assert_eq!(told(world.log.last().unwrap()).projection_before().roles, ["editor"]);
        assert_eq!(world.findings(), Vec::<String>::new());
    }
}

#[test]
fn a_membership_tells_the_user_as_it_was_then_and_the_version_follows_only_the_groups() {
    let mut world = World::new();
    let ann = world.user("ann");
    let staff = world.group("Staff", &[]);
    world.one(give(roles(&[("editor", &[staff])], None, false))).unwrap();
    world.sweep();
    let before = world.users[&ann].clone();
    world.one(add(staff, &[ann])).unwrap();
    let Change::Membership(_, joined) = &world.log[world.log.len() - 2].change else { panic!() };
    assert_eq!(joined.user_seq, before.seq, "without the role that follows from it");
    let after = &world.users[&ann];
    assert_eq!((before.doc_seq, before.modified_at), (after.doc_seq, after.modified_at));
    world.one(leave(staff, ann)).unwrap();
    let Change::Membership(_, left) = &world.log[world.log.len() - 2].change else { panic!() };
    assert_eq!(left.user_seq, after_seq(&world, 2), "with the role that it had");
    assert_eq!(world.findings(), Vec::<String>::new());
}

/// The number of the last event about a user itself, `back` of them ago.
fn after_seq(world: &World, back: usize) -> u64 {
    let updates = world.log.iter().filter(|record| record.event_type() == EventType::UserUpdated);
    updates.map(|record| record.seq).nth_back(back - 1).unwrap()
}

#[test]
fn groups_that_give_no_role_make_no_event_and_read_nothing_more() {
    let mut world = World::new();
    let ann = world.user("ann");
    let (staff, other) = (world.group("Staff", &[]), world.group("Other", &[]));
    let keys = |world: &mut World, command| {
        world.loaded.clear();
        world.one(command).unwrap();
        world.loaded.clone()
    };
    let without = keys(&mut world, add(staff, &[ann]));
    assert!(!without.contains(&Key::Mapping) && !without.contains(&Key::User(ann)), "{without:?}");
    world.one(leave(staff, ann)).unwrap();
    world.one(give(roles(&[("editor", &[staff])], None, false))).unwrap();
    world.sweep();
    let unconcerned = keys(&mut world, add(other, &[ann]));
    assert!(!unconcerned.contains(&Key::GroupsOf(ann)), "{unconcerned:?}");
    let concerned = keys(&mut world, add(staff, &[ann]));
    assert!(!concerned.contains(&Key::MembersOf(staff)), "nobody else is looked at: {concerned:?}");
    assert_eq!(world.roles(ann), ["editor"]);
}

#[test]
fn a_mapping_that_came_after_the_request_was_read_holds_for_it() {
    let mut world = World::new();
    let (ann, bob) = (world.user("ann"), world.user("bob"));
    let staff = world.group("Staff", &[bob]);
    let terms = Arc::new(world.terms());
    world.one(give(roles(&[("editor", &[staff])], None, false))).unwrap();
    world.sweep();
    let envelope =
        |command| Envelope { directory: DIRECTORY, request: RequestId(9), terms: terms.clone(), command };
    let answers = world.carry_out(vec![
        envelope(add(staff, &[ann])),
        envelope(Command::DeleteGroup(staff, Precondition::None)),
    ]);
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!((world.roles(ann), world.roles(bob)), (vec![], vec![]), "the group went");
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn everybody_who_is_created_has_the_default_role_and_who_is_deleted_is_told_nothing_of_roles() {
    let mut world = World::new();
    let staff = world.group("Staff", &[]);
    world.one(give(roles(&[("editor", &[staff])], Some("viewer"), false))).unwrap();
    let ann = world.user("ann");
    assert_eq!(told(world.log.last().unwrap()).projection().roles, ["viewer"]);
    world.one(add(staff, &[ann])).unwrap();
    let log = world.log.len();
    world.one(Command::DeleteUser(ann, Precondition::None)).unwrap();
    assert_eq!(world.since(log), [EventType::UserRemoved, EventType::UserDeleted]);
    assert_eq!(told(world.log.last().unwrap()).projection().roles, ["editor"], "the last that it was");
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn roles_follow_also_where_memberships_are_written_through_users() {
    let mut world = World::new();
    world.rules.memberships_through_users = true;
    let (staff, heads) = (world.group("Staff", &[]), world.group("Heads", &[]));
    world.one(give(roles(&[("admin", &[heads]), ("editor", &[staff])], Some("viewer"), true))).unwrap();
    let group = |id: LocalId| json!({ "value": GroupId { directory: DIRECTORY, local: id }.to_string() });
    let mut body = user("ann");
    body.insert("groups".into(), json!([group(staff), group(heads)]));
    let log = world.log.len();
    let Reply::User(ann) = world.one(Command::CreateUser(body.clone())).unwrap().reply else { panic!() };
    assert_eq!(ann.projection().roles, ["admin", "editor"], "the answer is how it stands");
    assert_eq!(world.since(log), [UserCreated, UserAdded, UserAdded, UserUpdated]);
    let log = world.log.len();
    body.insert("groups".into(), json!([group(staff)]));
    body.insert("title".into(), json!("Head"));
    body.insert("active".into(), json!(true));
    world.one(Command::ReplaceUser(ann.id, body, Precondition::None)).unwrap();
    assert_eq!(world.since(log), [UserUpdated, UserRemoved, UserUpdated]);
    assert_eq!(world.roles(ann.id), ["editor"]);
    assert_eq!(world.attribute(ann.id, "job_title"), Some(json!("Head")));
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn the_roles_of_a_large_group_end_with_its_memberships_step_by_step() {
    let mut world = World::new();
    let users: Vec<LocalId> = (0..STEP_LIMIT + 10).map(|index| world.user(&format!("user{index}"))).collect();
    let staff = world.group("Staff", &users);
    world.one(give(roles(&[("editor", &[staff])], None, false))).unwrap();
    world.sweep();
    let log = world.log.len();
    world.one(Command::DeleteGroup(staff, Precondition::None)).unwrap();
    assert_eq!(world.log.len() - log, 2 * STEP_LIMIT);
    assert_eq!(world.findings(), Vec::<String>::new());
    assert_eq!(world.roles(users[STEP_LIMIT]), ["editor"], "until its membership is ended");
    let terms = Arc::new(world.terms());
    let command = Command::EndGroup(staff);
    // Whoever goes on with it is not who asked for it.
    let envelope = Envelope { directory: DIRECTORY, request: RequestId(10), terms, command };
    assert!(world.carry_out(vec![envelope])[0].is_ok());
    assert!(world.log[log..].iter().all(|record| record.request == RequestId(9)));
    assert!(users.iter().all(|user| world.roles(*user).is_empty()));
    assert_eq!(world.log.len() - log, 2 * (STEP_LIMIT + 10) + 1);
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn the_roles_of_more_than_a_step_tells_follow_the_memberships_in_steps() {
    let mut world = World::new();
    let users: Vec<LocalId> = (0..STEP_LIMIT + 10).map(|index| world.user(&format!("user{index}"))).collect();
    let (staff, other) = (world.group("Staff", &[]), world.group("Other", &[]));
    world.one(give(roles(&[("editor", &[staff])], None, false))).unwrap();
    world.sweep();
    assert_eq!(world.one(add(other, &users)).unwrap().events, users.len() as u64);
    assert_eq!(world.directory.as_ref().unwrap().sweep, None, "it gives no role");
    let nobody = patch_group(staff, json!([{ "op": "remove", "path": "members" }]));
    for (command, told, expected) in
        [(add(staff, &users), users.len(), &["editor"][..]), (nobody, users.len() - 1, &[])]
    {
        let joins = !expected.is_empty();
        // What was done before them in the same batch is done.
        let title = json!([{ "op": "add", "path": "title", "value": joins.to_string() }]);
        let answers = world.all(vec![patch_user(users[1], title), command]);
        assert_eq!(answers[1].as_ref().unwrap().events, told as u64, "the memberships, and no roles");
        assert_eq!(world.findings(), Vec::<String>::new());
        // Who leaves or joins meanwhile is told at once.
        world.one(if joins { leave(staff, users[0]) } else { add(staff, &users[..1]) }).unwrap();
        assert_eq!(world.roles(users[0]).is_empty(), joins);
        assert!(world.sweep() > users.len() / SWEEP_STEP_LIMIT);
        assert!(users[1..].iter().all(|user| world.roles(*user) == expected));
        assert_eq!(world.attribute(users[1], "job_title"), Some(json!(joins.to_string())));
        assert_eq!(world.findings(), Vec::<String>::new());
    }
}

#[test]
fn putting_members_in_the_place_of_others_changes_the_roles_of_those_who_come_and_go() {
    let mut world = World::new();
    let [ann, bob, cid] = ["ann", "bob", "cid"].map(|name| world.user(name));
    let staff = world.group("Staff", &[ann, bob]);
    world.one(give(roles(&[("editor", &[staff])], None, false))).unwrap();
    world.sweep();
    let log = world.log.len();
    let replace = Command::ReplaceGroup(staff, group("Staff", &[bob, cid]), Precondition::None);
    world.one(replace).unwrap();
    assert_eq!(world.since(log), [UserRemoved, UserUpdated, UserAdded, UserUpdated]);
    assert_eq!([ann, bob, cid].map(|user| world.roles(user).len()), [0, 1, 1]);
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn a_role_of_a_group_that_is_not_there_is_refused_by_its_name() {
    let mut world = World::new();
    let staff = world.group("Staff", &[]);
    let gone = world.group("Gone", &[]);
    world.one(Command::DeleteGroup(gone, Precondition::None)).unwrap();
    let directory = world.directory.clone();
    let refused =
        unmapped(world.one(give(roles(&[("a", &[staff, gone]), ("b", &[LocalId(5)])], None, false))));
    let id = |local| GroupId { directory: DIRECTORY, local };
    assert_eq!(refused, Refused::UnknownGroups(vec![id(LocalId(5)), id(gone)]));
    assert!(refused.to_string().contains(&id(gone).to_string()));
    assert_eq!(world.directory, directory);
    // A group that goes later stays named, gives nothing, and keeps nothing from being changed.
    world.one(give(roles(&[("a", &[staff])], None, false))).unwrap();
    world.one(Command::DeleteGroup(staff, Precondition::None)).unwrap();
    let ann = world.user("ann");
    world.one(give(roles(&[("a", &[staff])], Some("guest"), false))).unwrap();
    world.sweep();
    assert_eq!(world.roles(ann), ["guest"]);
    world.one(give(RoleMapping::default())).unwrap();
    assert!(matches!(
        unmapped(world.one(give(roles(&[("a", &[staff])], None, false)))),
        Refused::UnknownGroups(_)
    ));
    world.sweep();
    assert!(!world.directory.as_ref().unwrap().maps_roles);
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn what_is_beyond_the_limits_is_refused() {
    let mut world = World::new();
    let many = |count: usize| (0..count).map(|index| mapped(&format!("a{index}"), "title")).collect();
    assert!(world.one(change(MappingChange::Own(many(MAPPED_ATTRIBUTES_LIMIT)))).is_ok());
    let refused = unmapped(world.one(change(MappingChange::Own(many(MAPPED_ATTRIBUTES_LIMIT + 1)))));
    assert_eq!(refused, Refused::TooManyAttributes(MAPPED_ATTRIBUTES_LIMIT));
    let refused = unmapped(world.one(own(&[("a", &"x".repeat(10_000))])));
    assert_eq!(refused, Refused::TooLong("a".into()));
    let groups: Vec<LocalId> = (0..=MAPPED_ROLE_GROUPS_LIMIT as u64).map(LocalId).collect();
    let refused = unmapped(world.one(give(roles(&[("a", &groups)], None, false))));
    assert_eq!(refused, Refused::TooManyGroups(MAPPED_ROLE_GROUPS_LIMIT));
    let refused = unmapped(world.one(give(roles(&[("a", &[]), ("b", &[]), ("a", &[])], None, false))));
    assert_eq!(refused, Refused::Twice("a".into()));
    assert!(matches!(unmapped(world.one(give(roles(&[], Some(""), false)))), Refused::Slug(_)));
}

#[test]
fn a_directory_begins_with_what_its_organization_maps() {
    let mut world = World::new();
    let mut directory = Directory::clone(world.directory.as_ref().unwrap());
    (directory.terms_version, world.directory, world.head) = (0, None, Head::default());
    world.log.clear();
    let token = Token::unrestricted(TokenId(1), [0; 32], Timestamp(0));
    let mapping: AttributeMapping = [mapped("rank", "title")].into();
    world
        .one(Command::CreateDirectory(Box::new(NewDirectory {
            directory,
            token,
            mapping: mapping.clone(),
            domains: Vec::new(),
            receipt: None,
        })))
        .unwrap();
    assert_eq!(world.mapping.organization, mapping);
    assert_eq!(world.directory.as_ref().unwrap().terms_version, 1, "it is read");
    let ann = world.titled("ann", "Head");
    assert_eq!(world.attribute(ann, "rank"), Some(json!("Head")));
}

/// A step of a life in which users, groups and what is mapped change all the time.
#[derive(Clone, Debug)]
enum Turn {
    Create(Option<&'static str>),
    Title(usize, Option<&'static str>),
    Delete(usize),
    Group(Vec<usize>),
    Join(usize, usize),
    Leave(usize, usize),
    Members(usize, Vec<usize>),
    DeleteGroup(usize),
    Map(Vec<(&'static str, Option<&'static str>)>, bool),
    Roles(Vec<Vec<usize>>, bool, bool),
    Sweep,
    Behind,
}

fn turn() -> impl Strategy<Value = Turn> {
    let title = || prop::option::of(prop::sample::select(&["Head", "Chief", ""][..]));
    let some = || prop::collection::vec(0..6_usize, 0..4);
    let names = prop::sample::select(&["rank", "job_title", "call"][..]);
    let paths = prop::option::of(prop::sample::select(&["title", "nickName", "userName", "nowhere"][..]));
    prop_oneof![
        4 => title().prop_map(Turn::Create),
        4 => (0..6_usize, title()).prop_map(|(user, title)| Turn::Title(user, title)),
        1 => (0..6_usize).prop_map(Turn::Delete),
        3 => some().prop_map(Turn::Group),
        5 => (0..4_usize, 0..6_usize).prop_map(|(group, user)| Turn::Join(group, user)),
        3 => (0..4_usize, 0..6_usize).prop_map(|(group, user)| Turn::Leave(group, user)),
        2 => (0..4_usize, some()).prop_map(|(group, users)| Turn::Members(group, users)),
        1 => (0..4_usize).prop_map(Turn::DeleteGroup),
        2 => (prop::collection::vec((names, paths), 0..3), any::<bool>())
            .prop_map(|(list, own)| Turn::Map(list, own)),
        2 => (prop::collection::vec(prop::collection::vec(0..4_usize, 0..3), 0..3), any::<bool>(), any::<bool>())
            .prop_map(|(list, default, multiple)| Turn::Roles(list, default, multiple)),
        2 => Just(Turn::Sweep),
        1 => Just(Turn::Behind),
    ]
}

impl World {
    /// The command of a turn, about those that there are now.
    fn command(&self, number: usize, turn: Turn) -> Command {
        let users: Vec<LocalId> = self.users.keys().copied().collect();
        let groups: Vec<LocalId> =
            self.groups.values().filter(|group| !group.is_ended()).map(|group| group.id).collect();
        let pick = |ids: &[LocalId], index: usize| ids.get(index).copied().unwrap_or(LocalId(7));
        let those =
            |list: &[usize]| -> Vec<LocalId> { list.iter().map(|index| pick(&users, *index)).collect() };
        match turn {
            Turn::Create(title) => {
                let mut body = user(&format!("user{number}"));
                body.extend(title.map(|title| ("title".to_owned(), json!(title))));
                Command::CreateUser(body)
            }
            Turn::Title(index, None) => {
                patch_user(pick(&users, index), json!([{ "op": "remove", "path": "title" }]))
            }
            Turn::Title(index, Some(title)) => {
                patch_user(pick(&users, index), json!([{ "op": "add", "path": "title", "value": title }]))
            }
            Turn::Delete(index) => Command::DeleteUser(pick(&users, index), Precondition::None),
            Turn::Group(list) => Command::CreateGroup(group(&format!("group{number}"), &those(&list))),
            Turn::Join(index, member) => add(pick(&groups, index), &those(&[member])),
            Turn::Leave(index, member) => leave(pick(&groups, index), pick(&users, member)),
            Turn::Members(index, list) => {
                let mut body = group(&format!("again{number}"), &those(&list));
                body.entry("members").or_insert(json!([]));
                Command::ReplaceGroup(pick(&groups, index), body, Precondition::None)
            }
            Turn::DeleteGroup(index) => Command::DeleteGroup(pick(&groups, index), Precondition::None),
            Turn::Map(list, is_own) => {
                let attributes: AttributeMapping = list
                    .into_iter()
                    .map(|(name, path)| path.map_or((name.to_owned(), None), |path| mapped(name, path)))
                    .collect();
                change(if is_own {
                    MappingChange::Own(attributes)
                } else {
                    MappingChange::Organization(attributes)
                })
            }
            Turn::Roles(list, default, multiple) => {
                let named: Vec<(String, Vec<LocalId>)> = list
                    .iter()
                    .enumerate()
                    .map(|(index, list)| {
                        let known = list.iter().filter_map(|index| groups.get(*index).copied());
                        (format!("role{index}"), known.collect())
                    })
                    .collect();
                let given: Vec<(&str, &[LocalId])> =
                    named.iter().map(|(slug, groups)| (slug.as_str(), groups.as_slice())).collect();
                give(roles(&given, default.then_some("viewer"), multiple))
            }
            Turn::Sweep => Command::Sweep,
            Turn::Behind => Command::Reproject,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_a_user_is_what_is_made_of_it_now(
        turns in prop::collection::vec((turn(), any::<bool>()), 1..60),
        former in any::<bool>(),
    ) {
        let mut world = World::new();
        let mut waiting = Vec::new();
        for (number, (turn, last)) in turns.into_iter().enumerate() {
            if matches!(turn, Turn::Behind) {
                Arc::make_mut(world.directory.as_mut().unwrap()).standard_version = 0;
                if former && world.mapping.roles.is_empty() && world.directory.as_ref().unwrap().sweep.is_none() {
                    world.forget_projections();
                    // What it maps by itself is more than what was shown.
                    world.one(Command::Reproject).unwrap();
                }
            }
            // A step of a sweep is alone in its batch; others go together, under the terms that held before the first.
            let alone = matches!(turn, Turn::Sweep);
            if alone {
                world.all(std::mem::take(&mut waiting));
            }
            waiting.push(world.command(number, turn));
            if alone || last {
                for answer in world.all(std::mem::take(&mut waiting)) {
                    let expected = matches!(
                        answer,
                        Ok(_) | Err(Refusal::Scim(_) | Refusal::Stale | Refusal::Mapping(_))
                    );
                    prop_assert!(expected, "{:?}", answer);
                }
                prop_assert_eq!(world.findings(), Vec::<String>::new());
            }
        }
        world.all(waiting);
        world.one(Command::Reproject).unwrap();
        world.sweep();
        prop_assert_eq!(world.findings(), Vec::<String>::new());
    }
}
