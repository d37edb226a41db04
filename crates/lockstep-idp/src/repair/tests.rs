//! Tables of requests before and after each repair, and what holds for all of them.

use lockstep_core::command::Terms;
use lockstep_core::rules::Rules;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const MANAGER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

const ALL: [Repair; 26] = [
    UNESCAPED_QUERY,
    MEMBERS_LEFT_OUT,
    PATH_SLASHES,
    EMPTY_PARAMETERS,
    FILTERED_ATTRIBUTES,
    UNQUOTED_VALUES,
    DOUBLE_ENCODED_VALUES,
    REFERENCE_FILTERS,
    DATE_FORMS,
    PATCH_SCHEMA,
    EMPTY_OPERATIONS,
    READ_ONLY_VALUES,
    MEMBER_IN_FILTER,
    WRAPPED_VALUES,
    EXTENSION_PATHS,
    LIST_OF_ONE,
    SINGLE_IN_LIST,
    BOOLEAN_TEXT,
    NUMBER_AS_TEXT,
    EMPTY_REFERENCE,
    BARE_VALUES,
    JSON_TEXT_VALUES,
    VALUELESS_ELEMENTS,
    EMPTY_TEXT,
    OLD_SCHEMAS,
    ONE_PRIMARY,
];

fn terms() -> Terms {
    Terms::new(Rules::default())
}

/// Applies one repair, and again, which must change nothing.
#[track_caller]
fn apply(repair: Repair, request: &mut Request) -> Option<String> {
    let detail = (repair.apply)(request, &terms());
    let once = request.clone();
    assert_eq!((repair.apply)(request, &terms()), None, "{} twice", repair.name);
    assert_eq!(*request, once, "{} twice", repair.name);
    detail
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "tables read better without a sign before each value")]
fn check_body(repair: Repair, method: &str, path: &str, before: Value, after: Value) {
    let mut request = Request::new(method, path).with_body(before.clone());
    let detail = apply(repair, &mut request);
    assert_eq!(request.body, Some(after.clone()), "{}", repair.name);
    assert_eq!(detail.is_some(), before != after, "{}", repair.name);
}

#[track_caller]
fn check_patch(repair: Repair, path: &str, before: Value, after: Value) {
    let body = |operation: Value| json!({ "Operations": [operation] });
    check_body(repair, "PATCH", path, body(before), body(after));
}

#[track_caller]
fn check_filter(repair: Repair, before: &str, after: &str) {
    let mut request = Request::new("GET", "/Users").with_query("filter", before);
    apply(repair, &mut request);
    assert_eq!(request.query_value("filter"), Some(after), "{}", repair.name);
}

#[test]
fn paths_lose_what_is_too_much() {
    for (before, after) in [
        ("//Users", "/Users"),
        ("/Users/", "/Users"),
        ("/v2/Users/1", "/Users/1"),
        ("/Users/1", "/Users/1"),
        ("/Users/v2", "/Users/v2"),
    ] {
        let mut request = Request::new("GET", before);
        assert_eq!(apply(PATH_SLASHES, &mut request).is_some(), before != after);
        assert_eq!(request.path, after);
    }
}

fn with_raw_query(raw: &str) -> Request {
    let mut request = Request::new("GET", "/Users");
    raw.clone_into(&mut request.raw_query);
    request.query = form_urlencoded::parse(raw.as_bytes()).into_owned().collect();
    request
}

#[test]
fn text_in_a_filter_is_read_as_it_was_written() {
    for (raw, filter, changes) in [
        ("filter=userName%20eq%20%22a+b@x%22", r#"userName eq "a+b@x""#, true),
        ("filter=userName eq \"a+b@x\"&count=1", r#"userName eq "a+b@x""#, true),
        ("filter=emails[value%20eq%20%22a+b%22]", r#"emails[value eq "a+b"]"#, true),
        ("count=1&filter=userName%20eq%20%22r&d=e&f%22&count=2", r#"userName eq "r&d=e&f""#, true),
        ("filter=userName+eq+%22r&d+e%22", r#"userName eq "r&d e""#, true),
        // Who encodes is read as before.
        ("filter=userName+eq+%22a%2Bb%22", r#"userName eq "a+b""#, false),
        ("filter=userName+eq+%22a+b%22", r#"userName eq "a b""#, false),
        ("filter=userName%20eq%20%22a%2Bb%26c%22&count=1", r#"userName eq "a+b&c""#, false),
        ("filter=userName%20eq%20%22a%5C%22b%22&count=1", r#"userName eq "a\"b""#, false),
        // What never ends is no text.
        ("filter=userName+eq+%22a&count=1", r#"userName eq "a"#, false),
    ] {
        let mut request = with_raw_query(raw);
        assert_eq!(apply(UNESCAPED_QUERY, &mut request).is_some(), changes, "{raw}");
        assert_eq!(request.query_value("filter"), Some(filter), "{raw}");
    }
    let mut request = with_raw_query("count=1&filter=userName%20eq%20%22r&count=9%22&startIndex=3");
    apply(UNESCAPED_QUERY, &mut request);
    assert_eq!((request.query.len(), request.query_value("count")), (3, Some("1")));
    let mut request = with_raw_query("attributes=a%20+b&sortBy=a%20+b");
    assert_eq!(apply(UNESCAPED_QUERY, &mut request), None, "only filters hold text");
}

#[test]
fn groups_come_without_members_unless_it_says_what_it_wants() {
    for (method, path, parameter, changes) in [
        ("GET", "/Groups", ("filter", "displayName eq \"a\""), true),
        ("GET", "/Groups/1", ("count", "1"), true),
        ("GET", "/Groups", ("attributes", "members"), false),
        ("GET", "/Groups", ("excludedAttributes", "displayName"), false),
        ("GET", "/Users", ("count", "1"), false),
        ("DELETE", "/Groups/1", ("count", "1"), false),
    ] {
        let mut request = Request::new(method, path).with_query(parameter.0, parameter.1);
        assert_eq!(apply(MEMBERS_LEFT_OUT, &mut request).is_some(), changes, "{method} {path}");
    }
}

#[test]
fn empty_parameters_are_none() {
    let mut request = Request::new("GET", "/Users")
        .with_query("startIndex", "")
        .with_query("count", "2")
        .with_query("aadOptscim062020", "");
    assert_eq!(
        apply(EMPTY_PARAMETERS, &mut request).as_deref(),
        Some("startIndex: empty, read as not given")
    );
    assert_eq!(request.query.len(), 2);
    let body = serde_json::json!({ "sortBy": "", "cursor": "", "filter": "id pr" });
    let mut request = Request::new("POST", "/.search").with_body(body);
    assert_eq!(apply(EMPTY_PARAMETERS, &mut request).as_deref(), Some("sortBy: empty, read as not given"));
    assert_eq!(request.body, Some(serde_json::json!({ "cursor": "", "filter": "id pr" })));
}

#[test]
fn attributes_to_answer_with_lose_their_filters() {
    for (before, after) in [
        (r#"emails[type eq "work"]"#, "emails"),
        (r#"id,emails[type eq "a]\"b,c"].value,userName"#, "id,emails.value,userName"),
        ("userName,emails", "userName,emails"),
        ("emails[type", "emails[type"),
        ("emails]", "emails]"),
    ] {
        let mut request = Request::new("GET", "/Users")
            .with_query("attributes", before)
            .with_query("excludedAttributes", before);
        assert_eq!(apply(FILTERED_ATTRIBUTES, &mut request).is_some(), before != after);
        assert_eq!(request.query_value("attributes"), Some(after));
        assert_eq!(request.query_value("excludedAttributes"), Some(before));
    }
}

#[test]
fn paths_are_spelled_as_the_rfc_wants() {
    let remove = |path: &str| json!({ "op": "remove", "path": path });
    for (before, after) in [
        ("members[value eq 7a]", "members[value eq \"7a\"]"),
        (
            "emails[type eq work and primary eq true].value",
            "emails[type eq \"work\" and primary eq true].value",
        ),
        ("members[value eq", "members[value eq"),
        ("members[value eq \"7a\"]", "members[value eq \"7a\"]"),
    ] {
        check_patch(UNQUOTED_VALUES, "/Groups/1", remove(before), remove(after));
    }
    for (before, after) in [
        ("manager", MANAGER),
        ("manager.value", &format!("{MANAGER}.value")),
        (MANAGER, MANAGER),
        ("displayName", "displayName"),
        ("nobodyKnows", "nobodyKnows"),
    ] {
        check_patch(EXTENSION_PATHS, "/Users/1", remove(before), remove(after));
    }
}

#[test]
fn filters_are_spelled_as_the_rfc_wants() {
    for (before, after) in [
        ("externalId eq jyoung", "externalId eq \"jyoung\""),
        (
            "externalId eq j.young@x.org and (title sw Vice)",
            "externalId eq \"j.young@x.org\" and (title sw \"Vice\")",
        ),
        ("active eq true", "active eq true"),
        ("externalId eq \"a b\"", "externalId eq \"a b\""),
        ("externalId eq", "externalId eq"),
        ("externalId eq 'jyoung'", "externalId eq 'jyoung'"),
    ] {
        check_filter(UNQUOTED_VALUES, before, after);
    }
    for (before, after) in [
        ("userName eq \"o%27b%40x\"", "userName eq \"o%27b%40x\" or userName eq \"o'b@x\""),
        ("userName eq \"100%\"", "userName eq \"100%\""),
        ("userName eq \"%FF\"", "userName eq \"%FF\""),
    ] {
        check_filter(DOUBLE_ENCODED_VALUES, before, after);
    }
    check_filter(
        REFERENCE_FILTERS,
        "id eq \"1\" and manager eq \"2\"",
        &format!("id eq \"1\" and {MANAGER}.value eq \"2\""),
    );
    check_filter(REFERENCE_FILTERS, "userName eq \"2\"", "userName eq \"2\"");
    check_filter(
        DATE_FORMS,
        "meta.created ge \"2024-04-10T00:00Z\"",
        "meta.created ge \"2024-04-10T00:00:00Z\"",
    );
    check_filter(DATE_FORMS, "meta.created ge \"yesterday\"", "meta.created ge \"yesterday\"");
}

#[test]
fn booleans_are_read_from_text_and_nowhere_else() {
    let op = |path: &str, value: Value| json!({ "op": "replace", "path": path, "value": value });
    for (before, after) in [
        (op("active", json!("False")), op("active", json!(false))),
        (op("active", json!("yes")), op("active", json!("yes"))),
        (op("active", json!(" true ")), op("active", json!(" true "))),
        (
            op("emails[type eq \"work\"].primary", json!("TRUE")),
            op("emails[type eq \"work\"].primary", json!(true)),
        ),
        (op("displayName", json!("True")), op("displayName", json!("True"))),
        (
            json!({ "op": "add", "value": { "active": "true", "roles": [{ "value": "true", "primary": "False" }] } }),
            json!({ "op": "add", "value": { "active": true, "roles": [{ "value": "true", "primary": false }] } }),
        ),
    ] {
        check_patch(BOOLEAN_TEXT, "/Users/1", before, after);
    }
}

#[test]
fn values_get_the_form_of_the_schema() {
    check_body(
        NUMBER_AS_TEXT,
        "POST",
        "/Users",
        json!({ "externalId": 7, ENTERPRISE: { "costCenter": 4130 }, "active": 1 }),
        json!({ "externalId": "7", ENTERPRISE: { "costCenter": "4130" }, "active": 1 }),
    );
    let manager = |value: Value| json!({ "op": "add", "path": MANAGER, "value": value });
    for (before, after) in [
        (json!([{ "value": "7" }]), json!({ "value": "7" })),
        (json!([{ "value": "7" }, { "value": "8" }]), json!([{ "value": "7" }, { "value": "8" }])),
        (json!(["7"]), json!(["7"])),
        (json!([]), json!([])),
    ] {
        check_patch(SINGLE_IN_LIST, "/Users/1", manager(before), manager(after));
    }
    let title = |value: Value| json!({ "op": "replace", "path": "title", "value": value });
    for (before, after) in [
        (json!(["Dr"]), json!("Dr")),
        (json!(["Dr", "Prof"]), json!(["Dr", "Prof"])),
        (json!([null]), json!([null])),
        (json!([["Dr"]]), json!([["Dr"]])),
        (json!([{ "value": "Dr" }]), json!("Dr")),
        (json!([{ "$ref": null, "value": "Dr" }]), json!("Dr")),
        // More than a value says more than its value.
        (json!([{ "value": "Dr", "type": "x" }]), json!([{ "value": "Dr", "type": "x" }])),
        (json!([{ "value": null }]), json!([{ "value": null }])),
        (json!([{ "value": "Dr" }, { "value": "Prof" }]), json!([{ "value": "Dr" }, { "value": "Prof" }])),
    ] {
        check_patch(SINGLE_IN_LIST, "/Users/1", title(before), title(after));
    }
    check_body(
        SINGLE_IN_LIST,
        "PUT",
        "/Users/1",
        json!({ "active": ["True"], "name": { "givenName": ["Ada"] }, "emails": ["a"] }),
        json!({ "active": "True", "name": { "givenName": "Ada" }, "emails": ["a"] }),
    );
    check_body(
        VALUELESS_ELEMENTS,
        "PUT",
        "/Users/1",
        json!({ "emails": [{ "type": "work" }, { "value": "" }, { "value": "a" }], "addresses": [{ "type": "work" }] }),
        json!({ "emails": [{ "value": "a" }], "addresses": [{ "type": "work" }] }),
    );
    check_body(VALUELESS_ELEMENTS, "POST", "/Groups", json!({ "members": [{}] }), json!({ "members": [{}] }));
    check_body(
        LIST_OF_ONE,
        "POST",
        "/Users",
        json!({ "emails": { "value": "a" } }),
        json!({ "emails": [{ "value": "a" }] }),
    );
    check_patch(
        JSON_TEXT_VALUES,
        "/Users/1",
        json!({ "op": "add", "path": "roles", "value": [{ "value": "{\"id\":\"1\",\"value\":\"A\",\"displayName\":\"B\"}" }] }),
        json!({ "op": "add", "path": "roles", "value": [{ "value": "A", "display": "B" }] }),
    );
    check_patch(
        JSON_TEXT_VALUES,
        "/Users/1",
        json!({ "op": "add", "path": "roles", "value": [{ "value": "{not json}" }] }),
        json!({ "op": "add", "path": "roles", "value": [{ "value": "{not json}" }] }),
    );
}

#[test]
fn references_come_as_text_and_go_by_being_emptied() {
    let op = |op: &str, path: &str, value: Value| json!({ "op": op, "path": path, "value": value });
    check_patch(
        BARE_VALUES,
        "/Users/1",
        op("Add", MANAGER, json!("2")),
        op("Add", MANAGER, json!({ "value": "2" })),
    );
    for members in [json!("2"), json!(["2"])] {
        check_patch(
            BARE_VALUES,
            "/Groups/1",
            op("remove", "members", members),
            op("remove", "members", json!([{ "value": "2" }])),
        );
    }
    check_patch(
        BARE_VALUES,
        "/Users/1",
        op("add", "displayName", json!("2")),
        op("add", "displayName", json!("2")),
    );
    let removed = json!({ "op": "remove", "path": MANAGER });
    for value in [json!(""), json!({ "value": "" }), json!({ "value": null, "$ref": "x" })] {
        check_patch(EMPTY_REFERENCE, "/Users/1", op("Replace", MANAGER, value), removed.clone());
    }
    check_patch(EMPTY_REFERENCE, "/Users/1", op("replace", &format!("{MANAGER}.value"), json!("")), removed);
    check_patch(
        EMPTY_REFERENCE,
        "/Users/1",
        op("replace", "displayName", json!("")),
        op("replace", "displayName", json!("")),
    );
    for before in [json!({ MANAGER: "" }), json!({ format!("{MANAGER}.value"): "" })] {
        check_patch(
            EMPTY_REFERENCE,
            "/Users/1",
            json!({ "op": "replace", "value": before }),
            json!({ "op": "replace", "value": { MANAGER: null } }),
        );
    }
    check_body(
        EMPTY_REFERENCE,
        "POST",
        "/Users",
        json!({ ENTERPRISE: { "manager": { "value": "" }, "department": "" } }),
        json!({ ENTERPRISE: { "manager": null, "department": "" } }),
    );
}

#[test]
fn nothing_but_an_addition_becomes_one() {
    for op in [json!("replace"), json!("delete"), json!(" remove"), Value::Null] {
        let operation = json!({ "op": op, "path": "members[value eq \"7\"]", "value": [] });
        check_patch(MEMBER_IN_FILTER, "/Groups/1", operation.clone(), operation);
    }
}

#[test]
fn operations_mean_what_they_name() {
    let joins = json!({ "op": "add", "path": "members", "value": [{ "value": "7" }] });
    for value in [json!({}), json!("[]"), json!([]), json!({ "value": "7" })] {
        let before = json!({ "op": "Add", "path": "members[value eq \"7\"]", "value": value });
        check_patch(MEMBER_IN_FILTER, "/Groups/1", before, joins.clone());
    }
    for other in [
        json!({ "op": "add", "path": "members[value eq \"7\"]", "value": { "value": "8" } }),
        json!({ "op": "remove", "path": "members[value eq \"7\"]" }),
        json!({ "op": "add", "path": "members[type eq \"User\"]", "value": {} }),
    ] {
        check_patch(MEMBER_IN_FILTER, "/Groups/1", other.clone(), other);
    }
    check_patch(
        WRAPPED_VALUES,
        "/Groups/1",
        json!({ "op": "remove", "path": "members", "value": { "members": [{ "value": "7" }] } }),
        json!({ "op": "remove", "path": "members", "value": [{ "value": "7" }] }),
    );
    check_patch(
        READ_ONLY_VALUES,
        "/Users/1",
        json!({ "op": "replace", "value": { "id": "1", "meta": {}, "groups": [], "active": false } }),
        json!({ "op": "replace", "value": { "active": false } }),
    );
    check_patch(
        READ_ONLY_VALUES,
        "/Users/1",
        json!({ "op": "add", "value": { "id": null, "active": false } }),
        json!({ "op": "add", "value": { "active": false } }),
    );
    let other = json!({ "op": "replace", "value": { "id": "2", "active": false } });
    check_patch(READ_ONLY_VALUES, "/Users/1", other.clone(), other);
    check_patch(
        READ_ONLY_VALUES,
        "/Users/1",
        json!({ "op": "Replace", "path": "Id", "value": "1" }),
        json!({ "op": "replace", "value": {} }),
    );
    for other in [
        json!({ "op": "replace", "path": "id", "value": "2" }),
        json!({ "op": "remove", "path": "id", "value": "1" }),
        json!({ "op": "add", "path": "externalId", "value": "1" }),
        json!({ "op": "add", "path": "meta", "value": {} }),
    ] {
        check_patch(READ_ONLY_VALUES, "/Users/1", other.clone(), other);
    }
    check_body(
        EMPTY_OPERATIONS,
        "PATCH",
        "/Users/1",
        json!({ "Operations": [] }),
        json!({ "Operations": [{ "op": "replace", "value": {} }] }),
    );
    // What stands beside them was meant: nothing of it is dropped.
    let beside = json!({ "Operations": [], "active": false });
    check_body(EMPTY_OPERATIONS, "PATCH", "/Users/1", beside.clone(), beside);
    check_body(
        PATCH_SCHEMA,
        "PATCH",
        "/Users/1",
        json!({ "schemas": ["urn:x:core:2.0:PatchOp"], "Operations": [] }),
        json!({ "schemas": [lockstep_scim::patch::PATCH_OP_URN], "Operations": [] }),
    );
    let wrong = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "Operations": [] });
    check_body(PATCH_SCHEMA, "PATCH", "/Users/1", wrong.clone(), wrong);
}

#[test]
fn empty_text_is_no_value() {
    for (before, after) in [
        (json!({ "title": "", "userName": "" }), json!({ "userName": "" })),
        (json!({ "active": "", "TITLE": " " }), json!({ "TITLE": " " })),
        (json!({ "name": { "givenName": "", "familyName": "L" } }), json!({ "name": { "familyName": "L" } })),
        (json!({ "name.givenName": "", "nobodyKnows": "" }), json!({ "nobodyKnows": "" })),
        (
            json!({ "phoneNumbers": [{ "value": "", "type": "work" }, { "value": "1", "display": "" }] }),
            json!({ "phoneNumbers": [{ "value": "1" }] }),
        ),
        (
            json!({ "addresses": [{ "locality": "", "country": "", "type": "work" }, { "locality": "", "country": "DE" }] }),
            json!({ "addresses": [{ "country": "DE" }] }),
        ),
        (json!({ "emails": "", "emails.value": "" }), json!({ "emails.value": "" })),
        (json!({ "addresses": [{ "type": "work" }] }), json!({ "addresses": [{ "type": "work" }] })),
        (json!({ ENTERPRISE: { "department": "" } }), json!({ ENTERPRISE: {} })),
        (json!({ format!("{ENTERPRISE}:department"): "" }), json!({})),
    ] {
        for (method, path) in [("POST", "/Users"), ("PUT", "/Users/1")] {
            check_body(EMPTY_TEXT, method, path, before.clone(), after.clone());
        }
    }
    let joins = json!({ "displayName": "Sales", "members": [{ "value": "" }] });
    check_body(EMPTY_TEXT, "POST", "/Groups", joins.clone(), joins);
    let op = |op: &str, path: &str, value: Value| json!({ "op": op, "path": path, "value": value });
    for (before, after) in [
        (op("Replace", "title", json!("")), op("Replace", "title", Value::Null)),
        (
            json!({ "op": "add", "value": { "title": "", "active": "" } }),
            json!({ "op": "add", "value": { "title": null, "active": "" } }),
        ),
        (
            op("replace", ENTERPRISE, json!({ "department": "", "costCenter": "7" })),
            op("replace", ENTERPRISE, json!({ "department": null, "costCenter": "7" })),
        ),
    ] {
        check_patch(EMPTY_TEXT, "/Users/1", before, after);
    }
    for same in [
        op("remove", "title", json!("")),
        op("replace", "userName", json!("")),
        op("replace", "active", json!("")),
        op("replace", "emails", json!("")),
        op("replace", "emails[type eq \"work\"].value", json!("")),
        op("add", "emails", json!([{ "value": "", "type": "work" }])),
    ] {
        check_patch(EMPTY_TEXT, "/Users/1", same.clone(), same);
    }
}

#[test]
fn what_is_emptied_is_cleared_where_a_put_keeps_what_it_does_not_name() {
    let terms = Terms::new(Rules { put_keeps_absent: true, ..Rules::default() });
    for (method, after) in [
        ("PUT", json!({ "title": null, "name": { "givenName": null }, ENTERPRISE: { "department": null } })),
        ("POST", json!({ "name": {}, ENTERPRISE: {} })),
    ] {
        let before = json!({
            "title": "", "active": "", "name": { "givenName": "" }, ENTERPRISE: { "department": "" },
        });
        let mut request = Request::new(method, "/Users/1").with_body(before);
        assert!((EMPTY_TEXT.apply)(&mut request, &terms).is_some());
        assert_eq!(request.body, Some(after), "{method}");
        assert_eq!((EMPTY_TEXT.apply)(&mut request, &terms), None, "{method} twice");
    }
}

#[test]
fn who_is_meant_by_an_empty_membership_is_nobodys_to_guess() {
    let terms = Terms::new(Rules { memberships_through_users: true, ..Rules::default() });
    for (path, list) in [("/Users/1", "groups"), ("/Groups/1", "members")] {
        for value in [json!([{ "display": "Sales" }]), json!([{ "value": "" }]), json!([""]), json!("")] {
            let body = json!({ list: value });
            let mut request = Request::new("PUT", path).with_body(body.clone());
            for repair in [EMPTY_TEXT, VALUELESS_ELEMENTS] {
                assert_eq!((repair.apply)(&mut request, &terms), None, "{} {body}", repair.name);
            }
            assert_eq!(request.body, Some(body));
        }
    }
}

#[test]
fn schemas_of_old_are_todays() {
    const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
    const OLD: &str = "urn:scim:schemas:extension:enterprise:1.0";
    for (before, after) in [
        (json!(["urn:scim:schemas:core:1.0"]), json!([USER])),
        (json!(["URN:SCIM:schemas:core:1.1", OLD]), json!([USER, ENTERPRISE])),
        (json!(["urn:scim:schemas:core:2.0:User", USER]), json!([USER])),
        (json!(["urn:scim:schemas:core:1.0", "urn:scim:schemas:core:1.1", null]), json!([USER, null])),
        (json!(["urn:scim:schemas:core:2.0:Group"]), json!(["urn:scim:schemas:core:2.0:Group"])),
        (json!(["urn:scim:schemas:core:3.0"]), json!(["urn:scim:schemas:core:3.0"])),
        (json!("urn:scim:schemas:core:1.0"), json!("urn:scim:schemas:core:1.0")),
        (json!([USER, "urn:example:own"]), json!([USER, "urn:example:own"])),
    ] {
        check_body(OLD_SCHEMAS, "POST", "/Users", json!({ "schemas": before }), json!({ "schemas": after }));
    }
    let department = json!({ "department": "Sales" });
    check_body(OLD_SCHEMAS, "PUT", "/Users/1", json!({ OLD: department }), json!({ ENTERPRISE: department }));
    let both = json!({ OLD: department, ENTERPRISE: { "department": "Service" } });
    check_body(OLD_SCHEMAS, "PUT", "/Users/1", both.clone(), both);
    let op = |path: &str| json!({ "op": "replace", "path": path, "value": "Sales" });
    check_patch(
        OLD_SCHEMAS,
        "/Users/1",
        op(&format!("{OLD}:department")),
        op(&format!("{ENTERPRISE}:department")),
    );
    check_patch(
        OLD_SCHEMAS,
        "/Users/1",
        json!({ "op": "add", "value": { OLD: department } }),
        json!({ "op": "add", "value": { ENTERPRISE: department } }),
    );
    // A change as SCIM 1.1 wrote it is not one of SCIM 2.0 for having its schema's name.
    let change = json!({ "schemas": ["urn:scim:schemas:core:1.0"], "active": false });
    check_body(OLD_SCHEMAS, "PATCH", "/Users/1", change.clone(), change);
}

#[test]
fn one_value_is_primary() {
    let list = |first: Value, second: Value| json!([first, { "value": "b" }, second]);
    let (a, c) = (json!({ "value": "a", "primary": true }), json!({ "value": "c", "Primary": true }));
    let (before, after) = (list(a.clone(), c), list(a, json!({ "value": "c" })));
    check_body(ONE_PRIMARY, "POST", "/Users", json!({ "emails": before }), json!({ "emails": after }));
    check_body(ONE_PRIMARY, "PUT", "/Users/1", json!({ "ROLES": before }), json!({ "ROLES": after }));
    let op = |value: &Value| json!({ "op": "add", "path": "emails", "value": value });
    check_patch(ONE_PRIMARY, "/Users/1", op(&before), op(&after));
    check_patch(ONE_PRIMARY, "/Users/1", op(&after), op(&after));
}

#[test]
fn details_hold_no_values() {
    let mut request = Request::new("POST", "/Users").with_body(json!({
        "userName": 5_550_100, "active": "true", "emails": [{ "value": "secret@example.com", "primary": "true" }],
    }));
    for repair in ALL {
        let detail = (repair.apply)(&mut request, &terms()).unwrap_or_default();
        assert!(!detail.contains("secret") && !detail.contains("5550100"), "{detail}");
    }
}

/// A user as the RFC wants it.
fn right_user() -> impl Strategy<Value = Value> {
    let text = "[ -~]{1,12}";
    let address =
        (text, proptest::option::of(any::<bool>()), "work|home|other").prop_map(|(value, primary, kind)| {
            let mut address = json!({ "value": value, "type": kind });
            if let Some(primary) = primary {
                address["primary"] = json!(primary);
            }
            address
        });
    (text, any::<bool>(), proptest::collection::vec(address, 0..3), text, text).prop_map(
        |(name, active, mut emails, department, manager)| {
            // RFC 7643 §2.4: at most one value is primary.
            for email in emails.iter_mut().filter(|email| email["primary"] == true).skip(1) {
                email["primary"] = json!(false);
            }
            json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
                "userName": name, "active": active, "emails": emails, "name": { "givenName": department },
                ENTERPRISE: { "department": department, "manager": { "value": manager } },
            })
        },
    )
}

/// A request as the RFC wants it.
fn right_request() -> impl Strategy<Value = Request> {
    let operation = prop_oneof![
        any::<bool>().prop_map(|active| json!({ "op": "replace", "path": "active", "value": active })),
        "[ -~]{1,9}".prop_map(|name| json!({ "op": "add", "path": "name.givenName", "value": name })),
        "[a-z]{1,9}".prop_map(|id| json!({ "op": "replace", "path": MANAGER, "value": { "value": id } })),
        Just(json!({ "op": "remove", "path": "emails[type eq \"work\"]" })),
        Just(json!({ "op": "remove", "path": "title" })),
    ];
    let patch = proptest::collection::vec(operation, 1..4).prop_map(|operations| {
        let body = json!({ "schemas": [lockstep_scim::patch::PATCH_OP_URN], "Operations": operations });
        Request::new("PATCH", "/Users/1").with_body(body)
    });
    let members = proptest::collection::vec("[a-z]{1,9}", 1..4).prop_map(|ids| {
        let members: Vec<Value> = ids.iter().map(|id| json!({ "value": id })).collect();
        let add = json!({ "op": "add", "path": "members", "value": members });
        let remove = json!({ "op": "remove", "path": format!("members[value eq \"{}\"]", ids[0]) });
        Request::new("PATCH", "/Groups/1").with_body(json!({ "Operations": [add, remove] }))
    });
    let search = "[a-zA-Z0-9 ]{0,12}".prop_map(|text| {
        Request::new("GET", "/Users")
            .with_query("filter", &format!("userName eq \"{text}\""))
            .with_query("count", "5")
    });
    let create = right_user().prop_map(|user| Request::new("POST", "/Users").with_body(user));
    let replace = right_user().prop_map(|user| Request::new("PUT", "/Users/1").with_body(user));
    let group = (proptest::collection::vec("[a-z]{1,9}", 0..4), any::<bool>()).prop_map(|(ids, replaces)| {
        let members: Vec<Value> = ids.iter().map(|id| json!({ "value": id, "type": "User" })).collect();
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Staff", "members": members,
        });
        let (method, path) = if replaces { ("PUT", "/Groups/1") } else { ("POST", "/Groups") };
        Request::new(method, path).with_body(body)
    });
    prop_oneof![patch, members, search, create, replace, group]
}

/// Any JSON, with words that the repairs look at.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("True"),
        Just("false"),
        Just(""),
        Just("[]"),
        Just("a"),
        Just("{\"value\":\"x\"}"),
        Just("add"),
        Just("Remove"),
        Just("replace"),
        Just("members"),
        Just("members[value eq \"7\"]"),
        Just("active"),
        Just("emails[type eq \"work\"].primary"),
        Just(MANAGER),
        Just("roles"),
        Just("manager.value"),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        word.prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("op"),
        Just("path"),
        Just("value"),
        Just("Operations"),
        Just("schemas"),
        Just("id"),
        Just("meta"),
        Just("active"),
        Just("emails"),
        Just("roles"),
        Just("primary"),
        Just("members"),
        Just(ENTERPRISE),
        Just(MANAGER),
        Just("manager"),
        Just("externalId"),
    ];
    leaf.prop_recursive(5, 40, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((key.clone(), inner), 0..4).prop_map(|members| {
                Value::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn a_query_that_is_encoded_means_what_it_says(text in "[ -~é€]{0,20}", spaces_as_plus in any::<bool>()) {
        let filter = format!("userName eq {}", Value::from(text));
        let mut raw = form_urlencoded::Serializer::new(String::new())
            .append_pair("filter", &filter)
            .append_pair("count", "1")
            .finish();
        if !spaces_as_plus {
            raw = raw.replace('+', "%20");
        }
        let mut request = with_raw_query(&raw);
        prop_assert_eq!((UNESCAPED_QUERY.apply)(&mut request, &terms()), None);
        prop_assert_eq!(request.query_value("filter"), Some(filter.as_str()));
    }

    #[test]
    fn a_request_that_is_right_stays_as_it_is(request in right_request()) {
        for repair in ALL {
            let mut after = request.clone();
            prop_assert_eq!((repair.apply)(&mut after, &terms()), None, "{}", repair.name);
            prop_assert_eq!(&after, &request, "{}", repair.name);
        }
    }

    #[test]
    fn no_idps_repairs_together_change_a_request_that_is_right(request in right_request()) {
        for provider in crate::PROVIDERS {
            let mut after = request.clone();
            let notes = crate::repair(provider, &mut after, &Terms::new((provider.rules)()), &[]);
            prop_assert_eq!(notes, vec![], "{}", provider.slug);
            prop_assert_eq!(&after, &request, "{}", provider.slug);
        }
    }

    #[test]
    fn an_idps_repairs_done_twice_are_done_once(
        body in any_json(),
        operations in proptest::collection::vec(any_json(), 0..4),
        method in "POST|PUT|PATCH",
        path in "/Users/1|/Groups/1",
        filter in "[ -~]{0,30}",
    ) {
        let bodies = [body, json!({ "Operations": operations })];
        for (provider, body) in crate::PROVIDERS.iter().flat_map(|provider| bodies.iter().map(move |body| (provider, body))) {
            let terms = Terms::new((provider.rules)());
            let mut once = Request::new(&method, &path).with_query("filter", &filter).with_body(body.clone());
            crate::repair(provider, &mut once, &terms, &[]);
            let mut twice = once.clone();
            prop_assert_eq!(crate::repair(provider, &mut twice, &terms, &[]), vec![], "{}", provider.slug);
            prop_assert_eq!(twice, once, "{}", provider.slug);
        }
    }

    #[test]
    fn a_repair_done_twice_is_done_once(
        body in any_json(),
        operations in proptest::collection::vec(any_json(), 0..4),
        method in "POST|PUT|PATCH",
        path in "/Users/1|/Groups/1",
        filter in "[ -~]{0,30}",
    ) {
        let bodies = [body, json!({ "Operations": operations })];
        for (repair, body) in ALL.iter().flat_map(|repair| bodies.iter().map(move |body| (repair, body))) {
            let mut once = Request::new(&method, &path).with_query("filter", &filter).with_body(body.clone());
            (repair.apply)(&mut once, &terms());
            let mut twice = once.clone();
            prop_assert_eq!((repair.apply)(&mut twice, &terms()), None, "{}", repair.name);
            prop_assert_eq!(twice, once, "{}", repair.name);
        }
    }
}
