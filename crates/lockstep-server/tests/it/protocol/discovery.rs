//! ServiceProviderConfig, Schemas and ResourceTypes (RFC 7644 §4, RFC 7643 §5 to §7).

use axum::body::Body;
use http::Request;
use lockstep_testkit::{ScimClient, TestApp};
use serde_json::{Value, json};

use super::{ENTERPRISE, GROUP, USER, get, lenient_and_strict, refusal};

const CONFIG: &str = "/ServiceProviderConfig";
const CONFIG_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";

/// Every attribute definition that the directory publishes, sub-attributes included: the schema, the definition that
/// it stands in if any, itself.
async fn definitions(idp: &ScimClient) -> Vec<(String, Option<Value>, Value)> {
    let mut found = Vec::new();
    for schema in get(idp, "/Schemas").await["Resources"].as_array().unwrap() {
        let id = schema["id"].as_str().unwrap();
        for attribute in schema["attributes"].as_array().unwrap() {
            found.push((id.to_owned(), None, attribute.clone()));
            for sub in attribute["subAttributes"].as_array().into_iter().flatten() {
                found.push((id.to_owned(), Some(attribute.clone()), sub.clone()));
            }
        }
    }
    assert!(found.len() > 60, "the schemas of users and groups");
    found
}

// Shows: DISC-01, DISC-02, DISC-03, DISC-04, DISC-05, DISC-06, DISC-07
#[tokio::test]
async fn the_configuration_is_one_object_with_every_feature() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let config = get(&idp, CONFIG).await;
        assert_eq!(config["schemas"], json!([CONFIG_URN]));
        assert_eq!(config.get("Resources"), None);
        for feature in ["patch", "bulk", "filter", "changePassword", "sort", "etag"] {
            assert!(config[feature]["supported"].is_boolean(), "{feature}: {config}");
        }
        for number in ["/bulk/maxOperations", "/bulk/maxPayloadSize", "/filter/maxResults"] {
            assert!(config.pointer(number).is_some_and(Value::is_u64), "{number}: {config}");
        }
    }
    app.finish().await;
}

// Shows: DISC-08, DISC-09
#[tokio::test]
async fn each_way_to_authenticate_is_described() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let config = get(&idp, CONFIG).await;
    let schemes = config["authenticationSchemes"].as_array().unwrap();
    assert!(!schemes.is_empty());
    let known = ["oauth", "oauth2", "oauthbearertoken", "httpbasic", "httpdigest"];
    for scheme in schemes {
        assert!(known.contains(&scheme["type"].as_str().unwrap()), "{scheme}");
        for text in ["name", "description"] {
            assert!(scheme[text].as_str().is_some_and(|text| !text.is_empty()), "{text}: {scheme}");
        }
        for uri in ["specUri", "documentationUri"] {
            let absolute = |uri: &Value| uri.as_str().is_some_and(|uri| uri.starts_with("https://"));
            assert!(scheme.get(uri).is_none_or(absolute), "{uri}: {scheme}");
        }
    }
    assert_eq!(schemes.iter().filter(|scheme| scheme["primary"] == true).count(), 1);
    app.finish().await;
}

// Shows: DISC-10
#[tokio::test]
async fn how_to_authenticate_is_told_to_who_has_no_credential_and_nothing_else_is() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let without = async |path: &str| {
        app.send(Request::get(format!("{}{path}", idp.base)).body(Body::empty()).unwrap()).await
    };
    let told = without(CONFIG).await.expect(200);
    assert_eq!(told["authenticationSchemes"], get(&idp, CONFIG).await["authenticationSchemes"]);
    for path in ["/Schemas", "/ResourceTypes", "/Users", "/ServiceProviderConfig/x", ""] {
        assert_eq!(without(path).await.status, 401, "{path}");
    }
    // Whoever sends a credential is told that it is wrong.
    assert_eq!(idp.with_token("wrong").scim("GET", CONFIG, Value::Null).await.status, 401);
    // Whether there is such a directory is not told.
    let (start, last) = idp.base.split_at(idp.base.len() - 1);
    let nobody = format!("{start}{}{CONFIG}", if last == "0" { "1" } else { "0" });
    let other = app.send(Request::get(nobody).body(Body::empty()).unwrap()).await;
    assert_eq!(other.expect(200)["authenticationSchemes"], told["authenticationSchemes"]);
    app.finish().await;
}

// Shows: DISC-11, DISC-24
#[tokio::test]
async fn discovery_documents_cannot_be_written() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let schema = format!("/Schemas/{USER}");
    for path in [CONFIG, "/Schemas", &schema, "/ResourceTypes", "/ResourceTypes/User"] {
        let before = get(&idp, path).await;
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let answer = idp.scim(method, path, before.clone()).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{method} {path}");
        }
        assert_eq!(get(&idp, path).await, before, "{path}");
    }
    app.finish().await;
}

// Shows: DISC-12, DISC-35
#[tokio::test]
async fn the_common_attributes_are_those_of_users_and_groups() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let config = get(&idp, CONFIG).await;
        assert_eq!((config.get("id"), config.get("externalId")), (None, None));
        for resource_type in get(&idp, "/ResourceTypes").await["Resources"].as_array().unwrap() {
            assert_eq!(resource_type.get("externalId"), None);
        }
        let bodies = [
            ("/Users", json!({ "schemas": [USER], "userName": "anna", "externalId": "e-1" })),
            ("/Groups", json!({ "schemas": [GROUP], "displayName": "Staff", "externalId": "e-1" })),
        ];
        for (endpoint, body) in bodies {
            let made = idp.scim("POST", endpoint, body).await.expect(201);
            assert!(made["id"].is_string() && made["meta"].is_object(), "{made}");
            assert_eq!(made["externalId"], "e-1");
        }
        // RFC 7643 §3.1: they belong to every resource, so no schema lists them.
        for (schema, within, attribute) in definitions(&idp).await {
            let common =
                ["id", "externalId", "meta", "schemas"].contains(&attribute["name"].as_str().unwrap());
            assert!(within.is_some() || !common, "{schema} lists {}", attribute["name"]);
        }
    }
    app.finish().await;
}

// Shows: DISC-13
#[tokio::test]
async fn what_is_advertised_works_and_what_is_not_is_refused() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let config = get(&idp, CONFIG).await;
    let user = idp.user("zoe").await;
    idp.user("anna").await;

    assert_eq!(config["patch"]["supported"], true);
    let operation = json!({ "op": "add", "path": "title", "value": "Engineer" });
    assert_eq!(idp.patch(&format!("/Users/{user}"), operation).await.expect(200)["title"], "Engineer");

    assert_eq!(config["filter"]["supported"], true);
    let found = get(&idp, "/Users?filter=userName%20eq%20%22zoe%22").await;
    assert_eq!((&found["totalResults"], &found["Resources"][0]["id"]), (&json!(1), &json!(user)));

    assert_eq!(config["sort"]["supported"], true);
    let sorted = get(&idp, "/Users?sortBy=userName").await;
    assert_eq!(sorted["Resources"][0]["userName"], "anna");

    assert_eq!(config["etag"]["supported"], true);
    let read = idp.scim("GET", &format!("/Users/{user}"), Value::Null).await;
    assert_eq!(read.header("etag"), read.body["meta"]["version"].as_str());

    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{ "method": "DELETE", "path": format!("/Users/{user}") }],
    });
    let expected = if config["bulk"]["supported"] == true { 200 } else { 501 };
    assert_eq!(idp.scim("POST", "/Bulk", bulk).await.status, expected);

    // RFC 7643 §5: no password can be changed, because none is kept and no schema has one.
    assert_eq!(config["changePassword"]["supported"], false);
    for (_, _, attribute) in definitions(&idp).await {
        assert_ne!(attribute["name"], "password");
    }
    app.finish().await;
}

// Shows: DISC-14, DISC-15, DISC-17, DISC-25
#[tokio::test]
async fn every_schema_of_a_resource_type_is_listed_and_is_read_by_its_urn() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let list = get(&idp, "/Schemas").await;
        assert_eq!(list["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]));
        let listed = list["Resources"].as_array().unwrap();
        assert_eq!(list["totalResults"], listed.len());
        let mut ids: Vec<&str> = listed.iter().map(|schema| schema["id"].as_str().unwrap()).collect();
        ids.sort_unstable();
        assert_eq!(ids, [GROUP, USER, ENTERPRISE]);
        for schema in listed {
            assert_eq!(schema["schemas"], json!(["urn:ietf:params:scim:schemas:core:2.0:Schema"]));
            let id = schema["id"].as_str().unwrap();
            assert_eq!(get(&idp, &format!("/Schemas/{id}")).await, *schema);
            assert_eq!(get(&idp, &format!("/Schemas/{}", id.to_uppercase())).await, *schema);
        }
        for urn in ["urn:example:none", "urn:ietf:params:scim:api:messages:2.0:PatchOp"] {
            let answer = idp.scim("GET", &format!("/Schemas/{urn}"), Value::Null).await;
            assert_eq!(refusal(&answer), (404, None), "{urn}");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn every_schema_of_what_is_shown_is_published_where_nothing_undeclared_is_kept() {
    let app = TestApp::start().await;
    let [_, strict] = lenient_and_strict(&app).await;
    let body = json!({
        "schemas": [USER, ENTERPRISE],
        "userName": "anna",
        (ENTERPRISE): { "department": "Research" },
    });
    let user = strict.scim("POST", "/Users", body).await.expect(201);
    let group = json!({ "schemas": [GROUP], "displayName": "Staff" });
    let group = strict.scim("POST", "/Groups", group).await.expect(201);
    for resource in [user, group] {
        for urn in resource["schemas"].as_array().unwrap() {
            get(&strict, &format!("/Schemas/{}", urn.as_str().unwrap())).await;
        }
    }
    let undeclared = json!({ "schemas": [USER, "urn:example:Badge"], "userName": "bert" });
    assert_eq!(refusal(&strict.scim("POST", "/Users", undeclared).await), (400, Some("invalidSyntax")));
    app.finish().await;
}

// Shows: DISC-18, DISC-19, DISC-23
#[tokio::test]
async fn every_attribute_is_defined_in_full() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    for path in ["/Schemas", "/ResourceTypes"] {
        for document in get(&idp, path).await["Resources"].as_array().unwrap() {
            assert!(is_text(&document["name"]) && is_text(&document["description"]), "{document}");
        }
    }
    for (schema, _, attribute) in definitions(&idp).await {
        let place = format!("{schema}: {attribute}");
        assert!(is_text(&attribute["name"]) && is_text(&attribute["description"]), "{place}");
        assert!(attribute["multiValued"].is_boolean() && attribute["required"].is_boolean(), "{place}");
        let one_of = |name: &str, known: &[&str]| {
            assert!(known.contains(&attribute[name].as_str().unwrap()), "{name} of {place}");
        };
        one_of("mutability", &["readOnly", "readWrite", "immutable", "writeOnly"]);
        one_of("returned", &["always", "never", "default", "request"]);
        if ["string", "reference", "binary"].contains(&attribute["type"].as_str().unwrap()) {
            assert!(attribute["caseExact"].is_boolean(), "{place}");
            one_of("uniqueness", &["none", "server", "global"]);
        }
    }
    app.finish().await;
}

// Shows: DISC-20, DISC-21, DISC-22, DISC-37, DISC-38, DISC-39, SCHEMA-19
#[tokio::test]
async fn definitions_keep_to_the_types_and_names_of_the_standard() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let types = ["string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex"];
    for (schema, within, attribute) in definitions(&idp).await {
        let place = format!("{schema}: {attribute}");
        let kind = attribute["type"].as_str().unwrap();
        assert!(types.contains(&kind), "{place}");
        let subs = attribute.get("subAttributes").and_then(Value::as_array);
        assert_eq!(subs.is_some_and(|subs| !subs.is_empty()), kind == "complex", "{place}");
        assert!(within.is_none() || kind != "complex", "{place}");
        assert!(kind != "complex" || attribute.get("uniqueness").is_none(), "{place}");
        let references = attribute.get("referenceTypes");
        assert_eq!(references.is_some(), kind == "reference", "{place}");
        for reference in references.and_then(Value::as_array).into_iter().flatten() {
            assert!(["User", "Group", "external", "uri"].contains(&reference.as_str().unwrap()), "{place}");
        }
        // RFC 7643 §2.1; `$ref` is the RFC's own exception to it.
        let name = attribute["name"].as_str().unwrap();
        let rest_fits = name.bytes().skip(1).all(|b| b.is_ascii_alphanumeric() || b"$-_".contains(&b));
        let starts = name.as_bytes()[0].is_ascii_alphabetic() || name == "$ref";
        assert!(starts && rest_fits, "{place}");
    }
    app.finish().await;
}

// Shows: DISC-26, DISC-27, DISC-28, DISC-31, DISC-32, DISC-36
#[tokio::test]
async fn resource_types_name_their_endpoint_and_schemas_that_exist() {
    let app = TestApp::start().await;
    for idp in lenient_and_strict(&app).await {
        let list = get(&idp, "/ResourceTypes").await;
        assert_eq!(list["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]));
        let listed = list["Resources"].as_array().unwrap();
        assert_eq!((listed.len(), &list["totalResults"]), (2, &json!(2)));
        for resource_type in listed {
            let name = resource_type["name"].as_str().unwrap();
            assert_eq!(resource_type["id"], name);
            assert_eq!(get(&idp, &format!("/ResourceTypes/{name}")).await, *resource_type);
            let endpoint = resource_type["endpoint"].as_str().expect("one endpoint");
            assert_eq!(endpoint, format!("/{name}s"));
            assert_eq!(get(&idp, endpoint).await["totalResults"], 0);
            let schema = resource_type["schema"].as_str().unwrap();
            assert_eq!(get(&idp, &format!("/Schemas/{schema}")).await["id"], schema);
        }
        assert_eq!(listed[0]["schemaExtensions"], json!([{ "schema": ENTERPRISE, "required": false }]));
        assert_eq!(get(&idp, &format!("/Schemas/{ENTERPRISE}")).await["id"], ENTERPRISE);
        assert_eq!(listed[1].get("schemaExtensions"), None);
        let unknown = idp.scim("GET", "/ResourceTypes/Device", Value::Null).await;
        assert_eq!(refusal(&unknown), (404, None));
    }
    app.finish().await;
}

// Shows: DISC-29
#[tokio::test]
async fn a_resource_names_its_type() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let user = idp.user("anna").await;
    let group = idp.group("Staff", &[&user]).await;
    for (path, name) in [(format!("/Users/{user}"), "User"), (format!("/Groups/{group}"), "Group")] {
        let name = get(&idp, &format!("/ResourceTypes/{name}")).await["name"].clone();
        assert_eq!(get(&idp, &path).await["meta"]["resourceType"], name);
    }
    app.finish().await;
}

// Shows: DISC-33, DISC-34
#[tokio::test]
async fn discovery_ignores_every_list_parameter_but_a_filter_which_is_forbidden() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    for path in [CONFIG, "/Schemas", "/ResourceTypes"] {
        let whole = get(&idp, path).await;
        for query in ["sortBy=id&sortOrder=descending", "startIndex=2&count=0", "count=nonsense"] {
            assert_eq!(get(&idp, &format!("{path}?{query}")).await, whole, "{path}?{query}");
        }
        let filtered = idp.scim("GET", &format!("{path}?filter=id%20pr"), Value::Null).await;
        assert_eq!(refusal(&filtered), (403, None), "{path}");
    }
    app.finish().await;
}

// Shows: DISC-40
#[tokio::test]
async fn an_extension_adds_attributes_and_redefines_none() {
    let app = TestApp::start().await;
    let idp = app.tenant("Acme").await;
    let names = async |urn: &str| {
        let schema = get(&idp, &format!("/Schemas/{urn}")).await;
        let names = schema["attributes"].as_array().unwrap().iter();
        names.map(|attribute| attribute["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let core = names(USER).await;
    let added = names(ENTERPRISE).await;
    assert!(!added.is_empty());
    assert!(added.iter().all(|name| !core.contains(name)), "{added:?}");
    app.finish().await;
}

#[tokio::test]
async fn the_documentation_that_is_named_is_the_page_of_the_directorys_contract() {
    let app = TestApp::start().await;
    let organization = app.organization("Example").await;
    for slug in ["keycloak", "generic"] {
        let client = app.directory_of(&organization, slug).await;
        let config = client.scim("GET", CONFIG, Value::Null).await.expect(200);
        let page = config["documentationUri"].as_str().unwrap();
        assert_eq!(page, format!("https://lockstep.test/idp/{slug}"));
        let path = page.strip_prefix("https://lockstep.test").unwrap();
        assert_eq!(app.api("GET", path, Value::Null).await.status, 200, "{path}");
        let told = client.anonymous("GET", CONFIG).await.expect(200);
        assert_eq!(told["documentationUri"], "https://lockstep.test/idp", "whose it is stays untold");
    }
    app.finish().await;
}
