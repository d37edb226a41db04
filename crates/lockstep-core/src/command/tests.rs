//! What a command touches and weighs, by which a lane orders and bounds its turns.

use lockstep_scim::{Limits, patch};
use serde_json::json;

use super::*;
use crate::id::{GroupId, UserId};

const HERE: DirectoryNumber = DirectoryNumber(1);

fn user(local: u64) -> String {
    UserId { directory: HERE, local: LocalId(local) }.to_string()
}

fn body(value: Value) -> Object {
    let Value::Object(object) = value else { panic!("an object") };
    object
}

fn group_patch(operations: &Value) -> Command {
    let raw = json!({ "schemas": [patch::PATCH_OP_URN], "Operations": operations });
    let definition = Definition::group();
    let patch = patch::parse(&raw, &definition, &patch::PatchOptions::default(), &Limits::default());
    Command::PatchGroup(LocalId(9), patch.unwrap(), Precondition::None)
}

fn user_patch(operations: &Value) -> Command {
    let raw = json!({ "schemas": [patch::PATCH_OP_URN], "Operations": operations });
    let definition = Definition::user();
    let patch = patch::parse(&raw, &definition, &patch::PatchOptions::default(), &Limits::default());
    Command::PatchUser(LocalId(9), patch.unwrap(), Precondition::None)
}

fn ids(command: &Command) -> Vec<u64> {
    match command.touches(HERE) {
        Touched::Everything => panic!("not all of it"),
        Touched::These(ids) => ids.into_iter().map(|id| id.0).collect(),
    }
}

#[test]
fn a_command_touches_what_it_is_about_and_the_members_that_it_names() {
    let group = GroupId { directory: HERE, local: LocalId(8) }.to_string();
    let stranger = UserId { directory: DirectoryNumber(2), local: LocalId(7) }.to_string();
    let named = json!({ "displayName": "g", "members": [
        { "value": user(1) }, { "value": user(1) }, { "value": group }, { "value": stranger }, { "value": "nobody" },
    ] });
    let none = || Precondition::None;
    let cases = [
        (Command::CreateUser(body(json!({ "userName": "ada" }))), vec![], 1),
        (Command::DeleteUser(LocalId(1), none()), vec![1], 1 + STEP_LIMIT / 10),
        (Command::ReplaceUser(LocalId(1), body(json!({ "userName": "ada" })), none()), vec![1], 1),
        (Command::CreateGroup(body(named.clone())), vec![1, 8], 6),
        (Command::ReplaceGroup(LocalId(9), body(named), none()), vec![1, 8, 9], 6),
        (Command::CreateGroup(body(json!({ "members": "wrong" }))), vec![], 2),
        (Command::DeleteGroup(LocalId(9), none()), vec![9], 1 + STEP_LIMIT),
        (
            group_patch(&json!([
                { "op": "add", "path": "members", "value": [{ "value": user(1) }, { "value": user(2) }] },
                { "op": "remove", "path": format!("members[value eq \"{}\"]", user(3)) },
                { "op": "replace", "path": "displayName", "value": "h" },
            ])),
            vec![1, 2, 3, 9],
            5,
        ),
        (group_patch(&json!([{ "op": "remove", "path": "members" }])), vec![9], 1 + STEP_LIMIT),
        (
            group_patch(&json!([{ "op": "remove", "path": "members[value sw \"d\"]" }])),
            vec![9],
            1 + STEP_LIMIT,
        ),
        (
            user_patch(&json!([
                { "op": "replace", "path": "title", "value": "t" },
                { "op": "remove", "path": "emails[type eq \"work\" or value sw \"a\" or value sw \"b\"]" },
                { "op": "add", "path": "roles", "value": [{ "value": "r" }, { "value": "s" }] },
            ])),
            vec![9],
            1 + 1 + 3 + 2,
        ),
    ];
    for (command, touched, weight) in cases {
        assert_eq!((ids(&command), command.weight()), (touched, weight), "{command:?}");
    }
}

#[test]
fn what_is_about_a_directory_touches_everything_in_it() {
    let these = |ids: &[u64]| Touched::These(ids.iter().copied().map(LocalId).collect());
    assert_eq!(Command::DeleteDirectory.touches(HERE), Touched::Everything);
    assert!(Touched::Everything.overlaps(&these(&[])) && these(&[1]).overlaps(&Touched::Everything));
    assert!(these(&[1, 2, 3]).overlaps(&these(&[3])) && !these(&[1, 2]).overlaps(&these(&[3])));
    assert!(!these(&[]).overlaps(&these(&[])));
    let mut touched = these(&[1]);
    touched.join(&these(&[2]));
    assert_eq!(touched, these(&[1, 2]));
    touched.join(&Touched::Everything);
    touched.join(&these(&[4]));
    assert_eq!(touched, Touched::Everything);
}
