//! The pages about identity providers, as a browser gets them.

use axum::body::Body;
use http::Request;
use lockstep_testkit::{Answer, TestApp};

async fn get(app: &TestApp, path: &str) -> Answer {
    app.send(Request::get(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn every_contract_has_a_page_that_anybody_may_read() {
    let app = TestApp::start().await;
    let index = get(&app, "/idp").await;
    assert_eq!((index.status, index.header("content-type")), (200, Some("text/html; charset=utf-8")));
    for provider in lockstep_idp::PROVIDERS {
        assert!(index.text.contains(&format!("href=\"idp/{}\"", provider.slug)), "{}", provider.slug);
        let page = get(&app, &format!("/idp/{}", provider.slug)).await;
        assert_eq!(page.status, 200, "{}", provider.slug);
        assert!(page.text.contains(&format!("<h1>{}</h1>", provider.name)), "{}", page.text);
        for repair in provider.repairs {
            assert!(page.text.contains(&format!("id=\"{}\"", repair.name)), "{}", repair.name);
        }
        for quirk in provider.quirks {
            assert!(page.text.contains(&format!("id=\"{}\"", quirk.id.to_ascii_lowercase())), "{}", quirk.id);
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_page_runs_nothing_and_loads_nothing_from_elsewhere() {
    let app = TestApp::start().await;
    for (path, status) in
        [("/idp", 200), ("/idp/generic", 200), ("/idp/style.css", 200), ("/idp/nobody", 404)]
    {
        let answer = get(&app, path).await;
        assert_eq!(answer.status, status, "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert!(!answer.text.contains("<script") && !answer.text.contains(" style="), "{path}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_page_that_is_none_lists_those_that_are() {
    let app = TestApp::start().await;
    let answer = get(&app, "/idp/%3Cb%3Egeneric").await;
    assert_eq!(answer.status, 404);
    assert!(answer.text.contains("&lt;b&gt;generic") && !answer.text.contains("<b>"), "{}", answer.text);
    for provider in lockstep_idp::PROVIDERS {
        assert!(answer.text.contains(&format!("href=\"{}\"", provider.slug)), "{}", answer.text);
    }
    app.finish().await;
}
