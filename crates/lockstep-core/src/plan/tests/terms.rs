//! What a command may do depends on the terms under which it was read, and on what the operator asks.

use super::*;

fn switch(setting: Setting, on: bool) -> Command {
    Command::ChangeDirectory {
        name: None,
        state: None,
        settings: vec![(setting, Some(on))],
        contract: None,
        credential_header: None,
    }
}

#[test]
fn a_command_that_was_read_under_other_terms_is_stale_also_within_a_batch() {
    let mut world = World::new();
    let ann = world.user("ann");
    let rename = || patch_user(ann, json!([{ "op": "replace", "path": "title", "value": "Dr" }]));
    let answers = world.all(vec![
        switch(Setting::RefuseSensitiveFilters, true),
        Command::CreateUser(user("bob")),
        rename(),
        Command::CreateGroup(group("g", &[])),
        Command::DeleteUser(ann, Precondition::None),
    ]);
    assert!(answers[0].is_ok());
    assert!(answers[1..4].iter().all(|answer| *answer == Err(Refusal::Stale)), "{answers:?}");
    assert!(answers[4].is_ok(), "what a path names goes, whatever the terms: {:?}", answers[4]);
    assert!(world.one(Command::CreateUser(user("bob"))).is_ok());
    assert_eq!(world.one(switch(Setting::RefuseSensitiveFilters, true)).unwrap().events, 0);
    assert!(world.one(Command::CreateUser(user("cid"))).is_ok(), "what changed nothing made nothing stale");
    assert_eq!(world.findings(), Vec::<String>::new());
}

// Shows: ETAG-12
#[test]
fn where_a_version_is_required_a_change_without_one_is_428_and_nothing_happens() {
    let mut world = World::new();
    let (ann, staff) = (world.user("ann"), world.group("staff", &[]));
    assert!(world.one(switch(Setting::RequireIfMatch, true)).is_ok());
    let log = world.events();
    let none_of = || Precondition::NoneOf(vec!["\"1\"".into()]);
    for precondition in [|| Precondition::None, none_of] {
        for command in [
            Command::ReplaceUser(ann, user("ann2"), precondition()),
            Command::DeleteUser(ann, precondition()),
            Command::ReplaceGroup(staff, group("crew", &[]), precondition()),
            Command::DeleteGroup(staff, precondition()),
        ] {
            refused(&world.one(command), 428);
        }
    }
    refused(&world.one(patch_user(ann, json!([{ "op": "replace", "path": "active", "value": false }]))), 428);
    refused(&world.one(Command::DeleteUser(LocalId(5), Precondition::None)), 404);
    assert_eq!(world.events(), log);

    let tag = version::user(&world.users[&ann], &[]);
    refused(&world.one(Command::DeleteUser(ann, Precondition::OneOf(vec!["\"77\"".into()]))), 412);
    assert!(world.one(Command::DeleteUser(ann, Precondition::OneOf(vec![tag]))).is_ok());
    assert!(world.one(Command::DeleteGroup(staff, Precondition::Exists)).is_ok());
    assert!(world.one(Command::CreateUser(user("bob"))).is_ok(), "what is new has no version");
    assert_eq!(world.findings(), Vec::<String>::new());
}
