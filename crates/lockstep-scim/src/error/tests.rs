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

#[test]
fn absurd_names_are_cut_short() {
    assert_eq!(shown("a\nb\u{0}c"), "abc");
    assert_eq!(shown(&"é".repeat(200)).chars().count(), 81);
}
