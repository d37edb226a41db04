//! What `error` promises, as tables and properties.

use serde_json::json;

use super::{Error, shown};

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
