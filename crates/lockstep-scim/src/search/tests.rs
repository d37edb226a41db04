//! What reading a search promises.

use serde_json::{Value, json};

use super::{SEARCH_REQUEST_URN, SearchRequest};
use crate::{Limits, ScimType};

fn body(mut members: Value) -> Value {
    members["schemas"] = json!([SEARCH_REQUEST_URN]);
    members
}

fn read(body: &Value) -> Result<SearchRequest, crate::Error> {
    SearchRequest::from_body(body, &Limits::default())
}

// Shows: SEARCH-03
#[test]
fn a_body_and_a_query_string_ask_the_same() {
    let written = body(json!({
        "attributes": ["userName", "name.givenName"],
        "filter": "active eq true",
        "sortBy": "userName",
        "sortOrder": "descending",
        "startIndex": 3,
        "count": -1,
        "cursor": "",
        "excludedAttributes": null,
        "colour": { "red": 1 },
    }));
    let parameters = [
        ("attributes", "userName, name.givenName"),
        ("Filter", "active eq true"),
        ("sortBy", "userName"),
        ("sortOrder", "descending"),
        ("startIndex", "3"),
        ("count", "-1"),
        ("cursor", ""),
        ("colour", "red"),
        ("colour", "blue"),
    ];
    let asked = SearchRequest::from_parameters(parameters).unwrap();
    assert_eq!(read(&written).unwrap(), asked);
    assert_eq!(asked.attributes, ["userName", "name.givenName"]);
    assert_eq!(asked.cursor.as_deref(), Some(""));
}

// Shows: SEARCH-02, SEARCH-05, PROJ-12
#[test]
fn another_message_or_type_is_refused() {
    use ScimType::{InvalidSyntax, InvalidValue};
    for (wrong, kind) in [
        (json!([]), InvalidSyntax),
        (json!({}), InvalidSyntax),
        (json!({ "schemas": SEARCH_REQUEST_URN }), InvalidSyntax),
        (json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"] }), InvalidSyntax),
        (body(json!({ "attributes": "userName" })), InvalidSyntax),
        (body(json!({ "attributes": ["userName", 1] })), InvalidSyntax),
        (body(json!({ "excludedAttributes": {} })), InvalidSyntax),
        (body(json!({ "filter": ["a pr"] })), InvalidSyntax),
        (body(json!({ "filter": "a pr", "FILTER": "b pr" })), InvalidSyntax),
        (body(json!({ "sortBy": 1 })), InvalidSyntax),
        (body(json!({ "sortOrder": true })), InvalidSyntax),
        (body(json!({ "cursor": 1 })), InvalidSyntax),
        (body(json!({ "count": "ten" })), InvalidValue),
        (body(json!({ "startIndex": [1] })), InvalidValue),
        (body(json!({ "attributes": vec!["a"; 101] })), InvalidValue),
    ] {
        let error = read(&wrong).unwrap_err();
        assert_eq!((error.status, error.scim_type), (400, Some(kind)), "{wrong}: {error}");
    }
}

#[test]
fn a_parameter_that_means_something_is_given_once() {
    let error = SearchRequest::from_parameters([("count", "1"), ("COUNT", "2")]).unwrap_err();
    assert_eq!(error.scim_type, Some(ScimType::InvalidValue));
}
