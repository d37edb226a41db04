//! What `error` promises, as tables and properties.

use serde_json::{Value, json};

use super::{Error, shown};
use crate::patch::{self, PatchOptions};
use crate::path::Path;
use crate::projection::Projection;
use crate::resource::{self, ReadOptions};
use crate::schema::Schema;
use crate::search::SearchRequest;
use crate::{Definition, Limits, bulk, filter, json as reading};

#[test]
fn the_body_has_a_status_in_text_and_a_type_where_there_is_one() {
    let urn = "urn:ietf:params:scim:api:messages:2.0:Error";
    for (error, expected) in [
        (
            Error::invalid_value("emails[0].value: must be a string"),
            json!({"schemas": [urn], "status": "400", "scimType": "invalidValue", "detail": "emails[0].value: must be a string"}),
        ),
        (
            Error::not_found("no such user"),
            json!({"schemas": [urn], "status": "404", "detail": "no such user"}),
        ),
        (
            Error::conflict("userName"),
            json!({"schemas": [urn], "status": "409", "scimType": "uniqueness", "detail": "userName: another resource already has this value"}),
        ),
    ] {
        assert_eq!(error.to_json(), expected);
    }
    for (error, status) in [
        (Error::unauthorized("x"), 401),
        (Error::forbidden("x"), 403),
        (Error::sensitive("x"), 403),
        (Error::method_not_allowed("x"), 405),
        (Error::precondition_failed("x"), 412),
        (Error::too_large("x"), 413),
        (Error::unsupported_media_type("x"), 415),
        (Error::too_many_requests("x"), 429),
        (Error::internal("r1"), 500),
        (Error::not_implemented("x"), 501),
        (Error::unavailable("x"), 503),
    ] {
        assert_eq!(error.status, status);
    }
}

// Shows: ERR-03, ERR-13
#[test]
fn every_kind_of_failure_has_its_word_and_its_status() {
    for (error, status, word) in [
        (Error::invalid_filter("x"), 400, "invalidFilter"),
        (Error::too_many("x"), 400, "tooMany"),
        (Error::mutability("x"), 400, "mutability"),
        (Error::invalid_syntax("x"), 400, "invalidSyntax"),
        (Error::invalid_path("x"), 400, "invalidPath"),
        (Error::no_target("x"), 400, "noTarget"),
        (Error::invalid_value("x"), 400, "invalidValue"),
        (Error::invalid_version("x"), 400, "invalidVers"),
        (Error::invalid_cursor("x"), 400, "invalidCursor"),
        (Error::expired_cursor("x"), 400, "expiredCursor"),
        (Error::invalid_count("x"), 400, "invalidCount"),
        (Error::conflict("x"), 409, "uniqueness"),
        // Erratum 6893: the example says 404 where the table means 403.
        (Error::sensitive("x"), 403, "sensitive"),
    ] {
        let body = error.to_json();
        assert_eq!((&body["status"], &body["scimType"]), (&json!(status.to_string()), &json!(word)));
    }
}

#[test]
fn absurd_names_are_cut_short() {
    assert_eq!(shown("a\nb\u{0}c"), "abc");
    assert_eq!(shown(&"é".repeat(200)).chars().count(), 81);
}

/// What is refused under limits that allow one of everything.
fn refused(what: &str) -> Error {
    let limits = Limits {
        body_bytes: 5,
        json_depth: 1,
        filter_bytes: 30,
        filter_depth: 1,
        filter_terms: 1,
        path_bytes: 9,
        patch_operations: 1,
        bulk_operations: 1,
        members_per_request: 1,
        values_per_attribute: 1,
        patch_comparisons: 1,
        string_bytes: 1,
        page_resources: 1,
        projection_attributes: 1,
        schema_attributes: 1,
        schema_sub_attributes: 1,
        schema_canonical_values: 1,
        schema_name_bytes: 40,
        // The same as of names: each is known by its own name.
        schema_description_bytes: 40,
    };
    let (user, group) = (Definition::user(), Definition::group());
    let patched = |operations: Value| {
        let options = PatchOptions::default();
        let stored = json!({"emails": [{"value": "1"}, {"value": "2"}]});
        let patch = patch::parse(&json!({ "Operations": operations }), &user, &options, &limits)?;
        patch::apply(&patch.operations, stored.as_object().unwrap(), &user, &options, &limits).map(drop)
    };
    let read = |body: Value, definition: &Definition| {
        resource::read(body, definition, &ReadOptions::default(), &limits).map(drop)
    };
    let defined = |name: &str, description: &str, attributes: Value| {
        let schema = json!({
            "id": "urn:example:badge", "name": name, "description": description, "attributes": attributes,
        });
        Schema::from_json(&schema, &limits).map(drop)
    };
    let (one, wide) = (json!({"name": "a"}), "a".repeat(41));
    let outcome = match what {
        "body_bytes" => reading::parse(b"[1, 2]", &limits).map(drop),
        "json_depth" => reading::parse(b"[[1]]", &limits).map(drop),
        "filter_bytes" => filter::parse(&"a".repeat(31), &limits).map(drop),
        "filter_depth" => filter::parse("((a pr))", &limits).map(drop),
        "filter_terms" => filter::parse("a pr or b pr", &limits).map(drop),
        "path_bytes" => Path::parse("aaaaaaaaaa", &limits).map(drop),
        "patch_operations" => patched(json!([1, 2])),
        "bulk_operations" => {
            bulk::parse(json!({"schemas": [bulk::BULK_REQUEST_URN], "Operations": [1, 2]}), &limits).map(drop)
        }
        "members_per_request" => read(json!({"members": [{"value": "1"}, {"value": "2"}]}), &group),
        "values_per_attribute" => read(json!({"emails": [{"value": "1"}, {"value": "2"}]}), &user),
        "patch_comparisons" => patched(json!([{"op": "remove", "path": "emails"}])),
        "string_bytes" => read(json!({"userName": "ada"}), &user),
        "projection_attributes" => Projection::parse(Some("id,meta"), None, &user, &limits).map(drop),
        "schema_attributes" => defined("a", "", json!([one, one])),
        "schema_sub_attributes" => {
            defined("a", "", json!([{"name": "a", "type": "complex", "subAttributes": [one, one]}]))
        }
        "schema_canonical_values" => defined("a", "", json!([{"name": "a", "canonicalValues": ["1", "2"]}])),
        "schema_name_bytes" => defined(&wide, "", json!([one])),
        _ => defined("a", &wide, json!([one])),
    };
    outcome.unwrap_err()
}

#[test]
fn a_limit_that_is_exceeded_is_named() {
    for limit in [
        "body_bytes",
        "json_depth",
        "filter_bytes",
        "filter_depth",
        "filter_terms",
        "path_bytes",
        "patch_operations",
        "bulk_operations",
        "members_per_request",
        "values_per_attribute",
        "patch_comparisons",
        "string_bytes",
        "projection_attributes",
        "schema_attributes",
        "schema_sub_attributes",
        "schema_canonical_values",
        "schema_name_bytes",
        "schema_description_bytes",
    ] {
        let error = refused(limit);
        assert_eq!(error.limit, Some(limit), "{error}");
    }
    // By other ways to the same limits.
    let limits = Limits { string_bytes: 1, projection_attributes: 1, ..Limits::default() };
    assert_eq!(reading::parse(b"[\"ada\"]", &limits).unwrap_err().limit, Some("string_bytes"));
    let body = json!({"schemas": [crate::search::SEARCH_REQUEST_URN], "attributes": ["id", "meta"]});
    let error = SearchRequest::from_body(&body, &limits).unwrap_err();
    assert_eq!(error.limit, Some("projection_attributes"), "{error}");
}

#[test]
fn the_column_of_a_path_is_known_inside_a_request_too() {
    let body = json!({"Operations": [{"op": "remove", "path": "emails[type eq work]"}]});
    let parsed = patch::parse(&body, &Definition::user(), &PatchOptions::default(), &Limits::default());
    let error = parsed.unwrap_err();
    assert!(error.detail.starts_with("Operations[0]: path, column 16: "), "{error}");
    assert_eq!((error.position, error.limit), (Some(16), None));
}
