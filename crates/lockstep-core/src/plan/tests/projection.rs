//! What applications read of a user is written with it and told with it.

use super::*;
use crate::event::{Stored, Told};
use crate::mapping::Projection;

pub(super) fn told(record: &Record) -> &Told {
    match &record.change {
        Change::User(_, _, told) => told,
        other => panic!("{other:?}"),
    }
}

fn attributes(value: Value) -> Projection {
    Projection { attributes: object(value), roles: Vec::new() }
}

#[test]
fn what_is_mapped_is_written_with_the_user_and_told_with_what_it_was_before() {
    let mut world = World::new();
    let mut body = user("ann");
    body.insert("title".into(), json!("Head"));
    world.one(Command::CreateUser(body)).unwrap();
    let ann = *world.users.keys().next().unwrap();
    world.one(patch_user(ann, json!([{"op": "replace", "path": "title", "value": "Chief"}]))).unwrap();
    world.one(patch_user(ann, json!([{"op": "replace", "path": "nickName", "value": "A"}]))).unwrap();
    let (head, chief) = (attributes(json!({"job_title": "Head"})), attributes(json!({"job_title": "Chief"})));
    assert_eq!(world.users[&ann].projection, Some(chief.clone()));
    assert_eq!(told(&world.log[1]).projection, Some(head.clone()));
    assert_eq!(
        (told(&world.log[2]).projection(), told(&world.log[2]).projection_before.clone()),
        (Cow::Borrowed(&chief), Some(head))
    );
    assert_eq!(told(&world.log[3]).projection_before, None, "it did not change");
    assert_eq!(told(&world.log[3]).projection_before(), Cow::Borrowed(&chief));
    world.one(Command::DeleteUser(ann, Precondition::None)).unwrap();
    assert_eq!(told(&world.log[4]).projection, Some(chief), "a deletion tells the last that it was");
    assert_eq!(world.findings(), Vec::<String>::new());
}

#[test]
fn a_record_comes_back_as_it_was_written_with_its_projection_and_without() {
    let mut world = World::new();
    let ann = world.user("ann");
    world.one(patch_user(ann, json!([{"op": "replace", "path": "title", "value": "Chief"}]))).unwrap();
    for record in &world.log[1..] {
        let payload = record.payload().unwrap();
        let mut stored = Stored {
            directory: record.directory,
            seq: record.seq,
            at: record.at,
            request: record.request,
            kind: record.event_type() as u8,
            user: record.user(),
            group: None,
            user_seq: None,
            group_seq: None,
            payload: Some(&payload),
        };
        assert_eq!(Record::restore(&stored).unwrap(), *record);
        // As versions wrote it that could not map anything.
        let mut fields: Object = serde_json::from_str(&payload).unwrap();
        fields.retain(|name, _| !name.starts_with("projection"));
        let former = Value::Object(fields).to_string();
        stored.payload = Some(&former);
        let restored = Record::restore(&stored).unwrap();
        assert_eq!(told(&restored).projection, None);
        let title = |made: &Projection| made.attributes.get("job_title").cloned();
        assert_eq!(title(&told(&restored).projection()), title(&told(record).projection()));
        assert_eq!(title(&told(&restored).projection_before()), title(&told(record).projection_before()));
    }
}

#[test]
fn a_user_from_before_mapping_is_told_as_what_was_shown_of_it() {
    let mut world = World::new();
    let mut body = user("ann");
    body.extend(object(json!({"title": "Head", "userType": "", "costCenter": "x",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "R&D", "division": ""}})));
    world.one(Command::CreateUser(body)).unwrap();
    let ann = *world.users.keys().next().unwrap();
    world.forget_projections();
    let shown = attributes(json!({"job_title": "Head", "department_name": "R&D"}));
    assert_eq!(*world.users[&ann].projection(), shown);
    assert_eq!(world.findings(), Vec::<String>::new());
    world.one(patch_user(ann, json!([{"op": "remove", "path": "title"}]))).unwrap();
    assert_eq!(told(&world.log[2]).projection_before, Some(shown));
    assert_eq!(world.findings(), Vec::<String>::new());
}
