//! Media types, addresses and encodings (RFC 7644 §3.8, §3.13).

use lockstep_testkit::{ScimClient, TestApp};
use serde_json::{Value, json};

const SCIM: &str = "application/scim+json";

/// A directory that speaks the RFCs and repairs nothing.
async fn strict(app: &TestApp) -> ScimClient {
    let organization = app.organization("Strict").await;
    app.directory(&organization, "strict-rfc").await
}

// Shows: MEDIA-02, MEDIA-03, MEDIA-04, MEDIA-11, ERR-09
#[tokio::test]
async fn every_answer_with_scim_data_is_scim_json_unless_plain_json_is_asked_for() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let user = idp.user("one@example.com").await;
    let paths =
        ["/Users", "/Groups", "/Schemas", "/ResourceTypes", "/ServiceProviderConfig", "/Nothing", "/Me"];
    let one = format!("/Users/{user}");
    for path in paths.into_iter().chain([one.as_str()]) {
        let plain = idp.scim_raw(&[], "GET", path, "").await;
        assert_eq!(plain.header("content-type"), Some(SCIM), "{path}");
        assert_eq!(plain.header("vary"), Some("accept"), "{path}");
        for (accept, expected) in [
            (SCIM, SCIM),
            ("*/*", SCIM),
            ("application/*", SCIM),
            ("text/html", SCIM),
            ("application/json;q=0, */*", SCIM),
            ("application/json, application/scim+json", SCIM),
            ("application/scim+json;q=0.1, Application/JSON", SCIM),
            ("application/json", "application/json"),
            ("Application/JSON; charset=utf-8", "application/json"),
            ("application/json, text/plain, */*", "application/json"),
            ("application/json;q=0.5, text/html", "application/json"),
            ("application/scim+json;q=0, application/json", "application/json"),
        ] {
            let answer = idp.scim_raw(&[("accept", accept)], "GET", path, "").await;
            assert_eq!(answer.header("content-type"), Some(expected), "{path} {accept}");
            // What cannot be answered in is not refused (RFC 9110 §12.4.1): there is no other form to choose.
            assert_eq!((answer.status, answer.text), (plain.status, plain.text.clone()), "{path} {accept}");
        }
    }
    // What has no body has no type.
    let gone = idp.scim_raw(&[("accept", "application/json")], "DELETE", &one, "").await;
    assert_eq!((gone.status, gone.header("content-type")), (204, None));
    app.finish().await;
}

/// A proxy that lets no other method pass.
#[tokio::test]
async fn a_header_instead_of_the_method_counts_only_where_the_directory_says_so() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let path = format!("/Users/{}", idp.user("one@example.com").await);
    let put = json!({ "userName": "one@example.com", "title": "Dr" }).to_string();
    let send = |says: &'static str, method: &'static str, body: String| {
        let (idp, path) = (idp.clone(), path.clone());
        async move { idp.scim_raw(&[("x-http-method-override", says)], method, &path, body).await }
    };
    for says in ["PUT", "PATCH", "DELETE"] {
        let answer = send(says, "POST", put.clone()).await;
        answer.scim_error(405, None);
        assert_eq!(answer.header("allow"), Some("GET, HEAD, PUT, PATCH, DELETE"), "{says}");
    }
    let settings = json!({ "settings": { "method_override": true } });
    app.api("PUT", &format!("/directories/{}", idp.directory), settings).await.expect(200);
    assert_eq!(send("put", "POST", put.clone()).await.expect(200)["title"], "Dr");
    let operation = json!({ "Operations": [{ "op": "remove", "path": "title" }] }).to_string();
    assert!(send("PATCH", "POST", operation).await.expect(200).get("title").is_none());
    // Nothing else than a POST is another method, and nothing else than a change.
    assert_eq!(send("DELETE", "GET", String::new()).await.status, 200);
    for says in ["GET", "TRACE", "PUT, DELETE", ""] {
        send(says, "POST", put.clone()).await.scim_error(405, None);
    }
    assert_eq!(send("DELETE", "POST", String::new()).await.status, 204);
    // The scopes are those of what is done.
    let reader = json!({ "scopes": ["no-delete"] });
    let made = app.api("POST", &format!("/directories/{}/tokens", idp.directory), reader).await.expect(201);
    let path = format!("/Users/{}", idp.user("two@example.com").await);
    let narrow = idp.with_token(made["bearer_token"].as_str().unwrap());
    let refused = narrow.scim_raw(&[("x-http-method-override", "DELETE")], "POST", &path, "").await;
    refused.scim_error(403, None);
    app.finish().await;
}

// Shows: MEDIA-01, MEDIA-05
#[tokio::test]
async fn json_is_taken_under_each_of_its_names_and_only_in_utf_8() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    for (number, (content_type, status)) in [
        ("application/scim+json", 201),
        ("application/json", 201),
        ("Application/SCIM+JSON; Charset=\"UTF-8\"", 201),
        ("application/json;charset=utf-8", 201),
        ("application/json; charset=us-ascii", 201),
        ("application/scim+json; profile=x", 201),
        ("", 201),
        ("application/json; charset=iso-8859-1", 415),
        ("application/scim+json; charset=utf-16", 415),
        ("text/plain", 415),
        ("application/xml", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/jsonx", 415),
        ("*/*", 415),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("Zoë{number}@example.com");
        let body = json!({ "userName": name }).to_string();
        let answer = idp.scim_raw(&[("content-type", content_type)], "POST", "/Users", body).await;
        assert_eq!(answer.status, status, "{content_type}: {}", answer.text);
        if status == 201 {
            assert_eq!(answer.body["userName"], name.as_str());
        } else {
            answer.scim_error(415, None);
        }
    }
    let answer =
        idp.scim_raw(&[], "POST", "/Users", json!({ "userName": "bare@example.com" }).to_string()).await;
    assert_eq!(answer.status, 201, "a client that says nothing means JSON: {}", answer.text);
    let latin = b"{\"userName\":\"Zo\xeb@example.com\"}".to_vec();
    idp.scim_raw(&[], "POST", "/Users", latin).await.scim_error(400, Some("invalidSyntax"));
    app.finish().await;
}

#[tokio::test]
async fn a_compressed_body_is_told_to_come_uncompressed() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    for (encoding, status) in [("gzip", 415), ("br, gzip", 415), ("identity", 201), ("Identity", 409)] {
        let headers = [("content-type", SCIM), ("content-encoding", encoding)];
        let answer = idp.scim_raw(&headers, "POST", "/Users", r#"{"userName":"one@example.com"}"#).await;
        assert_eq!(answer.status, status, "{encoding}: {}", answer.text);
    }
    app.finish().await;
}

// Shows: MEDIA-06, MEDIA-08, ERR-15
#[tokio::test]
async fn what_is_at_no_address_of_ours_is_404() {
    let app = TestApp::start().await;
    let (generic, strict) = (app.tenant("Acme").await, strict(&app).await);
    let user = generic.user("one@example.com").await;
    for path in [
        "/Users.scim",
        &format!("/Users/{user}.scim"),
        &format!("/Users/{user}/emails"),
        &format!("/Users%2F{user}"),
        "/Users/%FF",
        "/v1/Users",
        "/v3/Users",
        "/Users/v2",
        "/Devices",
        "/schemas",
    ] {
        let answer = generic.scim("GET", path, Value::Null).await;
        let detail = answer.scim_error(404, None);
        assert!(!detail.is_empty());
    }
    // What is a slash or a version too many for others is no address to a directory that repairs nothing.
    for path in ["/Users/", "//Users", "/v2/Users"] {
        generic.scim("GET", path, Value::Null).await.expect(200);
        strict.scim("GET", path, Value::Null).await.scim_error(404, None);
    }
    for version in ["v1", "v3", "v2.1", "V2", ""] {
        let path = generic.base.replacen("/v2/", &format!("/{version}/"), 1);
        let answer = app.api_as(&generic.token, "GET", &format!("{path}/Users"), Value::Null).await;
        answer.scim_error(404, None);
    }
    app.finish().await;
}

// Shows: MEDIA-07, MEDIA-09
#[tokio::test]
async fn the_base_is_a_prefix_without_query_and_needs_no_further_version() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let user = idp.user("one@example.com").await;
    let read = idp.scim("GET", &format!("/Users/{user}"), Value::Null).await.expect(200);
    let location = read["meta"]["location"].as_str().unwrap();
    assert_eq!(location, format!("https://lockstep.test{}/Users/{user}", idp.base));
    assert!(!location.contains('?'));
    assert_eq!(read["schemas"], json!(["urn:ietf:params:scim:schemas:core:2.0:User"]));
    app.finish().await;
}

// Shows: LIST-13
#[tokio::test]
async fn addresses_are_decoded_once() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let user = idp.user("a+b%41@example.com").await;
    for (query, found) in [
        ("filter=userName%20eq%20%22a%2Bb%2541%40example.com%22", 1),
        ("filter=userName+eq+%22a%2bb%2541@example.com%22", 1),
        // A plus is a blank in a query, but for whoever writes blanks in another way: a repair reads it so.
        ("filter=userName+eq+%22a+b%2541@example.com%22", 0),
        ("filter=userName%20eq%20%22a+b%2541@example.com%22", 1),
        ("filter=userName%20eq%20%22a%2Bb%41@example.com%22", 0),
        ("f%69lter=userName%20eq%20%22nobody%22", 0),
    ] {
        let list = idp.scim("GET", &format!("/Users?{query}"), Value::Null).await.expect(200);
        assert_eq!(list["totalResults"], found, "{query}");
    }
    idp.scim("GET", "/Users?filter=userName+eq+%22%FF%22", Value::Null)
        .await
        .scim_error(400, Some("invalidValue"));
    // RFC 3986 §6.2.2.2: an encoded letter is the letter, in a path too.
    idp.scim("GET", &format!("/%55sers/{}", user.replace('_', "%5F")), Value::Null).await.expect(200);
    let mut encoded = idp.clone();
    encoded.base = idp.base.replace("directory_", "directory%5F");
    encoded.scim("GET", "/Users", Value::Null).await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn head_is_get_without_its_body() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let path = format!("/Users/{}", idp.user("one@example.com").await);
    for path in [path.as_str(), "/Users", "/Schemas", "/Nothing"] {
        let (head, get) =
            (idp.scim("HEAD", path, Value::Null).await, idp.scim("GET", path, Value::Null).await);
        assert_eq!((head.status, head.header("etag")), (get.status, get.header("etag")), "{path}");
        assert_eq!(head.header("content-type"), Some(SCIM));
    }
    app.finish().await;
}

// Shows: MEDIA-10, ERR-08
#[tokio::test]
async fn a_method_that_an_address_does_not_know_is_405_with_those_that_it_knows() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let one = format!("/Users/{}", idp.user("one@example.com").await);
    for (path, known) in [
        ("/Users", "GET, HEAD, POST"),
        ("/Groups", "GET, HEAD, POST"),
        (&one, "GET, HEAD, PUT, PATCH, DELETE"),
        ("/ServiceProviderConfig", "GET, HEAD"),
        ("/Schemas", "GET, HEAD"),
        ("/ResourceTypes/User", "GET, HEAD"),
    ] {
        for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"] {
            if known.split(", ").any(|known| known == method) {
                continue;
            }
            // Also where there is no body to look at, or one that nobody could read.
            for body in ["", "{"] {
                let answer = idp.scim_raw(&[("content-type", "text/plain")], method, path, body).await;
                answer.scim_error(405, None);
                assert_eq!(answer.header("allow"), Some(known), "{method} {path}");
            }
        }
    }
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        idp.scim_raw(&[("content-type", "text/plain")], method, "/Nothing", "").await.scim_error(404, None);
    }
    assert_eq!(idp.scim("GET", &one, Value::Null).await.status, 200);
    app.finish().await;
}
