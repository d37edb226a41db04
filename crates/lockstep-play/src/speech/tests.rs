//! What is said in each form.

use lockstep_idp::dialect::GroupPush;

use super::*;
use crate::company::Company;

fn speech(change: impl FnOnce(&mut Dialect)) -> Speech {
    let mut dialect = Dialect::PLAIN;
    change(&mut dialect);
    Speech::new(lockstep_idp::by_slug("generic").unwrap(), dialect)
}

#[test]
fn a_change_is_said_in_each_form() {
    let mut company = Company::new("t", 1, 1, 0);
    let plain = speech(|_| ());
    let before = plain.of(&company.people[&0], None, true);
    company.person(0, |person| person.department = "Space".to_owned());
    let path = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
    let cases = [
        (Update::PatchPaths, Spelling::Plain, json!([{ "op": "replace", "path": path, "value": "Space" }])),
        (
            Update::PatchPaths,
            Spelling::CapitalText,
            json!([{ "op": "Replace", "path": path, "value": "Space" }]),
        ),
        (
            Update::PatchChanged,
            Spelling::Plain,
            json!([{ "op": "replace", "value": { ENTERPRISE: { "department": "Space" } } }]),
        ),
    ];
    for (update, spelling, wanted) in cases {
        let speech = speech(|dialect| (dialect.update_user, dialect.spelling) = (update, spelling));
        let now = speech.of(&company.people[&0], None, true);
        let (method, body) = speech.update(Some(&before), &now);
        assert_eq!((method, &body["Operations"]), ("PATCH", &wanted));
    }
    let put = speech(|dialect| dialect.update_user = Update::Put);
    let (method, body) = put.update(Some(&before), &put.of(&company.people[&0], None, true));
    assert_eq!((method, &body[ENTERPRISE]["department"]), ("PUT", &json!("Space")));
    assert_eq!(body["emails"][0]["value"], company.people[&0].email);
}

#[test]
fn a_leaver_is_switched_off_in_each_form() {
    let company = Company::new("t", 1, 1, 0);
    let cases = [
        (
            Deactivate::PatchPath,
            Spelling::CapitalText,
            json!([{ "op": "Replace", "path": "active", "value": "False" }]),
        ),
        (
            Deactivate::PatchWithoutPath,
            Spelling::Plain,
            json!([{ "op": "replace", "value": { "active": false } }]),
        ),
        (
            Deactivate::PatchWithoutPath,
            Spelling::BooleanText,
            json!([{ "op": "replace", "value": { "active": "false" } }]),
        ),
    ];
    for (deactivate, spelling, wanted) in cases {
        let speech = speech(|dialect| (dialect.deactivate, dialect.spelling) = (deactivate, spelling));
        let sent = speech.of(&company.people[&0], None, false);
        assert_eq!(speech.activity(&sent).unwrap().1["Operations"], wanted);
    }
    let deleting = speech(|dialect| dialect.deactivate = Deactivate::Delete);
    assert_eq!(deleting.activity(&deleting.of(&company.people[&0], None, false)), None);
}

#[test]
fn members_are_written_in_each_form() {
    let ids: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
    let plain = speech(|_| ());
    let said = |form: MemberWrite, op: &str| {
        let bodies = plain.members(form, op, &ids, &ids);
        bodies.iter().map(|body| body["Operations"].to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        said(MemberWrite::Values(2), "add"),
        r#"[{"op":"add","path":"members","value":[{"value":"a"},{"value":"b"}]}] [{"op":"add","path":"members","value":[{"value":"c"}]}]"#
    );
    assert_eq!(
        said(MemberWrite::Filters(3), "remove"),
        r#"[{"op":"remove","path":"members[value eq \"a\"]"},{"op":"remove","path":"members[value eq \"b\"]"},{"op":"remove","path":"members[value eq \"c\"]"}]"#
    );
    assert_eq!(said(MemberWrite::OneEach(1), "add").matches("Operations").count(), 0);
    assert_eq!(plain.members(MemberWrite::OneEach(1), "add", &ids, &ids).len(), 3);
    assert_eq!(plain.members(MemberWrite::ReplaceAll, "remove", &ids[..1], &ids[1..]).len(), 1);
    let push: Option<GroupPush> = plain.dialect.groups;
    assert!(push.is_some());
}
