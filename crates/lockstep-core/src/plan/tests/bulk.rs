//! Many operations in one request: each whole or not at all, what is named before who names it, in bounded steps.

use super::*;
use crate::bulk::{Bulk, Operation};
use crate::limits::BULK_STEP_BYTES_LIMIT;
use crate::query::Kind;

/// An operation of a request: its bulkId, the bulkId in its path, and its command.
type Asked = (Option<&'static str>, Option<(Kind, &'static str)>, Command);

/// Carries a request out to its end; also says how many steps it took.
fn carry_out(
    world: &mut World,
    operations: Vec<Asked>,
    fail_on_errors: Option<usize>,
) -> (Vec<Option<Answer>>, usize) {
    let terms = Arc::new(world.terms());
    let operation = |(bulk_id, target, command): Asked| Operation {
        asked: Ok(Envelope { directory: DIRECTORY, request: RequestId(9), terms: terms.clone(), command }),
        bulk_id: bulk_id.map(str::to_owned),
        target: target.map(|(kind, name)| (kind, name.to_owned())),
    };
    let bulk = Arc::new(Bulk::new(operations.into_iter().map(operation).collect(), fail_on_errors));
    let mut progress = bulk.begin();
    let mut steps = 0;
    while !progress.has_ended() {
        match world.one(Command::Bulk(bulk.clone(), progress)).unwrap().reply {
            Reply::Bulk(next) => progress = next,
            other => panic!("{other:?}"),
        }
        steps += 1;
        assert_eq!(world.findings(), Vec::<String>::new());
    }
    (progress.into_answers(), steps)
}

fn statuses(answers: &[Option<Answer>]) -> Vec<u16> {
    let status = |answer: &Option<Answer>| match answer {
        None => 0,
        Some(Ok(_)) => 200,
        Some(Err(Refusal::Scim(error))) => error.status,
        Some(Err(other)) => panic!("{other:?}"),
    };
    answers.iter().map(status).collect()
}

fn new_user(bulk_id: &'static str, name: &str) -> Asked {
    (Some(bulk_id), None, Command::CreateUser(user(name)))
}

fn new_group(bulk_id: &'static str, name: &str, members: &[&str]) -> Asked {
    let mut new = group(name, &[]);
    if !members.is_empty() {
        let members: Vec<Value> =
            members.iter().map(|member| json!({ "value": format!("bulkId:{member}") })).collect();
        new.insert("members".into(), Value::Array(members));
    }
    (Some(bulk_id), None, Command::CreateGroup(new))
}

fn with_manager(bulk_id: &'static str, name: &str, manager: &str) -> Asked {
    let mut new = user(name);
    let enterprise = json!({ "manager": { "value": format!("bulkId:{manager}") } });
    new.insert("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User".into(), enterprise);
    (Some(bulk_id), None, Command::CreateUser(new))
}

fn manager_of(world: &World, name: &str) -> String {
    let user = world.users.values().find(|user| user.user_name() == name).unwrap();
    user.doc["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"]["manager"]["value"]
        .as_str()
        .unwrap()
        .into()
}

fn id_of(world: &World, name: &str) -> String {
    let user = world.users.values().find(|user| user.user_name() == name).unwrap();
    UserId { directory: DIRECTORY, local: user.id }.to_string()
}

#[test]
fn what_is_named_is_made_before_who_names_it_wherever_the_two_stand() {
    for forward in [true, false] {
        let mut world = World::new();
        let mut asked = vec![new_group("g", "Sales", &["ann"]), new_user("ann", "ann@example.com")];
        if !forward {
            asked.reverse();
        }
        let (answers, steps) = carry_out(&mut world, asked, None);
        assert_eq!((statuses(&answers), steps), (vec![200, 200], 1));
        assert_eq!(world.memberships.len(), 1);
        let told =
            [EventType::Activated, EventType::UserCreated, EventType::GroupCreated, EventType::UserAdded];
        assert_eq!(world.events(), told);
    }
}

#[test]
fn creations_that_name_each_other_happen_together() {
    let mut world = World::new();
    let asked =
        vec![with_manager("a", "ann", "b"), with_manager("b", "bob", "a"), with_manager("c", "cy", "c")];
    let (answers, _) = carry_out(&mut world, asked, None);
    assert_eq!(statuses(&answers), [200, 200, 200]);
    assert_eq!(manager_of(&world, "ann"), id_of(&world, "bob"));
    assert_eq!(manager_of(&world, "bob"), id_of(&world, "ann"));
    assert_eq!(manager_of(&world, "cy"), id_of(&world, "cy"));

    let mut world = World::new();
    let asked = vec![new_group("a", "A", &["b", "u"]), new_group("b", "B", &["a"]), new_user("u", "ann")];
    let (answers, _) = carry_out(&mut world, asked, None);
    assert_eq!(statuses(&answers), [200, 200, 200]);
    let nested: Vec<usize> = world.groups.values().map(|group| group.nested.len()).collect();
    assert_eq!((nested, world.memberships.len()), (vec![1, 1], 1));
}

#[test]
fn a_circle_of_which_one_fails_does_not_happen_at_all() {
    let mut world = World::new();
    world.user("bob");
    let before = world.head.clone();
    let asked = vec![with_manager("a", "ann", "b"), with_manager("b", "BOB", "a"), new_user("c", "cy")];
    let (answers, _) = carry_out(&mut world, asked, None);
    assert_eq!(statuses(&answers), [409, 409, 200]);
    assert_eq!(world.head.last_seq, before.last_seq + 1, "what did not happen took no number");
    assert_eq!(world.users.len(), 2);

    // Twins within the circle: the second is refused because of the first, which then does not happen either.
    let asked = vec![with_manager("a", "dan", "b"), with_manager("b", "DAN", "a")];
    let (answers, _) = carry_out(&mut world, asked, None);
    assert_eq!((statuses(&answers), world.users.len()), (vec![409, 409], 2));

    let (answers, _) = carry_out(&mut world, vec![new_group("a", "A", &["a"])], None);
    assert_eq!((statuses(&answers), world.groups.len()), (vec![400], 0), "no group is a member of itself");
}

#[test]
fn who_names_what_failed_or_what_nobody_makes_fails() {
    let mut world = World::new();
    world.user("ann");
    let asked = vec![
        new_user("a", "ANN"),
        new_group("g", "Sales", &["a"]),
        new_group("h", "Support", &["nobody"]),
        (None, Some((Kind::User, "a")), patch_user(LocalId(0), json!([{"op": "remove", "path": "title"}]))),
        (None, Some((Kind::User, "g")), Command::DeleteUser(LocalId(0), Precondition::None)),
    ];
    let (answers, _) = carry_out(&mut world, asked, None);
    assert_eq!(statuses(&answers), [409, 409, 400, 409, 409]);
    assert!(world.groups.is_empty());
}

#[test]
fn a_path_and_a_patch_may_name_what_is_made_in_the_same_request() {
    let mut world = World::new();
    let add = json!([{"op": "add", "path": "members", "value": [{"value": "bulkId:ann"}]}]);
    let remove = json!([{"op": "remove", "path": "members[value eq \"bulkId:ann\"]"}]);
    let asked = vec![
        (None, Some((Kind::Group, "g")), patch_group(LocalId(0), add)),
        new_group("g", "Sales", &[]),
        new_user("ann", "ann"),
        (None, Some((Kind::User, "g")), Command::DeleteUser(LocalId(0), Precondition::None)),
    ];
    let (answers, _) = carry_out(&mut world, asked, None);
    assert_eq!(statuses(&answers), [200, 200, 200, 404], "a group is no User");
    assert_eq!(world.memberships.len(), 1);

    let group = *world.groups.keys().next().unwrap();
    let asked = vec![(None, None, patch_group(group, remove)), new_user("ann", "another")];
    let (answers, _) = carry_out(&mut world, asked, None);
    assert_eq!(statuses(&answers), [200, 200]);
    assert_eq!(world.memberships.len(), 1, "another one was named, who is no member");
}

#[test]
fn processing_ends_with_the_error_that_is_one_too_many() {
    let asked =
        || vec![new_user("a", "ann"), new_user("b", "ANN"), new_user("c", "Ann"), new_user("d", "dan")];
    for (limit, expected) in [
        (None, [200, 409, 409, 200]),
        (Some(1), [200, 409, 0, 0]),
        (Some(2), [200, 409, 409, 0]),
        (Some(3), [200, 409, 409, 200]),
    ] {
        let mut world = World::new();
        let (answers, _) = carry_out(&mut world, asked(), limit);
        assert_eq!(statuses(&answers), expected, "{limit:?}");
    }
}

#[test]
fn operations_see_what_those_before_them_did() {
    let mut world = World::new();
    let ann = world.user("ann");
    let asked = vec![
        new_user("a", "ann"),
        (None, None, Command::DeleteUser(ann, Precondition::None)),
        new_user("b", "ann"),
    ];
    let (answers, _) = carry_out(&mut world, asked, None);
    assert_eq!(statuses(&answers), [409, 200, 200]);
}

#[test]
fn what_tells_much_goes_on_in_bounded_steps() {
    let mut world = World::new();
    let members: Vec<LocalId> = (0..700).map(|index| world.user(&format!("user{index}"))).collect();
    let groups: Vec<LocalId> = (0..4).map(|index| world.group(&format!("group{index}"), &members)).collect();
    let asked = groups.iter().map(|id| (None, None, Command::DeleteGroup(*id, Precondition::None))).collect();
    let (answers, steps) = carry_out(&mut world, asked, None);
    assert_eq!((statuses(&answers), steps), (vec![200; 4], 2));
    assert!(world.groups.is_empty() && world.memberships.is_empty());
}

proptest! {
    /// Whatever refers to whatever: the log replays to the rows, and nothing keeps a bulkId in the place of an id.
    #[test]
    fn no_request_leaves_a_bulk_id_behind(
        shape in proptest::collection::vec((any::<bool>(), 0usize..8, 0usize..8, 0usize..6), 1..8)
    ) {
        const NAMES: [&str; 8] = ["o0", "o1", "o2", "o3", "o4", "o5", "o6", "o7"];
        let mut world = World::new();
        let asked = shape.iter().enumerate().map(|(index, (is_user, one, two, name))| {
            let name = format!("name{name}");
            if *is_user {
                with_manager(NAMES[index], &name, NAMES[*one])
            } else {
                new_group(NAMES[index], &name, &[NAMES[*one], NAMES[*two]])
            }
        });
        let (answers, _) = carry_out(&mut world, asked.collect(), None);
        prop_assert!(answers.iter().all(Option::is_some));
        let left = world.users.values().map(|user| &user.doc).chain(world.groups.values().map(|group| &group.doc));
        for doc in left {
            prop_assert!(!Value::Object(doc.clone()).to_string().contains("bulkId"));
        }
    }
}

#[test]
fn a_request_that_was_read_under_other_terms_is_stale_as_a_whole() {
    let mut world = World::new();
    let terms = Arc::new(world.terms());
    let asked = Operation {
        asked: Ok(Envelope {
            directory: DIRECTORY,
            request: RequestId(9),
            terms,
            command: Command::CreateUser(user("ann")),
        }),
        bulk_id: Some("a".into()),
        target: None,
    };
    let bulk = Arc::new(Bulk::new(vec![asked], None));
    let settings = vec![(Setting::RefuseSensitiveFilters, Some(true))];
    let answers = world.all(vec![
        Command::ChangeDirectory {
            name: None,
            state: None,
            settings,
            contract: None,
            credential_header: None,
        },
        Command::Bulk(bulk.clone(), bulk.begin()),
        Command::DeleteUser(LocalId(5), Precondition::None),
    ]);
    assert_eq!(answers[1], Err(Refusal::Stale));
    refused(&answers[2], 404);
    assert!(world.users.is_empty());
}

#[test]
fn what_came_of_an_operation_holds_no_resource() {
    let mut world = World::new();
    let ada = world.user("ada@example.com");
    let change = |title: &str| -> Asked {
        (None, None, patch_user(ada, json!([{"op": "replace", "path": "title", "value": title}])))
    };
    let new = [new_user("eve", "eve@example.com"), new_group("staff", "Staff", &["eve"])];
    let operations = new.into_iter().chain([change("one"), change("two")]).collect();
    let (answers, _) = carry_out(&mut world, operations, None);
    for answer in answers {
        let reply = answer.unwrap().unwrap().reply;
        assert!(matches!(reply, Reply::Stands(..)), "{reply:?}");
    }
}

#[test]
fn a_step_ends_when_what_it_tells_has_become_large() {
    let mut world = World::new();
    let ada = world.user("ada@example.com");
    let emails: Value = (0..10)
        .map(|number| json!({"value": format!("{number}@example.com"), "display": "x".repeat(60_000)}))
        .collect();
    world.one(patch_user(ada, json!([{"op": "add", "path": "emails", "value": emails}]))).unwrap();
    let change = |number: usize| -> Asked {
        let change = json!([{"op": "replace", "path": "title", "value": number.to_string()}]);
        (None, None, patch_user(ada, change))
    };
    let (answers, steps) = carry_out(&mut world, (0..60).map(change).collect(), None);
    assert_eq!(statuses(&answers), vec![200; 60]);
    assert_eq!(steps, (60 * 600_000_usize).div_ceil(BULK_STEP_BYTES_LIMIT));
}
