//! Each demand, met and not met.

use serde_json::json;

use super::*;

fn answer(status: u16, body: Value) -> Answer {
    Answer {
        status,
        content_type: "application/scim+json; charset=utf-8".to_owned(),
        has_body: true,
        body: Some(body),
        took: Duration::from_millis(20),
        ..Answer::default()
    }
}

#[test]
fn a_demand_is_met_or_says_what_is_missing() {
    let user = answer(200, json!({ "id": "1", "active": true, "userName": "ann", "title": null }));
    let list = answer(200, json!({ "Resources": [{ "id": "1" }, {}], "totalResults": 2 }));
    let page = Answer { body: None, content_type: "text/html".to_owned(), ..answer(500, Value::Null) };
    let sent = json!({ "userName": "bob", "active": "True", "nickName": "b" });
    let cases: &[(&Answer, Demand, &str)] = &[
        (&user, Demand::Status(&[200]), ""),
        (&user, Demand::Status(&[201, 204]), "expected 201 or 204, was answered with 200"),
        (&page, Demand::Status(&[201]), "expected 201, was answered with 500"),
        (&user, Demand::Present("/id"), ""),
        (&user, Demand::Present("/title"), "nothing stands at `/title`"),
        (&page, Demand::Present("/id"), ""),
        (&user, Demand::Is("/active", "true"), ""),
        (&user, Demand::Is("/active", "false"), "`/active` is true, expected false"),
        (&user, Demand::Echo("/active"), ""),
        (&user, Demand::Echo("/displayName"), ""),
        (&user, Demand::Echo("/nickName"), "`/nickName` was sent and does not come back"),
        (&user, Demand::Echo("/userName"), "`/userName` comes back as another value than was sent"),
        (&list, Demand::EachHas("/id"), "1 of 2 resources have nothing at `/id`"),
        (&user, Demand::EachHas("/id"), ""),
        (&list, Demand::List("Resources"), ""),
        (&user, Demand::List("Resources"), "`Resources` is missing; it must be there also where it is empty"),
        (&list, Demand::List("totalResults"), "`totalResults` is no list"),
        (&user, Demand::Body, ""),
        (&user, Demand::Json, ""),
        (&page, Demand::Json, "the body is not JSON"),
        (&list, Demand::NoNulls, ""),
        (&user, Demand::NoNulls, "`/title` is null"),
        (&user, Demand::ContentType(&["application/scim+json"]), ""),
        (
            &user,
            Demand::ContentType(&["application/json"]),
            "Content-Type is `application/scim+json; charset=utf-8`, expected application/json",
        ),
        (&user, Demand::Within(20), ""),
        (&user, Demand::Within(19), "it took 20 ms, expected at most 19"),
    ];
    for (answer, demand, wanted) in cases {
        assert_eq!(failure(*demand, Some(&sent), answer).unwrap_or_default(), *wanted, "{demand:?}");
    }
}
