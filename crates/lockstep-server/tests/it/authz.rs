//! Every route × (no credential, a wrong one, another tenant's). A route without a case fails.

use std::collections::BTreeSet;

use axum::body::Body;
use http::Request;
use lockstep_server::routes::{self, Access};
use lockstep_server::state::digest_of;
use lockstep_store::Store;
use lockstep_store::memory::Memory;
use lockstep_testkit::{Answer, ScimClient, TestApp};
use serde_json::{Value, json};

/// What another tenant's key gets where the request names what is not its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stranger {
    /// 404, the same as for what never was.
    NotFound,
    /// 200 without what is not its own.
    SeesNothing,
    /// 403: the key may not do this at all.
    Forbidden,
}

/// A request that would succeed with a key that reaches everything, and what a stranger gets.
struct Case {
    route: (&'static str, &'static str),
    path: String,
    body: Value,
    stranger: Stranger,
}

struct Victim {
    idp: ScimClient,
    user: String,
    group: String,
    /// The id of the IdP's token.
    token: String,
    /// The id of another one, that nobody uses.
    spare_token: String,
    /// The id of the organization's domain, which is verified.
    domain: String,
    /// The id of an API key that reaches the organization alone.
    key: String,
    /// The id of an OAuth client of the directory.
    client: String,
    /// The id of a request of the IdP.
    request: String,
}

/// The victim's own schema.
const SCHEMA: &str = "urn:example:badge:1.0:User";

fn schema(urn: &str) -> Value {
    let schema = json!({ "id": urn, "name": "Badge", "attributes": [{ "name": "colour" }] });
    json!({ "resource_type": "User", "schema": schema })
}

fn cases(victim: &Victim) -> Vec<Case> {
    use Stranger::{Forbidden, NotFound, SeesNothing};
    let (idp, user, group) = (&victim.idp, &victim.user, &victim.group);
    let (organization, directory) = (&idp.organization, &idp.directory);
    let case =
        |method, route, path: String, body, stranger| Case { route: (method, route), path, body, stranger };
    let (domain, key) = (&victim.domain, &victim.key);
    let none = || Value::Null;
    let new_schema = || schema("urn:example:new:1.0:User");
    let schema_path = format!("/directories/{directory}/schemas/{SCHEMA}");
    let new_directory =
        json!({ "organization_id": organization, "name": "New", "type": "generic scim v2.0" });
    vec![
        case("GET", "/organizations", "/organizations".into(), none(), SeesNothing),
        case("POST", "/organizations", "/organizations".into(), json!({ "name": "New" }), Forbidden),
        case("GET", "/organizations/{id}", format!("/organizations/{organization}"), none(), NotFound),
        case(
            "PUT",
            "/organizations/{id}",
            format!("/organizations/{organization}"),
            json!({ "name": "X" }),
            NotFound,
        ),
        case(
            "GET",
            "/organizations/external_id/{id}",
            "/organizations/external_id/victim".into(),
            none(),
            NotFound,
        ),
        case("GET", "/directories", "/directories".into(), none(), SeesNothing),
        case("GET", "/directories", format!("/directories?organization_id={organization}"), none(), NotFound),
        case("POST", "/directories", "/directories".into(), new_directory, NotFound),
        case("GET", "/directories/{id}", format!("/directories/{directory}"), none(), NotFound),
        case("GET", "/directory_users", format!("/directory_users?directory={directory}"), none(), NotFound),
        case("GET", "/directory_users", format!("/directory_users?group={group}"), none(), NotFound),
        case("GET", "/directory_users/{id}", format!("/directory_users/{user}"), none(), NotFound),
        case(
            "GET",
            "/directory_groups",
            format!("/directory_groups?directory={directory}"),
            none(),
            NotFound,
        ),
        case("GET", "/directory_groups", format!("/directory_groups?user={user}"), none(), NotFound),
        case("GET", "/directory_groups/{id}", format!("/directory_groups/{group}"), none(), NotFound),
        case("GET", "/events", "/events".into(), none(), SeesNothing),
        case("GET", "/events", format!("/events?organization_id={organization}"), none(), NotFound),
        case(
            "PUT",
            "/directories/{id}",
            format!("/directories/{directory}"),
            json!({ "name": "x" }),
            NotFound,
        ),
        case("GET", "/directories/{id}/tokens", format!("/directories/{directory}/tokens"), none(), NotFound),
        case(
            "POST",
            "/directories/{id}/tokens",
            format!("/directories/{directory}/tokens"),
            json!({ "name": "New" }),
            NotFound,
        ),
        case(
            "DELETE",
            "/directories/{id}/tokens/{token_id}",
            format!("/directories/{directory}/tokens/{}", victim.token),
            none(),
            NotFound,
        ),
        case(
            "GET",
            "/directories/{id}/oauth_clients",
            format!("/directories/{directory}/oauth_clients"),
            none(),
            NotFound,
        ),
        case(
            "POST",
            "/directories/{id}/oauth_clients",
            format!("/directories/{directory}/oauth_clients"),
            json!({ "authentication": "client_secret_basic" }),
            NotFound,
        ),
        case(
            "GET",
            "/directories/{id}/oauth_clients/{client_id}",
            format!("/directories/{directory}/oauth_clients/{}", victim.client),
            none(),
            NotFound,
        ),
        case(
            "DELETE",
            "/directories/{id}/oauth_clients/{client_id}",
            format!("/directories/{directory}/oauth_clients/{}", victim.client),
            none(),
            NotFound,
        ),
        case(
            "GET",
            "/directories/{id}/requests",
            format!("/directories/{directory}/requests"),
            none(),
            NotFound,
        ),
        case(
            "GET",
            "/directories/{id}/requests/{request_id}",
            format!("/directories/{directory}/requests/{}", victim.request),
            none(),
            NotFound,
        ),
        case(
            "GET",
            "/directories/{id}/schemas",
            format!("/directories/{directory}/schemas"),
            none(),
            NotFound,
        ),
        case(
            "POST",
            "/directories/{id}/schemas",
            format!("/directories/{directory}/schemas"),
            new_schema(),
            NotFound,
        ),
        case("GET", "/directories/{id}/schemas/{urn}", schema_path.clone(), none(), NotFound),
        case("PUT", "/directories/{id}/schemas/{urn}", schema_path.clone(), schema(SCHEMA), NotFound),
        case("DELETE", "/directories/{id}/schemas/{urn}", schema_path, none(), NotFound),
        case(
            "GET",
            "/directories/{id}/attributes_seen",
            format!("/directories/{directory}/attributes_seen"),
            none(),
            NotFound,
        ),
        case(
            "GET",
            "/directories/{id}/attributes_left_out",
            format!("/directories/{directory}/attributes_left_out"),
            none(),
            NotFound,
        ),
        case(
            "GET",
            "/organizations/{id}/attribute_mapping",
            format!("/organizations/{organization}/attribute_mapping"),
            none(),
            NotFound,
        ),
        case(
            "GET",
            "/directories/{id}/attribute_mapping",
            format!("/directories/{directory}/attribute_mapping"),
            none(),
            NotFound,
        ),
        case(
            "PUT",
            "/organizations/{id}/attribute_mapping",
            format!("/organizations/{organization}/attribute_mapping"),
            json!({ "attributes": { "x": { "path": "title" } } }),
            NotFound,
        ),
        case(
            "PUT",
            "/directories/{id}/attribute_mapping",
            format!("/directories/{directory}/attribute_mapping"),
            json!({ "attributes": { "x": { "path": "title" } } }),
            NotFound,
        ),
        case(
            "GET",
            "/directories/{id}/role_mapping",
            format!("/directories/{directory}/role_mapping"),
            none(),
            NotFound,
        ),
        case(
            "PUT",
            "/directories/{id}/role_mapping",
            format!("/directories/{directory}/role_mapping"),
            json!({ "roles": [{ "slug": "admin", "group_ids": [group] }] }),
            NotFound,
        ),
        case(
            "POST",
            "/directories/{id}/attribute_mapping/preview",
            format!("/directories/{directory}/attribute_mapping/preview"),
            json!({ "attributes": { "x": { "path": "title" } } }),
            NotFound,
        ),
        case(
            "POST",
            "/directories/{id}/role_mapping/preview",
            format!("/directories/{directory}/role_mapping/preview"),
            json!({ "roles": [{ "slug": "admin", "group_ids": [group] }] }),
            NotFound,
        ),
        case("POST", "/directories/{id}/sync", format!("/directories/{directory}/sync"), none(), NotFound),
        case(
            "POST",
            "/directories/{id}/tokens/{token_id}/rotate",
            format!("/directories/{directory}/tokens/{}/rotate", victim.spare_token),
            json!({ "overlap_seconds": 60 }),
            NotFound,
        ),
        case("DELETE", "/directories/{id}", format!("/directories/{directory}"), none(), NotFound),
        case(
            "POST",
            "/organization_domains",
            "/organization_domains".into(),
            json!({ "organization_id": organization, "domain": "new.example" }),
            NotFound,
        ),
        case(
            "GET",
            "/organization_domains/{id}",
            format!("/organization_domains/{domain}"),
            none(),
            NotFound,
        ),
        case(
            "POST",
            "/organization_domains/{id}/verify",
            format!("/organization_domains/{domain}/verify"),
            none(),
            NotFound,
        ),
        case(
            "DELETE",
            "/organization_domains/{id}",
            format!("/organization_domains/{domain}"),
            none(),
            NotFound,
        ),
        case("GET", "/api_keys", "/api_keys".into(), none(), SeesNothing),
        case(
            "POST",
            "/api_keys",
            "/api_keys".into(),
            json!({ "organization_ids": [organization] }),
            NotFound,
        ),
        case("GET", "/api_keys/{id}", format!("/api_keys/{key}"), none(), NotFound),
        case(
            "POST",
            "/api_keys/{id}/rotate",
            format!("/api_keys/{key}/rotate"),
            json!({ "overlap_seconds": 60 }),
            NotFound,
        ),
        case("DELETE", "/api_keys/{id}", format!("/api_keys/{key}"), none(), NotFound),
        case("DELETE", "/organizations/{id}", format!("/organizations/{organization}"), none(), NotFound),
    ]
}

async fn victim(app: &TestApp) -> Victim {
    let domains = json!([{ "domain": "secret.victim.test", "state": "verified" }]);
    let body = json!({ "name": "Victim", "external_id": "victim", "domain_data": domains });
    let organization = app.api("POST", "/organizations", body).await.expect(201);
    let idp = app.directory(organization["id"].as_str().unwrap(), "generic scim v2.0").await;
    app.api("POST", &format!("/directories/{}/schemas", idp.directory), schema(SCHEMA)).await.expect(201);
    let user = idp.user("secret@victim.test").await;
    let group = idp.group("Secret group", &[&user]).await;
    let tokens = app.read(&format!("/directories/{}/tokens", idp.directory)).await;
    let token = tokens["data"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/directories/{}/tokens", idp.directory);
    let spare_token = text(&app.api("POST", &path, json!({})).await.expect(201)["id"]);
    let domain = text(&organization["domains"][0]["id"]);
    let body = json!({ "name": "Secret key", "organization_ids": [idp.organization] });
    let key = text(&app.api("POST", "/api_keys", body).await.expect(201)["id"]);
    let path = format!("/directories/{}/oauth_clients", idp.directory);
    let client = app.api("POST", &path, json!({ "authentication": "client_secret_basic" })).await.expect(201);
    let client = client["id"].as_str().unwrap().to_owned();
    let requests = app.read(&format!("/directories/{}/requests", idp.directory)).await;
    let request = requests["data"][0]["id"].as_str().unwrap().to_owned();
    Victim { idp, user, group, token, spare_token, domain, key, client, request }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn assert_silent(answer: &Answer, victim: &Victim) {
    let words = [
        &victim.idp.organization,
        &victim.idp.directory,
        &victim.user,
        &victim.group,
        &victim.token,
        &victim.client,
        &victim.spare_token,
        &victim.domain,
        &victim.key,
    ];
    let secrets = ["Victim", "Secret", "secret@victim.test", "secret.victim.test"];
    for word in words.into_iter().map(String::as_str).chain(secrets) {
        assert!(!answer.text.contains(word), "{}: {}", answer.asked, answer.text);
    }
}

#[tokio::test]
async fn every_route_has_a_case() {
    let app = TestApp::start().await;
    let victim = victim(&app).await;
    let covered: BTreeSet<(&str, &str)> = cases(&victim).iter().map(|case| case.route).collect();
    let table = routes::table::<Memory>();
    let guarded: BTreeSet<(&str, &str)> = table
        .iter()
        .filter(|route| route.access == Access::ApiKey)
        .map(|route| (route.method, route.path))
        .collect();
    assert_eq!(covered, guarded);
    let open: Vec<&str> =
        table.iter().filter(|route| route.access == Access::Open).map(|route| route.path).collect();
    // What is open says nothing of anybody's.
    let expected = [
        "/health/live",
        "/health/ready",
        "/.well-known/oauth-authorization-server",
        "/openapi.json",
        "/reference",
        "/idp",
        "/idp/style.css",
        "/idp/{slug}",
    ];
    assert_eq!(open, expected, "this list only shrinks");
    // Who may ask here is tried in `oauth/`: clients prove who they are, each in its own way.
    let mut by_clients = table.iter().filter(|route| route.access == Access::OAuthClient);
    assert_eq!(by_clients.next().map(|route| route.path), Some("/oauth2/token"));
    assert!(by_clients.next().is_none());
    app.finish().await;
}

#[tokio::test]
async fn nothing_is_told_without_a_valid_key() {
    let app = TestApp::start().await;
    let victim = victim(&app).await;
    let token = victim.idp.token.clone();
    for case in cases(&victim) {
        let (method, _) = case.route;
        let wrong = ["", "Bearer ", "Bearer wrong", "Basic eDp5", &app.api_key, &format!("Bearer {token}")];
        for credential in wrong.map(str::to_owned) {
            let mut request = Request::builder().method(method).uri(&case.path);
            if !credential.is_empty() {
                request = request.header("authorization", &credential);
            }
            let answer = app.send(request.body(Body::from(case.body.to_string())).unwrap()).await;
            assert_eq!(answer.problem().0, 401, "{}", answer.asked);
            assert!(answer.header("www-authenticate").is_some_and(|value| value.starts_with("Bearer")));
            assert_silent(&answer, &victim);
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_stranger_finds_nothing_and_changes_nothing() {
    let app = TestApp::start().await;
    let victim = victim(&app).await;
    let stranger = app.tenant("Stranger").await;
    let key = app.key_for(&[&stranger.organization]).await;
    let log = app.events("").await;
    for case in cases(&victim) {
        let answer = app.api_as(&key, case.route.0, &case.path, case.body.clone()).await;
        let expected = match case.stranger {
            Stranger::NotFound => 404,
            Stranger::SeesNothing => 200,
            Stranger::Forbidden => 403,
        };
        assert_eq!(answer.status, expected, "{}: {}", answer.asked, answer.text);
        assert_silent(&answer, &victim);
    }
    assert_eq!(app.events("").await, log);
    app.finish().await;
}

#[tokio::test]
async fn a_key_that_reaches_everything_may_do_it_all() {
    let app = TestApp::start().await;
    let victim = victim(&app).await;
    for case in cases(&victim) {
        let answer = app.api(case.route.0, &case.path, case.body.clone()).await;
        if case.route.1 == "/directories/{id}/sync" {
            // No directory's provider is pulled from.
            assert_eq!(answer.problem(), (422, "invalid_request_parameters", Some("id")), "{}", answer.asked);
            continue;
        }
        assert!(answer.status < 300, "{}: {} {}", answer.asked, answer.status, answer.text);
    }
    app.finish().await;
}

// Shows: AUTH-02, TENANT-01, TENANT-02, TENANT-03
#[tokio::test]
async fn an_idp_speaks_of_its_own_directory_only() {
    let app = TestApp::start().await;
    let victim = victim(&app).await;
    let stranger = app.tenant("Stranger").await;
    let (user, group) = (&victim.user, &victim.group);
    let log = app.events("").await;
    let patch = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "active", "value": false }],
    });
    let search = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"] });
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{ "method": "DELETE", "path": format!("/Users/{user}") }],
    });
    let requests = [
        ("GET", "/".to_owned(), Value::Null),
        ("POST", "/.search".into(), search.clone()),
        ("POST", "/Users/.search".into(), search.clone()),
        ("POST", "/Groups/.search".into(), search),
        ("GET", "/Users".into(), Value::Null),
        ("POST", "/Users".into(), json!({ "userName": "new@victim.test" })),
        ("GET", format!("/Users/{user}"), Value::Null),
        ("PUT", format!("/Users/{user}"), json!({ "userName": "new@victim.test" })),
        ("PATCH", format!("/Users/{user}"), patch.clone()),
        ("DELETE", format!("/Users/{user}"), Value::Null),
        ("GET", "/Groups".into(), Value::Null),
        ("POST", "/Groups".into(), json!({ "displayName": "New" })),
        ("GET", format!("/Groups/{group}"), Value::Null),
        ("PUT", format!("/Groups/{group}"), json!({ "displayName": "New" })),
        ("PATCH", format!("/Groups/{group}"), patch),
        ("DELETE", format!("/Groups/{group}"), Value::Null),
        ("GET", "/ServiceProviderConfig".into(), Value::Null),
        ("GET", "/ResourceTypes".into(), Value::Null),
        ("GET", "/Schemas".into(), Value::Null),
        ("GET", "/ResourceTypes/User".into(), Value::Null),
        ("GET", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User".into(), Value::Null),
        ("POST", "/Bulk".into(), bulk),
        ("GET", "/nothing".into(), Value::Null),
    ];
    for template in lockstep_server::scim::TEMPLATES {
        let (method, path) = template.split_once(' ').unwrap();
        let (root, _) = path.split_once('{').unwrap_or((path, ""));
        let asked = |request: &&(&str, String, Value)| {
            request.0 == method && if root == path { request.1 == path } else { request.1.starts_with(root) }
        };
        assert!(requests.iter().any(|request| asked(&request)), "{template} has no case");
    }
    for (method, path, body) in &requests {
        let trespasser = victim.idp.with_token(&stranger.token);
        let answer = trespasser.scim(method, path, body.clone()).await;
        assert_eq!(answer.status, 404, "{}", answer.asked);
        assert_silent(&answer, &victim);
        for token in ["wrong", &app.api_key] {
            let unknown = victim.idp.with_token(token);
            let answer = unknown.scim(method, path, body.clone()).await;
            assert_eq!(answer.status, 401, "{}", answer.asked);
            assert!(answer.header("www-authenticate").is_some());
            assert_eq!(answer.header("content-type"), Some("application/scim+json"));
            assert_silent(&answer, &victim);
        }
        // Its own directory, another's ids: as if they never were.
        if path.contains("directory_") {
            let answer = stranger.scim(method, path, body.clone()).await;
            assert_eq!(answer.status, 404, "{}: {}", answer.asked, answer.text);
        }
    }
    // A member from another directory names nobody.
    let body = json!({ "displayName": "Mixed", "members": [{ "value": user }] });
    assert_eq!(stranger.scim("POST", "/Groups", body).await.status, 400);
    assert_eq!(app.events("").await, log);
    app.finish().await;
}

// Shows: AUTH-04
#[tokio::test]
async fn a_revoked_token_is_refused_at_once() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    idp.user("one@acme.test").await;
    let store = &app.state.store;
    let (directory, token) = store.token(digest_of(&idp.token)).await.unwrap().unwrap();
    assert!(store.revoke_token(directory, token.id).await.unwrap());
    assert_eq!(idp.scim("GET", "/Users", Value::Null).await.status, 401);
    app.finish().await;
}
