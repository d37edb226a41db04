//! Paging by index (RFC 7644 §3.4.2.4).

use lockstep_testkit::{ScimClient, TestApp};
use serde_json::{Value, json};

async fn page(idp: &ScimClient, path: &str) -> Value {
    idp.scim("GET", path, Value::Null).await.expect(200)
}

fn ids(page: &Value) -> Vec<String> {
    let resources = page["Resources"].as_array().unwrap().iter();
    resources.map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

async fn crowd(app: &TestApp<impl lockstep_store::Store>, count: usize) -> (ScimClient, Vec<String>) {
    let idp = app.tenant("Acme").await;
    let mut ids = Vec::new();
    for index in 0..count {
        ids.push(idp.user(&format!("user{index:04}@example.com")).await);
    }
    (idp, ids)
}

// Shows: LIST-02, LIST-04, PAGE-01, PAGE-02, PAGE-03, PAGE-04, PAGE-07, PAGE-08, PAGE-09
#[tokio::test]
async fn every_window_of_a_list_is_what_it_says() {
    let app = TestApp::start_on_sqlite().await;
    let (idp, all) = crowd(&app, 12).await;
    // By whatever way the list is made: counted, filtered, sorted.
    for question in ["", "&filter=userName%20sw%20%22user%22", "&sortBy=userName"] {
        for (window, start, expected) in [
            ("", 1, 0..12),
            ("startIndex=1&count=5", 1, 0..5),
            ("startIndex=6&count=5", 6, 5..10),
            ("startIndex=11&count=5", 11, 10..12),
            ("startIndex=0&count=2", 1, 0..2),
            ("startIndex=-7&count=2", 1, 0..2),
            ("startIndex=13&count=5", 13, 0..0),
            ("startIndex=1000000&count=5", 1_000_000, 0..0),
            ("count=0", 1, 0..0),
            ("count=-3", 1, 0..0),
            ("startIndex=3", 3, 2..12),
        ] {
            let path = format!("/Users?{window}{question}");
            let found = page(&idp, &path).await;
            assert_eq!(ids(&found), all[expected.clone()], "{path}");
            assert_eq!(found["totalResults"], 12, "{path}");
            assert_eq!(found["startIndex"], start, "{path}");
            assert_eq!(found["itemsPerPage"], expected.len(), "{path}");
        }
    }
    app.finish().await;
}

// Shows: LIST-15, PAGE-05, PAGE-06, PAGE-11
#[tokio::test]
async fn a_page_is_as_large_as_the_server_says_where_nobody_does() {
    let app = TestApp::start_on_sqlite().await;
    let (idp, all) = crowd(&app, 130).await;
    assert_eq!(page(&idp, "/Users").await["itemsPerPage"], 100);
    let asked = page(&idp, "/Users?count=120").await;
    assert_eq!(ids(&asked), all[..120]);
    let config = page(&idp, "/ServiceProviderConfig").await;
    assert_eq!(config["filter"]["maxResults"], 1_000);
    app.finish().await;
}

// Shows: LIST-15
#[tokio::test]
async fn no_page_is_larger_than_the_configured_maximum() {
    let app = TestApp::start().await;
    let (idp, _) = crowd(&app, 1_003).await;
    for path in
        ["/Users?count=5000", "/?count=5000&filter=id%20pr", "/Users?count=99999999999999999999&sortBy=id"]
    {
        let found = page(&idp, path).await;
        assert_eq!(
            (&found["itemsPerPage"], &found["totalResults"]),
            (&json!(1_000), &json!(1_003)),
            "{path}"
        );
    }
    app.finish().await;
}

// Shows: CURSOR-12
#[tokio::test]
async fn who_does_not_ask_for_a_cursor_gets_none() {
    let app = TestApp::start_on_sqlite().await;
    let (idp, _) = crowd(&app, 3).await;
    for path in ["/Users", "/Users?count=1", "/Users?startIndex=2&count=1", "/Users?sortBy=userName&count=1"]
    {
        let found = page(&idp, path).await;
        assert_eq!((&found["totalResults"], found.get("nextCursor")), (&json!(3), None), "{path}");
    }
    app.finish().await;
}
