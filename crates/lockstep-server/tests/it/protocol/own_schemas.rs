//! Schemas that a directory has of its own, over the wire: defined, used, evolved, removed.

use lockstep_server::worker;
use lockstep_store::Store;
use lockstep_testkit::{ScimClient, TestApp};
use serde_json::{Value, json};

use super::{ENTERPRISE, USER, get, refusal};

const URN: &str = "urn:example:badge:1.0:User";

fn attributes() -> Value {
    json!([
        { "name": "colour", "description": "Of the badge", "canonicalValues": ["red", "blue"] },
        { "name": "serial", "caseExact": true, "mutability": "immutable" },
        { "name": "number", "type": "integer" },
        { "name": "since", "type": "dateTime" },
        { "name": "doors", "multiValued": true },
        { "name": "pin", "mutability": "writeOnly", "returned": "never" },
        { "name": "issuer", "mutability": "readOnly" },
        { "name": "note", "returned": "request" },
        { "name": "mark", "returned": "always" },
        { "name": "trace", "returned": "never" },
        { "name": "desk", "type": "complex", "subAttributes": [
            { "name": "floor", "type": "integer", "required": true }, { "name": "row" },
        ] },
    ])
}

#[expect(clippy::needless_pass_by_value, reason = "a test's JSON is written where it is used")]
fn body(urn: &str, attributes: Value) -> Value {
    json!({ "resource_type": "User", "schema": { "id": urn, "name": "Badge", "attributes": attributes } })
}

async fn define<S: Store>(app: &TestApp<S>, idp: &ScimClient, body: Value) -> Value {
    app.api("POST", &format!("/directories/{}/schemas", idp.directory), body).await.expect(201)
}

fn path(idp: &ScimClient, urn: &str) -> String {
    format!("/directories/{}/schemas/{}", idp.directory, urn.replace(':', "%3A"))
}

/// Makes a user with this under the schema, and answers with it.
async fn user(idp: &ScimClient, name: &str, badge: Value) -> Value {
    let body = json!({ "schemas": [USER, URN], "userName": name, "active": true, URN: badge });
    idp.scim("POST", "/Users", body).await.expect(201)
}

fn query(path: &str, pairs: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("{path}?{query}")
}

/// A list of the customer's own, as one value of it is taken away by its URN and a filter.
#[tokio::test]
async fn one_value_of_a_list_goes_by_urn_and_filter_though_the_urn_has_dots() {
    let app = TestApp::start().await;
    let organization = app.organization("Acme").await;
    let idp = app.directory(&organization, "azure scim v2.0").await;
    let urn = "urn:ietf:params:scim:schemas:extension:acme:2.0:User";
    let roles = json!([{ "name": "roles", "type": "complex", "multiValued": true, "subAttributes": [
        { "name": "value" }, { "name": "display" },
    ] }]);
    define(&app, &idp, body(urn, roles)).await;
    let both = json!({ "roles": [{ "value": "admin-role-id" }, { "value": "user-role-id" }] });
    let made = json!({ "schemas": [USER, urn], "userName": "one@example.com", urn: both });
    let made = idp.scim("POST", "/Users", made).await.expect(201);
    let operation = json!({ "op": "Remove", "path": format!("{urn}:roles[value eq \"admin-role-id\"]") });
    let changed = idp.patch(&format!("/Users/{}", made["id"].as_str().unwrap()), operation).await.expect(200);
    assert_eq!(changed[urn]["roles"], json!([{ "value": "user-role-id" }]));
    app.finish().await;
}

// Shows: DISC-14, DISC-15, DISC-17, DISC-28
#[tokio::test]
async fn discovery_tells_of_a_schema_in_its_directory_and_in_no_other() {
    let app = TestApp::start().await;
    let (idp, other) = (app.tenant("Acme").await, app.tenant("Other").await);
    let made = define(&app, &idp, body(URN, attributes())).await;
    assert_eq!((&made["object"], &made["id"]), (&json!("directory_schema"), &json!(URN)));
    assert_eq!((&made["resource_type"], &made["required"]), (&json!("User"), &json!(false)));
    assert_eq!(app.read(&path(&idp, URN)).await, made);
    assert_eq!(app.read(&path(&idp, &URN.to_uppercase())).await, made);
    assert_eq!(app.read(&format!("/directories/{}/schemas", idp.directory)).await["data"], json!([made]));

    let schema = get(&idp, &format!("/Schemas/{URN}")).await;
    assert_eq!((&schema["id"], &schema["name"]), (&json!(URN), &json!("Badge")));
    assert_eq!(schema["schemas"], json!(["urn:ietf:params:scim:schemas:core:2.0:Schema"]));
    assert_eq!(schema["attributes"], made["schema"]["attributes"]);
    assert_eq!(schema["attributes"][0]["canonicalValues"], json!(["red", "blue"]));
    let all = get(&idp, "/Schemas").await;
    assert!(all["Resources"].as_array().unwrap().contains(&schema));
    let types = get(&idp, "/ResourceTypes/User").await;
    let extensions =
        json!([{ "schema": ENTERPRISE, "required": false }, { "schema": URN, "required": false }]);
    assert_eq!(types["schemaExtensions"], extensions);
    assert!(get(&idp, "/ResourceTypes/Group").await.get("schemaExtensions").is_none());

    assert_eq!(other.scim("GET", &format!("/Schemas/{URN}"), Value::Null).await.status, 404);
    assert_eq!(get(&other, "/Schemas").await["totalResults"], 3);
    assert_eq!(app.api("GET", &path(&other, URN), Value::Null).await.status, 404);
    app.finish().await;
}

// Shows: SCHEMA-01, SCHEMA-04, SCHEMA-06, SCHEMA-08, SCHEMA-09, SCHEMA-11, SCHEMA-14
#[tokio::test]
async fn values_are_held_to_their_schema_whatever_writes_them() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    define(&app, &idp, body(URN, attributes())).await;
    let badge = json!({
        "COLOUR": "green", "serial": "A1", "number": 7, "since": "2026-01-02T03:04:05Z", "doors": ["a", "b"],
        "pin": "1234", "issuer": "me", "desk": { "floor": 2, "row": "x" },
    });
    let made = user(&idp, "one@example.com", badge).await;
    assert_eq!(made["schemas"], json!([USER, URN]));
    let kept = json!({
        "colour": "green", "serial": "A1", "number": 7, "since": "2026-01-02T03:04:05Z", "doors": ["a", "b"],
        "desk": { "floor": 2, "row": "x" },
    });
    assert_eq!(
        made[URN], kept,
        "canonical names; what is readOnly or writeOnly is not kept; others are suggestions"
    );
    let id = made["id"].as_str().unwrap();
    let at = format!("/Users/{id}");
    let wrong = [
        ("number", json!(1.5)),
        ("number", json!("seven")),
        ("since", json!("2026-01-02")),
        ("doors", json!([1])),
        ("colour", json!(3)),
        ("desk", json!("x")),
        ("desk", json!({ "floor": "two" })),
    ];
    for (name, value) in wrong {
        let body = json!({ "schemas": [USER, URN], "userName": "two@example.com", URN: { name: value } });
        let created = idp.scim("POST", "/Users", body).await;
        assert_eq!(refusal(&created), (400, Some("invalidValue")), "{name} {value}: {}", created.text);
        let patched =
            idp.patch(&at, json!({ "op": "add", "path": format!("{URN}:{name}"), "value": value })).await;
        assert_eq!(refusal(&patched), (400, Some("invalidValue")), "{name} {value}: {}", patched.text);
    }
    let serial = json!({ "op": "replace", "path": format!("{URN}:serial"), "value": "a1" });
    assert_eq!(refusal(&idp.patch(&at, serial).await), (400, Some("mutability")));
    let issuer = json!({ "op": "add", "path": format!("{URN}:issuer"), "value": "you" });
    assert_eq!(refusal(&idp.patch(&at, issuer).await), (400, Some("mutability")));
    let put = json!({ "schemas": [USER, URN], "userName": "one@example.com", URN: { "serial": "B2" } });
    assert_eq!(refusal(&idp.scim("PUT", &at, put).await), (400, Some("mutability")));
    let put = json!({ "schemas": [USER, URN], "userName": "one@example.com", URN: { "colour": "red" } });
    let replaced = idp.scim("PUT", &at, put).await.expect(200);
    assert_eq!(replaced[URN], json!({ "colour": "red", "serial": "A1" }), "what is immutable stays");
    let event = app.events("events=dsync.user.created").await.pop().unwrap();
    assert_eq!(event["data"]["raw_attributes"][URN]["number"], 7);
    app.finish().await;
}

// Shows: DISC-30, PREM-14
#[tokio::test]
async fn a_required_extension_must_come_and_stay() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let old = idp.user("old@example.com").await;
    let mut wanted = body(URN, json!([{ "name": "colour", "required": true }, { "name": "size" }]));
    wanted["required"] = json!(true);
    define(&app, &idp, wanted).await;
    assert_eq!(get(&idp, "/ResourceTypes/User").await["schemaExtensions"][1]["required"], true);
    let without = json!({ "schemas": [USER], "userName": "one@example.com" });
    assert_eq!(refusal(&idp.scim("POST", "/Users", without).await), (400, Some("invalidValue")));
    let half = json!({ "schemas": [USER, URN], "userName": "one@example.com", URN: { "size": "L" } });
    assert_eq!(refusal(&idp.scim("POST", "/Users", half).await), (400, Some("invalidValue")));
    let made = user(&idp, "one@example.com", json!({ "colour": "red", "size": "L" })).await;
    let at = format!("/Users/{}", made["id"].as_str().unwrap());
    for path in [URN.to_owned(), format!("{URN}:colour")] {
        let answer = idp.patch(&at, json!({ "op": "remove", "path": path })).await;
        assert_eq!(refusal(&answer), (400, Some("mutability")), "{path}");
    }
    // Whoever was there before can still be deactivated.
    let off = json!({ "op": "replace", "path": "active", "value": false });
    idp.patch(&format!("/Users/{old}"), off).await.expect(200);
    app.finish().await;
}

// Shows: PROJ-03, PROJ-04, PROJ-05, PROJ-06, PROJ-07, PROJ-08, PROJ-14
#[tokio::test]
async fn filters_sorting_and_projection_know_the_attributes() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    define(&app, &idp, body(URN, attributes())).await;
    for (name, colour, number) in [("a", "Red", 3), ("b", "blue", 10), ("c", "red", 1)] {
        let badge = json!({
            "colour": colour, "number": number, "serial": colour, "note": "n", "mark": "m", "trace": "t",
            "desk": { "floor": number, "row": name },
        });
        user(&idp, &format!("{name}@example.com"), badge).await;
    }
    idp.user("d@example.com").await;
    let names = async |pairs: &[(&str, &str)]| -> Vec<String> {
        let found = get(&idp, &query("/Users", pairs)).await;
        let rows = found["Resources"].as_array().cloned().unwrap_or_default();
        rows.iter().map(|row| row["userName"].as_str().unwrap()[..1].to_owned()).collect()
    };
    for (filter, expected) in [
        (format!("{URN}:colour eq \"RED\""), vec!["a", "c"]),
        (format!("{URN}:serial eq \"red\""), vec!["c"]),
        (format!("{URN}:number gt 2 and {URN}:number le 10"), vec!["a", "b"]),
        (format!("{URN}:desk.floor eq 10"), vec!["b"]),
        (format!("not ({URN}:colour pr)"), vec!["d"]),
        (format!("{}:Colour sw \"b\"", URN.to_uppercase()), vec!["b"]),
    ] {
        assert_eq!(names(&[("filter", &filter)]).await, expected, "{filter}");
    }
    for filter in [format!("{URN}:shape eq \"x\""), format!("{URN}:number eq \"x\"")] {
        let answer = idp.scim("GET", &query("/Users", &[("filter", &filter)]), Value::Null).await;
        assert_eq!(refusal(&answer), (400, Some("invalidFilter")), "{filter}");
    }
    let by_number = [("sortBy", "urn:example:badge:1.0:User:number"), ("sortOrder", "descending")];
    assert_eq!(
        names(&by_number).await[1..],
        ["b", "a", "c"],
        "10 is more than 3, and nothing comes first downwards"
    );

    let one = async |pairs: &[(&str, &str)]| -> Value {
        let mut all = vec![("filter", "userName eq \"a@example.com\"")];
        all.extend_from_slice(pairs);
        get(&idp, &query("/Users", &all)).await["Resources"][0].clone()
    };
    let by_default = one(&[]).await;
    let shown = json!({
        "colour": "Red", "number": 3, "serial": "Red", "mark": "m", "desk": { "floor": 3, "row": "a" },
    });
    assert_eq!(by_default[URN], shown, "neither what is asked for only nor what is never shown");
    let note = format!("{URN}:note");
    assert_eq!(one(&[("attributes", &note)]).await[URN], json!({ "note": "n", "mark": "m" }));
    let trace = format!("{URN}:trace");
    assert_eq!(one(&[("attributes", &trace)]).await[URN], json!({ "mark": "m" }), "never is never");
    let part = format!("{URN}:desk.row");
    assert_eq!(one(&[("attributes", &part)]).await[URN], json!({ "desk": { "row": "a" }, "mark": "m" }));
    assert_eq!(one(&[("attributes", URN)]).await[URN], shown, "the extension, as it is shown by default");
    assert_eq!(one(&[("excludedAttributes", URN)]).await[URN], json!({ "mark": "m" }), "always is always");
    let without = one(&[("excludedAttributes", &format!("{URN}:colour,{URN}:mark"))]).await;
    assert!(without[URN].get("colour").is_none() && without[URN]["mark"] == "m", "{without}");
    app.finish().await;
}

#[tokio::test]
async fn an_evolution_shows_at_once_and_takes_away_in_steps() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    define(&app, &idp, body(URN, json!([{ "name": "colour" }, { "name": "size" }]))).await;
    let made = user(&idp, "one@example.com", json!({ "colour": "red", "size": "L" })).await;
    let id = made["id"].as_str().unwrap();
    let (at, own) = (format!("/Users/{id}"), path(&idp, URN));

    let wrong = body(URN, json!([{ "name": "colour", "type": "integer" }]));
    let answer = app.api("PUT", &own, wrong).await;
    assert_eq!((answer.status, &answer.body["code"]), (409, &json!("incompatible_schema")));
    assert!(answer.body["message"].as_str().unwrap().starts_with("colour: type"), "{}", answer.text);
    let renamed = body("urn:example:other:1.0", json!([{ "name": "colour" }]));
    assert_eq!(app.api("PUT", &own, renamed).await.problem().2, Some("schema"));
    let broken = body(URN, json!([{ "name": "colour", "type": "text" }]));
    let answer = app.api("PUT", &own, broken).await;
    assert_eq!(answer.problem(), (422, "invalid_request_parameters", Some("schema")));
    assert!(answer.body["message"].as_str().unwrap().starts_with("attributes[0].type"), "{}", answer.text);
    assert_eq!(get(&idp, &at).await, made, "nothing happened");

    let next = body(URN, json!([{ "name": "colour" }, { "name": "number", "type": "integer" }]));
    let changed = app.api("PUT", &own, next.clone()).await.expect(200);
    assert_eq!(changed["schema"]["attributes"][1]["name"], "number");
    assert_eq!(get(&idp, &at).await[URN], json!({ "colour": "red" }), "gone at once");
    let user = app.read(&format!("/directory_users/{id}")).await;
    assert_eq!(user["raw_attributes"][URN], json!({ "colour": "red" }), "for the application too");
    assert_eq!(app.read(&format!("/directories/{}", idp.directory)).await["schema_changes_pending"], true);
    let again = body(URN, json!([{ "name": "colour" }, { "name": "size" }]));
    let answer = app.api("PUT", &own, again.clone()).await;
    assert_eq!((answer.status, &answer.body["code"]), (409, &json!("schema_changes_pending")));
    idp.patch(&at, json!({ "op": "add", "path": format!("{URN}:number"), "value": 4 })).await.expect(200);
    app.work().await;
    assert_eq!(app.read(&format!("/directories/{}", idp.directory)).await["schema_changes_pending"], false);
    let update = app.events("events=dsync.user.updated").await.remove(0);
    assert_eq!(update["data"]["previous_attributes"]["raw_attributes"][URN]["size"], "L");
    app.api("PUT", &own, again).await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn a_removed_schema_is_gone_for_everybody_and_stays_gone() {
    let app = TestApp::start_on_sqlite().await;
    let idp = app.tenant("Acme").await;
    define(&app, &idp, body(URN, json!([{ "name": "colour" }]))).await;
    let one = user(&idp, "one@example.com", json!({ "colour": "red" })).await;
    let two = user(&idp, "two@example.com", json!({ "colour": "blue" })).await;
    let at = |made: &Value| format!("/Users/{}", made["id"].as_str().unwrap());
    let answer = app.api("DELETE", &path(&idp, URN), Value::Null).await;
    assert_eq!((answer.status, answer.text.as_str()), (202, ""));
    let request = answer.header("x-request-id").unwrap().to_owned();
    let shown = get(&idp, &at(&one)).await;
    assert!(shown.get(URN).is_none() && shown["schemas"] == json!([USER]), "{shown}");
    assert_eq!(idp.scim("GET", &format!("/Schemas/{URN}"), Value::Null).await.status, 404);
    let listed = app.read(&format!("/directory_users?directory={}", idp.directory)).await;
    assert!(!listed.to_string().contains(URN), "{listed}");
    let schemas = format!("/directories/{}/schemas", idp.directory);
    let pending = app.api("POST", &schemas, body(URN, json!([{ "name": "x" }]))).await;
    assert_eq!((pending.status, &pending.body["code"]), (409, &json!("schema_changes_pending")));
    assert_eq!(app.api("DELETE", &path(&idp, URN), Value::Null).await.status, 404);
    app.work().await;
    let updates = app.events("events=dsync.user.updated").await;
    assert_eq!(updates.len(), 2);
    for update in &updates {
        assert_eq!(update["request_id"], request, "the request that removed it caused it");
        assert!(update["data"]["previous_attributes"]["raw_attributes"][URN]["colour"].is_string());
    }
    // This contract keeps what nobody declared; what was removed stays removed all the same.
    let sent = json!({ "schemas": [USER, URN], "userName": "two@example.com", URN: { "colour": "green" } });
    let replaced = idp.scim("PUT", &at(&two), sent).await.expect(200);
    assert!(replaced.get(URN).is_none(), "{replaced}");
    define(&app, &idp, body(URN, json!([{ "name": "colour" }]))).await;
    assert!(get(&idp, &at(&one)).await.get(URN).is_none());
    app.finish().await;
}

#[tokio::test]
async fn values_that_came_before_their_schema_are_not_lost() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let one = user(&idp, "one@example.com", json!({ "colour": "red", "number": 7 })).await;
    user(&idp, "two@example.com", json!({ "colour": "blue", "number": "seven" })).await;
    let schemas = format!("/directories/{}/schemas", idp.directory);
    let numbers = body(URN, json!([{ "name": "colour" }, { "name": "number", "type": "integer" }]));
    let answer = app.api("POST", &schemas, numbers).await;
    assert_eq!((answer.status, &answer.body["code"]), (409, &json!("stored_values_do_not_fit")));
    assert!(answer.body["message"].as_str().unwrap().starts_with("1 resource"), "{}", answer.text);
    assert!(app.read(&schemas).await["data"].as_array().unwrap().is_empty());
    let shorter = app.api("POST", &schemas, body("urn:example:badge:1.0", json!([{ "name": "x" }]))).await;
    assert_eq!(shorter.status, 409, "it would hide what stands under longer urns: {}", shorter.text);
    let two = app.read(&format!("/directory_users?directory={}", idp.directory)).await;
    let two = two["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|user| user["username"] == "two@example.com")
        .unwrap()
        .clone();
    let fix = json!({ "op": "replace", "path": format!("{URN}:number"), "value": 8 });
    idp.patch(&format!("/Users/{}", two["id"].as_str().unwrap()), fix).await.expect(200);
    let events = app.events("").await.len();
    define(&app, &idp, body(URN, json!([{ "name": "colour" }, { "name": "number", "type": "integer" }])))
        .await;
    app.work().await;
    assert_eq!(app.events("").await.len(), events, "nothing had to change");
    let read = get(&idp, &format!("/Users/{}", one["id"].as_str().unwrap())).await;
    assert_eq!(read[URN], json!({ "colour": "red", "number": 7 }));
    app.finish().await;
}

/// Writers and schemas that come and go: no writer notices, and what is stored in the end fits what is declared.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writes_go_through_while_schemas_come_and_go() {
    let app = TestApp::start_on_sqlite().await;
    let idp = app.tenant("Acme").await;
    let writes: Vec<_> = (0..80)
        .map(|number| {
            let idp = idp.clone();
            tokio::spawn(async move {
                let name = format!("user{number}@example.com");
                let sent = json!({ "schemas": [USER], "userName": name, URN: { "colour": "red", "number": number } });
                let made = idp.scim("POST", "/Users", sent).await.expect(201);
                let at = format!("/Users/{}", made["id"].as_str().unwrap());
                let add = json!({ "op": "add", "path": "title", "value": "Dr" });
                idp.patch(&at, add).await.expect(200);
            })
        })
        .collect();
    for _ in 0..6 {
        let schema = body(URN, json!([{ "name": "colour" }, { "name": "number", "type": "integer" }]));
        let made = app.api("POST", &format!("/directories/{}/schemas", idp.directory), schema).await;
        assert!([201, 409].contains(&made.status), "{}", made.text);
        worker::turn(&app.state).await.unwrap();
        let gone = app.api("DELETE", &path(&idp, URN), Value::Null).await;
        assert!([202, 404].contains(&gone.status), "{}", gone.text);
    }
    for write in writes {
        write.await.unwrap();
    }
    app.work().await;
    let users = app.read(&format!("/directory_users?limit=100&directory={}", idp.directory)).await;
    let users = users["data"].as_array().unwrap();
    assert_eq!(users.len(), 80);
    assert!(
        users.iter().all(|user| user["raw_attributes"].get(URN).is_none()),
        "the last word was a removal"
    );
    app.finish().await;
}
