//! The examples of the description are what a server really answered: this carries each operation out, in an order that
//! makes sense, and what came of it stands in `openapi/examples.json`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use axum::body::Body;
use base64::Engine as _;
use http::Request;
use lockstep_server::openapi::document::document;
use lockstep_store::memory::Memory;
use lockstep_testkit::{Answer, Sqlite, TestApp};
use serde_json::{Map, Value, json};

use super::{operations, written};

/// Carries operations out and notes what was sent and answered.
struct Story {
    app: TestApp<Sqlite>,
    document: Value,
    /// As it happened.
    told: Map<String, Value>,
    /// As it happens in every run.
    steady: Steady,
    shown: Map<String, Value>,
}

impl Story {
    async fn tell(&mut self, id: &str, path: &str, body: Value) -> Value {
        let answer = self.app.api(&self.method(id), path, body.clone()).await;
        self.note(id, path, body, answer)
    }

    fn method(&self, id: &str) -> String {
        let known = operations(&self.document);
        let found = known.into_iter().find(|(_, _, operation)| operation["operationId"] == id);
        assert!(found.is_some(), "no operation is called {id}");
        found.unwrap().0
    }

    fn note(&mut self, id: &str, path: &str, body: Value, answer: Answer) -> Value {
        assert!(answer.status < 300, "{id}: {} {}", answer.status, answer.text);
        let mut told = json!({ "path": path, "status": answer.status });
        let fields = told.as_object_mut().unwrap();
        if !body.is_null() {
            fields.insert("request".into(), body);
        }
        if !answer.body.is_null() && id != "get_openapi" {
            fields.insert("answer".into(), answer.body.clone());
        }
        let mut shown = told.clone();
        self.steady.make(&mut shown);
        self.shown.insert(id.to_owned(), shown);
        assert!(self.told.insert(id.to_owned(), told).is_none(), "{id} is told twice");
        answer.body
    }
}

#[tokio::test]
async fn the_examples_are_what_the_server_answers() {
    let app = TestApp::start_on_sqlite().await;
    let mut story = Story {
        app,
        document: document::<Memory>().value,
        told: Map::new(),
        steady: Steady::default(),
        shown: Map::new(),
    };
    organizations_and_directories(&mut story).await;
    tell_of_the_directory(&mut story).await;
    keys_and_clients(&mut story).await;
    the_server_itself(&mut story).await;
    let directory = story.told["create_directory"]["answer"]["id"].as_str().unwrap().to_owned();
    story.tell("delete_directory", &format!("/directories/{directory}"), Value::Null).await;
    let organization = story.told["create_organization"]["answer"]["id"].as_str().unwrap().to_owned();
    story.tell("delete_organization", &format!("/organizations/{organization}"), Value::Null).await;

    for (method, path, operation) in operations(&story.document) {
        let id = operation["operationId"].as_str().unwrap();
        if id == "sync_directory" {
            // No directory's provider is pulled from: it is always refused.
            continue;
        }
        let told = story.told.get(id);
        assert!(told.is_some(), "no example of {id}, {method} {path}: carry it out in this story");
        let told = told.unwrap();
        assert!(operation["responses"].get(told["status"].to_string()).is_some(), "{id}");
    }
    let told = Value::Object(std::mem::take(&mut story.shown));
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/openapi/examples.json");
    written(&file, &format!("{told:#}\n"));
    story.app.finish().await;
}

async fn organizations_and_directories(story: &mut Story) {
    let body = json!({ "name": "Acme", "external_id": "customer-42", "metadata": { "tier": "gold" } });
    let organization = story.tell("create_organization", "/organizations", body).await;
    let organization = organization["id"].as_str().unwrap().to_owned();
    story.tell("list_organizations", "/organizations?limit=2&search=acme", Value::Null).await;
    let body = json!({ "organization_id": organization, "domain": "acme.example" });
    let domain = story.tell("create_organization_domain", "/organization_domains", body).await;
    let domain = format!("/organization_domains/{}", domain["id"].as_str().unwrap());
    let path = format!("/organizations/{organization}");
    let verified = json!({ "domain_data": [{ "domain": "acme.example", "state": "verified" }] });
    story.app.api("PUT", &path, verified).await.expect(200);
    story.tell("get_organization_domain", &domain, Value::Null).await;
    story.tell("verify_organization_domain", &format!("{domain}/verify"), Value::Null).await;
    story.tell("delete_organization_domain", &domain, Value::Null).await;
    story.tell("get_organization", &path, Value::Null).await;
    let external = "/organizations/external_id/customer-42";
    story.tell("get_organization_by_external_id", external, Value::Null).await;
    let change = json!({ "name": "Acme Corporation", "metadata": { "tier": null, "region": "eu" } });
    story.tell("update_organization", &path, change).await;
    let mapping = format!("/organizations/{organization}/attribute_mapping");
    story.tell("get_organization_attribute_mapping", &mapping, Value::Null).await;

    let body = json!({ "organization_id": organization, "name": "Acme's IdP", "type": "generic scim v2.0" });
    let directory = story.tell("create_directory", "/directories", body).await;
    let id = directory["id"].as_str().unwrap().to_owned();
    let asked = format!("/directories?organization_id={organization}");
    story.tell("list_directories", &asked, Value::Null).await;
    story.tell("get_directory", &format!("/directories/{id}"), Value::Null).await;
    let change = json!({ "name": "Acme's people", "settings": { "require_if_match": false } });
    story.tell("update_directory", &format!("/directories/{id}"), change).await;
    people(story, &directory).await;
}

/// The IdP tells of a user and a group.
async fn people(story: &Story, directory: &Value) {
    let endpoint = directory["scim_endpoint"].as_str().unwrap();
    let base = endpoint.strip_prefix(&story.app.state.public_url).unwrap();
    let token = directory["bearer_token"].as_str().unwrap();
    let scim = async |method: &str, path: String, body: Value| {
        let request = Request::builder().method(method).uri(format!("{base}{path}"));
        let request = request.header("authorization", format!("Bearer {token}"));
        let request = request.header("content-type", "application/scim+json");
        let answer = story.app.send(request.body(Body::from(body.to_string())).unwrap()).await;
        assert!(answer.status < 300, "{}", answer.text);
        answer.body["id"].as_str().unwrap_or_default().to_owned()
    };
    let user = scim(
        "POST",
        "/Users".into(),
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "ada@example.com",
            "externalId": "7",
            "name": { "givenName": "Ada", "familyName": "Lovelace" },
            "emails": [{ "value": "ada@example.com", "type": "work", "primary": true }],
            "title": "Engineer",
            "active": true,
        }),
    )
    .await;
    let group = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": "Engineers",
        "members": [{ "value": user }],
    });
    scim("POST", "/Groups".into(), group).await;
    let change = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "title", "value": "Countess" }],
    });
    scim("PATCH", format!("/Users/{user}"), change).await;
}

async fn tell_of_the_directory(story: &mut Story) {
    let id = story.told["create_directory"]["answer"]["id"].as_str().unwrap().to_owned();
    let users =
        story.tell("list_directory_users", &format!("/directory_users?directory={id}"), Value::Null).await;
    let user = users["data"][0]["id"].as_str().unwrap().to_owned();
    story.tell("get_directory_user", &format!("/directory_users/{user}"), Value::Null).await;
    let groups = format!("/directory_groups?directory={id}");
    let groups = story.tell("list_directory_groups", &groups, Value::Null).await;
    let group = groups["data"][0]["id"].as_str().unwrap().to_owned();
    story.tell("get_directory_group", &format!("/directory_groups/{group}"), Value::Null).await;
    let events = "/events?events=dsync.user.created,dsync.user.updated&limit=2";
    story.tell("list_events", events, Value::Null).await;
    let requests = format!("/directories/{id}/requests");
    let list = story.tell("list_directory_requests", &format!("{requests}?limit=1"), Value::Null).await;
    let request = list["data"][0]["id"].as_str().unwrap().to_owned();
    story.tell("get_directory_request", &format!("{requests}/{request}"), Value::Null).await;

    let urn = "urn:example:acme:2.0:User";
    let schema = |attributes: Value| json!({ "id": urn, "name": "Acme", "attributes": attributes });
    let schemas = format!("/directories/{id}/schemas");
    let body = json!({ "resource_type": "User", "schema": schema(json!([{ "name": "badge" }])) });
    story.tell("create_directory_schema", &schemas, body).await;
    story.tell("list_directory_schemas", &schemas, Value::Null).await;
    story.tell("get_directory_schema", &format!("{schemas}/{urn}"), Value::Null).await;
    let body =
        json!({ "schema": schema(json!([{ "name": "badge" }, { "name": "floor", "type": "integer" }])) });
    story.tell("update_directory_schema", &format!("{schemas}/{urn}"), body).await;
    story.app.work().await;
    story.tell("delete_directory_schema", &format!("{schemas}/{urn}"), Value::Null).await;

    let path = format!("/directories/{id}");
    story.tell("list_attributes_seen", &format!("{path}/attributes_seen?limit=100"), Value::Null).await;
    story.tell("list_attributes_left_out", &format!("{path}/attributes_left_out"), Value::Null).await;
    mappings(story, &path, &group).await;
}

async fn mappings(story: &mut Story, path: &str, group: &str) {
    let organization = story.told["create_organization"]["answer"]["id"].as_str().unwrap();
    let of_organization = format!("/organizations/{organization}/attribute_mapping");
    let attributes = json!({ "attributes": { "nick": { "path": "userName", "type": "string" } } });
    let of_directory = format!("{path}/attribute_mapping");
    let preview = format!("{of_directory}/preview");
    story.tell("preview_attribute_mapping", &preview, attributes.clone()).await;
    story.tell("update_attribute_mapping", &of_directory, attributes).await;
    story.tell("get_attribute_mapping", &of_directory, Value::Null).await;
    let attributes = json!({ "attributes": { "title": { "path": "title", "required": true } } });
    story.tell("update_organization_attribute_mapping", &of_organization, attributes).await;

    let roles = json!({ "roles": [{ "slug": "engineer", "group_ids": [group] }], "default_role": "member" });
    let of_directory = format!("{path}/role_mapping");
    story.tell("preview_role_mapping", &format!("{of_directory}/preview"), roles.clone()).await;
    story.tell("update_role_mapping", &of_directory, roles).await;
    story.tell("get_role_mapping", &of_directory, Value::Null).await;
    story.app.work().await;
}

async fn keys_and_clients(story: &mut Story) {
    let id = story.told["create_directory"]["answer"]["id"].as_str().unwrap().to_owned();
    let tokens = format!("/directories/{id}/tokens");
    let body =
        json!({ "name": "The next one", "scopes": ["no-delete"], "expires_at": "2030-01-31T12:00:00Z" });
    let token = story.tell("create_directory_token", &tokens, body).await;
    story.tell("list_directory_tokens", &tokens, Value::Null).await;
    let token = token["id"].as_str().unwrap();
    let overlap = json!({ "overlap_seconds": 86400 });
    story.tell("rotate_directory_token", &format!("{tokens}/{token}/rotate"), overlap.clone()).await;
    let organization = story.told["create_organization"]["answer"]["id"].as_str().unwrap().to_owned();
    let body = json!({ "name": "Reports", "organization_ids": [organization], "read_only": true });
    let key = story.tell("create_api_key", "/api_keys", body).await;
    let key = format!("/api_keys/{}", key["id"].as_str().unwrap());
    story.tell("list_api_keys", "/api_keys?limit=1", Value::Null).await;
    story.tell("get_api_key", &key, Value::Null).await;
    story.tell("rotate_api_key", &format!("{key}/rotate"), overlap).await;
    story.tell("delete_api_key", &key, Value::Null).await;
    story.tell("delete_directory_token", &format!("{tokens}/{token}"), Value::Null).await;

    let clients = format!("/directories/{id}/oauth_clients");
    let body = json!({ "name": "Acme's IdP", "authentication": "client_secret_basic" });
    let client = story.tell("create_directory_oauth_client", &clients, body).await;
    let (client, secret) = (client["id"].as_str().unwrap(), client["client_secret"].as_str().unwrap());
    story.tell("list_directory_oauth_clients", &clients, Value::Null).await;
    story.tell("get_directory_oauth_client", &format!("{clients}/{client}"), Value::Null).await;

    let proof = base64::engine::general_purpose::STANDARD.encode(format!("{client}:{secret}"));
    let request = Request::post("/oauth2/token")
        .header("authorization", format!("Basic {proof}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from("grant_type=client_credentials&scope=scim"))
        .unwrap();
    let answer = story.app.send(request).await;
    let sent = json!({ "grant_type": "client_credentials", "scope": "scim" });
    story.note("create_access_token", "/oauth2/token", sent, answer);
    let metadata = "/.well-known/oauth-authorization-server";
    story.tell("get_authorization_server", metadata, Value::Null).await;
    story.tell("delete_directory_oauth_client", &format!("{clients}/{client}"), Value::Null).await;
}

async fn the_server_itself(story: &mut Story) {
    for (id, path) in [
        ("get_health_live", "/health/live"),
        ("get_health_ready", "/health/ready"),
        ("get_openapi", "/openapi.json"),
        ("get_reference", "/reference"),
        ("list_idp_pages", "/idp"),
        ("get_idp_page", "/idp/generic"),
        ("get_page_style", "/idp/style.css"),
    ] {
        story.tell(id, path, Value::Null).await;
    }
}

/// Takes out what another run would have otherwise: ids, secrets, times, and how long something took.
#[derive(Default)]
struct Steady {
    ids: BTreeMap<String, String>,
}

impl Steady {
    fn make(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.steady(text),
            Value::Array(list) => list.iter_mut().for_each(|value| self.make(value)),
            Value::Object(fields) => {
                for (name, value) in fields.iter_mut() {
                    match name.as_str() {
                        "expires_at" if value.is_string() => *value = json!("2030-01-31T12:00:00.000Z"),
                        "obfuscated_value" => *value = json!("lockstep_key_…a1b2"),
                        "duration_ms" => *value = json!(1.25),
                        "version" | "etag" if value.is_string() => *value = json!("\"1\""),
                        "created_at" | "updated_at" | "last_used_at" | "seen_at" | "created"
                        | "lastModified"
                            if value.is_string() =>
                        {
                            *value = json!("2026-11-21T12:00:00.000Z");
                        }
                        _ => self.make(value),
                    }
                }
            }
            _ => {}
        }
    }

    /// Each word that is an id or a secret of ours becomes one that can be seen to be none.
    fn steady(&mut self, text: &str) -> String {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let mut out = String::new();
        let mut rest = text;
        while let Some(start) = rest.find(is_word) {
            let end = rest[start..].find(|c| !is_word(c)).map_or(rest.len(), |length| start + length);
            out.push_str(&rest[..start]);
            out.push_str(&self.word(&rest[start..end]));
            rest = &rest[end..];
        }
        out + rest
    }

    fn word(&mut self, word: &str) -> String {
        if let Some((prefix, _)) = word.strip_prefix("lockstep_").and_then(|rest| rest.split_once('_')) {
            return format!("lockstep_{prefix}_…");
        }
        let Some((prefix, code)) = word.rsplit_once('_') else { return word.to_owned() };
        let is_code = code.len() >= 15 && code.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase());
        if !is_code {
            return word.to_owned();
        }
        let next = format!("{prefix}_{:0>width$}", self.ids.len() + 1, width = code.len());
        self.ids.entry(word.to_owned()).or_insert(next).clone()
    }
}
