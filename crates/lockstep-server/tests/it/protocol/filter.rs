//! Filters (RFC 7644 §3.4.2.2), asked of the server. What the grammar takes and refuses, column by column, is tested
//! where it is parsed.

use lockstep_testkit::{Answer, ScimClient, TestApp};
use serde_json::{Value, json};

use super::{ENTERPRISE, USER, get, lenient_and_strict, refusal};

/// The path of a search.
fn searched(filter: &str) -> String {
    let query: String =
        form_urlencoded::Serializer::new(String::new()).append_pair("filter", filter).finish();
    format!("/Users?{query}")
}

/// The nickNames of the users for whom a filter holds.
async fn found(idp: &ScimClient, filter: &str) -> Vec<String> {
    let list = get(idp, &searched(filter)).await;
    let names = list["Resources"].as_array().unwrap().iter();
    let mut names: Vec<String> = names.map(|user| user["nickName"].as_str().unwrap().to_owned()).collect();
    assert_eq!(list["totalResults"], names.len(), "{filter}");
    names.sort_unstable();
    names
}

async fn refused(idp: &ScimClient, filter: &str) -> Answer {
    idp.scim("GET", &searched(filter), Value::Null).await
}

/// Three users: `anna`, who has everything, `bert`, who has other things, `cleo`, who has nothing.
async fn crowd(idp: &ScimClient) -> Vec<String> {
    let bodies = [
        json!({
            "schemas": [USER, ENTERPRISE],
            "nickName": "anna",
            "userName": "Anna.Ek@example.com",
            "externalId": "Ext-A",
            "displayName": "Anna \"An\" Ek \\ 1",
            "title": "Head",
            "profileUrl": "https://example.com/Anna",
            "name": { "givenName": "Anna", "familyName": "Ek" },
            "emails": [
                { "value": "anna@example.com", "type": "work", "primary": true },
                { "value": "an@example.org", "type": "home" },
            ],
            "x509Certificates": [{ "value": "MAYwADAAAwA=" }],
            (ENTERPRISE): { "department": "Research", "manager": { "value": "Boss" } },
        }),
        json!({
            "schemas": [USER],
            "nickName": "bert",
            "userName": "bert",
            "title": "",
            "active": false,
            "emails": [{ "value": "bert@example.org", "type": "work" }],
        }),
        json!({ "schemas": [USER], "nickName": "cleo", "userName": "Çléo" }),
    ];
    let mut ids = Vec::new();
    for body in bodies {
        let made = idp.scim("POST", "/Users", body).await.expect(201);
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    ids
}

async fn assert_found(idp: &ScimClient, cases: &[(&str, &[&str])]) {
    for (filter, expected) in cases {
        assert_eq!(found(idp, filter).await, *expected, "{filter}");
    }
}

const ALL: &[&str] = &["anna", "bert", "cleo"];

// Shows: FILTER-01, FILTER-02, FILTER-03, FILTER-04, FILTER-07, FILTER-20
#[tokio::test]
async fn every_operator_selects_what_it_says_in_any_letter_case() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        crowd(&idp).await;
        let cases: &[(&str, &[&str])] = &[
            (r#"userName eq "bert""#, &["bert"]),
            (r#"USERNAME EQ "BERT""#, &["bert"]),
            (r#"title ne "head""#, &["bert", "cleo"]),
            (r#"userName co "a.e""#, &["anna"]),
            (r#"userName sw "anna""#, &["anna"]),
            (r#"userName sw "anna.ek@example.com""#, &["anna"]),
            (r#"userName ew "ert""#, &["bert"]),
            (r#"userName ew "bert""#, &["bert"]),
            (r#"userName co "bert""#, &["bert"]),
            ("emails Pr", &["anna", "bert"]),
            (r#"userName gt "anna.ek@example.com" and userName lt "c""#, &["bert"]),
            (r#"userName ge "bert" And userName le "bert""#, &["bert"]),
            (r#"nickName eq "anna" OR nickName eq "cleo""#, &["anna", "cleo"]),
            (r#"Not (nickName eq "anna")"#, &["bert", "cleo"]),
            (r#"(nickName eq "anna")"#, &["anna"]),
            (r#"emails[type eq "home"]"#, &["anna"]),
            ("active eq false", &["bert"]),
            ("title eq null", &["cleo"]),
            (r#"displayName eq "Anna \"An\" Ek \\ \u0031""#, &["anna"]),
        ];
        assert_found(&idp, cases).await;
    }
    app.finish().await;
}

// Shows: FILTER-05, FILTER-06, FILTER-28
#[tokio::test]
async fn what_does_not_parse_is_refused_and_the_text_says_where_and_why() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let unknown = refused(&idp, r#"userName like "anna""#).await;
        assert_eq!(refusal(&unknown), (400, Some("invalidFilter")));
        assert!(unknown.body["detail"].as_str().unwrap().contains("like"), "{}", unknown.text);
        for filter in [
            "userName",
            "userName eq",
            r#"eq "anna""#,
            r#"(userName eq "anna""#,
            r#"userName eq "anna")"#,
            r#"emails[type eq "work""#,
            r#"userName eq "anna" title pr"#,
            r#"userName eq "anna" and"#,
            "userName eq 'anna'",
            r#"userName eq "anna"#,
            "userName eq anna",
        ] {
            let refused = refused(&idp, filter).await;
            assert_eq!(refusal(&refused), (400, Some("invalidFilter")), "{filter}");
            assert!(refused.body["detail"].as_str().unwrap().contains("column"), "{}", refused.text);
        }
    }
    let [_, strict] = lenient_and_strict(&app).await;
    assert_eq!(refusal(&refused(&strict, "").await), (400, Some("invalidFilter")));
    app.finish().await;
}

// Shows: FILTER-08, FILTER-09, FILTER-10, FILTER-11, FILTER-12
#[tokio::test]
async fn filters_are_put_together_as_the_grammar_says() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        crowd(&idp).await;
        let cases: &[(&str, &[&str])] = &[
            // Shows: FILTER-08
            (r#"nickName eq "anna" or nickName eq "bert" and active eq true"#, &["anna"]),
            (r#"(nickName eq "anna" or nickName eq "bert") and active eq false"#, &["bert"]),
            (r#"not (nickName eq "anna") and active eq true"#, &["cleo"]),
            (r#"not (nickName eq "anna" or nickName eq "bert")"#, &["cleo"]),
            // Shows: FILTER-09
            (r#"not(nickName eq "anna")"#, &["bert", "cleo"]),
            // Shows: FILTER-10
            (r#"emails[not (type eq "home") and (value co "example.org" or primary eq true)]"#, ALL_BUT_CLEO),
            // Shows: FILTER-11
            (r#"emails[type eq "work" and value ew "example.org"]"#, &["bert"]),
            (r#"emails.type eq "work" and emails.value ew "example.org""#, ALL_BUT_CLEO),
            // Shows: FILTER-12
            (r#"emails.value eq "an@example.org""#, &["anna"]),
        ];
        assert_found(&idp, cases).await;
        let nested = refused(&idp, r#"emails[value[type eq "work"]]"#).await;
        assert_eq!(refusal(&nested), (400, Some("invalidFilter")));
    }
    app.finish().await;
}

const ALL_BUT_CLEO: &[&str] = &["anna", "bert"];

// Shows: FILTER-13, FILTER-14, FILTER-29
#[tokio::test]
async fn an_attribute_is_found_by_its_whole_name_and_a_schema_by_its_urn() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let ids = crowd(&idp).await;
        let manager = format!("{ENTERPRISE}:manager.value eq \"Boss\"");
        let shouted = format!("{}:department eq \"research\"", ENTERPRISE.to_uppercase());
        let name = format!("{USER}:userName eq \"bert\"");
        let schema = format!("schemas eq \"{ENTERPRISE}\"");
        let cases: &[(&str, &[&str])] = &[
            (&manager, &["anna"]),
            (&shouted, &["anna"]),
            (&name, &["bert"]),
            (&schema, &["anna"]),
            (&format!("schemas eq \"{USER}\""), ALL),
        ];
        assert_found(&idp, cases).await;

        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": "Staff",
            "members": [{ "value": ids[0] }],
        });
        let group = idp.scim("POST", "/Groups", body).await.expect(201)["meta"]["location"].clone();
        assert_eq!(found(&idp, &format!("groups.$ref eq {group}")).await, ["anna"]);
    }
    app.finish().await;
}

// Shows: FILTER-15, FILTER-16, FILTER-17, FILTER-18, FILTER-34
#[tokio::test]
async fn an_attribute_says_whether_case_counts() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let ids = crowd(&idp).await;
        let (id, shouted) = (format!("id eq \"{}\"", ids[0]), format!("id eq \"{}\"", ids[0].to_uppercase()));
        let version = get(&idp, &format!("/Users/{}", ids[0])).await["meta"]["version"].clone();
        let cases: &[(&str, &[&str])] = &[
            // Shows: FILTER-15
            (r#"name.familyName eq "EK""#, &["anna"]),
            (r#"emails.value ew "EXAMPLE.COM""#, &["anna"]),
            // Shows: FILTER-16
            (&id, &["anna"]),
            (&shouted, &[]),
            (r#"externalId eq "Ext-A""#, &["anna"]),
            (r#"externalId eq "ext-a""#, &[]),
            (r#"meta.resourceType eq "User""#, ALL),
            (r#"meta.resourceType eq "user""#, &[]),
            (&format!("meta.version eq {version}"), &["anna"]),
            // Shows: FILTER-17
            (r#"userName eq "anna.ek@EXAMPLE.com""#, &["anna"]),
            // Shows: FILTER-18
            (r#"profileUrl eq "https://example.com/Anna""#, &["anna"]),
            (r#"profileUrl eq "https://example.com/anna""#, &[]),
            (r#"x509Certificates.value eq "MAYwADAAAwA=""#, &["anna"]),
            (r#"x509Certificates.value eq "maywadaaawa=""#, &[]),
            // Shows: FILTER-34
            (r#"userName eq "ｂｅｒｔ""#, &["bert"]),
            (r#"userName eq "c\u0327le\u0301O""#, &["cleo"]),
        ];
        assert_found(&idp, cases).await;
    }
    app.finish().await;
}

// Shows: FILTER-19
#[tokio::test]
async fn the_url_of_a_resource_is_the_same_in_any_version_of_the_protocol() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let ids = crowd(&idp).await;
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": "Staff",
            "members": [{ "value": ids[0] }],
        });
        let group = idp.scim("POST", "/Groups", body).await.expect(201);
        let url = group["meta"]["location"].as_str().unwrap();
        for version in ["/v2/", "/", "/v1/", "/v3/"] {
            let other = url.replace("/v2/", version);
            assert_eq!(found(&idp, &format!("groups.$ref eq \"{other}\"")).await, ["anna"], "{other}");
            assert_eq!(found(&idp, &format!("groups.$ref ne \"{other}\"")).await, ["bert", "cleo"]);
        }
        assert_eq!(found(&idp, &format!("groups.$ref eq \"{url}x\"")).await, [""; 0]);
        // A page elsewhere is no resource of this protocol.
        assert_eq!(found(&idp, r#"profileUrl eq "https://example.com/v2/Anna""#).await, [""; 0]);
    }
    app.finish().await;
}

// Shows: FILTER-21, FILTER-27, FILTER-31
#[tokio::test]
async fn what_is_there_is_what_is_shown() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        crowd(&idp).await;
        let cases: &[(&str, &[&str])] = &[
            // Shows: FILTER-21
            ("title pr", &["anna"]),
            ("emails pr", ALL_BUT_CLEO),
            ("name pr", &["anna"]),
            ("name.middleName pr", &[]),
            ("not (emails pr)", &["cleo"]),
            // Shows: FILTER-27
            ("active pr", ALL),
            ("active eq true", &["anna", "cleo"]),
            // Shows: FILTER-31
            ("emails eq null", &["cleo"]),
            ("emails ne null", ALL_BUT_CLEO),
            ("displayName eq null", ALL_BUT_ANNA),
        ];
        assert_found(&idp, cases).await;
    }
    app.finish().await;
}

const ALL_BUT_ANNA: &[&str] = &["bert", "cleo"];

// Shows: FILTER-22
#[tokio::test]
async fn texts_are_ordered_by_their_letters_and_times_by_their_instant() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let ids = crowd(&idp).await;
        let created = get(&idp, &format!("/Users/{}", ids[1])).await["meta"]["created"].clone();
        let created = created.as_str().unwrap();
        // The same instant, said in another zone and with more digits.
        let moved = created.replace("T12:", "T14:").replace('Z', "000+02:00");
        for time in [created, &moved] {
            let cases: &[(&str, &[&str])] = &[
                (&format!("meta.created eq \"{time}\""), &["bert"]),
                (&format!("meta.created gt \"{time}\""), &["cleo"]),
                (&format!("meta.created ge \"{time}\""), ALL_BUT_ANNA),
                (&format!("meta.created lt \"{time}\""), &["anna"]),
                (&format!("meta.created le \"{time}\""), ALL_BUT_CLEO),
            ];
            assert_found(&idp, cases).await;
        }
        assert_found(&idp, &[(r#"userName gt "Anna.Ek@example.com""#, ALL_BUT_ANNA)]).await;
    }
    app.finish().await;
}

// Shows: FILTER-23, FILTER-24, FILTER-25, FILTER-26, FILTER-32, FILTER-33
#[tokio::test]
async fn what_cannot_be_compared_is_refused() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        crowd(&idp).await;
        for filter in [
            // Shows: FILTER-23
            "active gt true",
            "active le false",
            r#"x509Certificates.value gt "AAAA""#,
            // Shows: FILTER-24
            r#"active co "t""#,
            r#"active sw "t""#,
            // Shows: FILTER-25
            "userName eq 5",
            "userName eq true",
            r#"active eq "yes""#,
            "active eq 1",
            r#"meta.created gt "yesterday""#,
            // Shows: FILTER-26
            r#"name eq "Anna""#,
            r#"addresses eq "x""#,
            // Shows: FILTER-32, FILTER-33
            r#"password eq "x""#,
            r#"password sw "x""#,
            "password pr",
        ] {
            assert_eq!(refusal(&refused(&idp, filter).await), (400, Some("invalidFilter")), "{filter}");
        }
        // Shows: FILTER-26
        assert_found(&idp, &[(r#"emails co "example.com""#, &["anna"]), (r#"emails eq "x""#, &[])]).await;
    }
    app.finish().await;
}

// Shows: FILTER-30
#[tokio::test]
async fn a_search_from_the_root_may_ask_for_one_type() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        crowd(&idp).await;
        let group =
            json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Staff" });
        idp.scim("POST", "/Groups", group).await.expect(201);
        for (filter, expected) in [
            ("meta.resourceType%20eq%20%22User%22", 3),
            ("meta.resourceType%20eq%20User", 3),
            ("meta.resourceType%20eq%20%22Group%22", 1),
            ("meta.resourceType%20eq%20%22User%22%20or%20meta.resourceType%20eq%20%22Group%22", 4),
        ] {
            assert_eq!(get(&idp, &format!("?filter={filter}")).await["totalResults"], expected, "{filter}");
        }
    }
    app.finish().await;
}

// Shows: FILTER-35
#[tokio::test]
async fn a_filter_has_its_bounds_and_the_text_names_them() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let deep = |depth: usize| format!("{}title pr{}", "(".repeat(depth), ")".repeat(depth));
        let wide = |terms: usize| vec!["title pr"; terms].join(" or ");
        for filter in [deep(32), wide(200)] {
            assert_eq!(get(&idp, &searched(&filter)).await["totalResults"], 0);
        }
        let long = format!("title eq \"{}\"", "x".repeat(16 * 1024));
        for (filter, limit) in
            [(deep(33), "filter_depth"), (wide(201), "filter_terms"), (long, "filter_bytes")]
        {
            let refused = refused(&idp, &filter).await;
            assert_eq!(refusal(&refused), (400, Some("invalidFilter")), "{limit}");
            assert!(refused.body["detail"].as_str().unwrap().contains(limit), "{}", refused.text);
        }
    }
    app.finish().await;
}

// Shows: FILTER-36
#[tokio::test]
async fn an_attribute_that_the_type_has_not_is_refused_there() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        crowd(&idp).await;
        for filter in ["nosuch pr", r#"name.nosuch eq "x""#, r#"emails[nosuch eq "x"]"#, "members pr"] {
            assert_eq!(refusal(&refused(&idp, filter).await), (400, Some("invalidFilter")), "{filter}");
        }
        // Over all types it has no value where it is not.
        let found = get(&idp, "?filter=nosuch%20pr").await;
        assert_eq!(found["totalResults"], 0);
    }
    app.finish().await;
}
