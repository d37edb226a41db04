//! What `discovery` promises, as tables and properties.

use super::{Cursors, Features, resource_types, schema, schemas, service_provider_config};
use crate::{Definition, Limits};

fn definitions() -> [Definition; 2] {
    [Definition::user(), Definition::group()]
}

#[test]
fn only_what_is_offered_is_announced() {
    let config = service_provider_config("https://x/scim/v2", None, &Limits::default(), &Features::default());
    for (pointer, expected) in [
        ("/patch/supported", true),
        ("/bulk/supported", true),
        ("/filter/supported", true),
        ("/changePassword/supported", false),
        ("/sort/supported", true),
        ("/etag/supported", true),
    ] {
        assert_eq!(config.pointer(pointer).unwrap(), expected, "{pointer}");
    }
    assert_eq!(config["authenticationSchemes"].as_array().unwrap().len(), 1);
    assert!(config.get("pagination").is_none() && config.get("documentationUri").is_none());
    let cursors = Some(Cursors { default_page_size: 100, timeout_seconds: 600 });
    let all = Features { bulk: true, cursors, client_credentials: true, ..Features::default() };
    let config = service_provider_config("", Some("https://docs"), &Limits::default(), &all);
    assert_eq!(config["bulk"]["maxOperations"], 1_000);
    let pagination = serde_json::json!({
        "cursor": true, "index": true, "defaultPaginationMethod": "index",
        "defaultPageSize": 100, "maxPageSize": 1_000, "cursorTimeout": 600,
    });
    assert_eq!(config["pagination"], pagination);
    assert_eq!(config.pointer("/authenticationSchemes/1/type").unwrap(), "oauth2");
}

#[test]
fn types_and_schemas_are_listed_once() {
    let types = resource_types(&definitions(), "https://x/scim/v2");
    assert_eq!(types["totalResults"], 2);
    assert_eq!(types["Resources"][0]["meta"]["location"], "https://x/scim/v2/ResourceTypes/User");
    assert!(types["Resources"][1].get("schemaExtensions").is_none());
    let listed = schemas(&[definitions(), definitions()].concat(), "https://x/scim/v2");
    assert_eq!(listed["totalResults"], 3);
    let one =
        schema(&definitions(), "urn:ietf:params:scim:schemas:core:2.0:GROUP", "https://x/scim/v2").unwrap();
    assert_eq!(one["name"], "Group");
    assert!(schema(&definitions(), "urn:x", "").is_none());
    assert!(!listed.to_string().contains("null") && !types.to_string().contains("null"));
}
