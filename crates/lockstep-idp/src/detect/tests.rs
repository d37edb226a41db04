//! An IdP is told by what it sends, never by a guess.

use super::*;
use crate::by_slug;

fn request(line: &str) -> Request {
    let (method, path) = line.split_once(' ').unwrap();
    let (path, filter) =
        path.split_once("?filter=").map_or((path, None), |(path, filter)| (path, Some(filter)));
    let request = Request::new(method, path);
    filter.iter().fold(request, |request, filter| request.with_query("filter", filter))
}

#[test]
fn requests_are_summed_up_without_ids_and_values() {
    for (line, wanted) in [
        ("POST /Users", "POST /Users"),
        ("GET /Users/directory_user_1", "GET /Users/{id}"),
        ("GET /Users?filter=userName eq \"ada@example.com\"", "GET /Users?userName"),
    ] {
        assert_eq!(summary(&request(line)), wanted);
    }
}

#[test]
fn what_nobody_else_sends_is_certain_and_told_once() {
    let generic = by_slug("generic").unwrap();
    let mut evidence = Evidence::default();
    let headers = Headers { user_agent: Some("Okta SCIM Client 1.0.0"), ..Headers::NONE };
    let noted = evidence.note(generic, &request("GET /Users?filter=userName eq \"x\""), headers);
    assert_eq!(noted.looks_like, Some("okta"));
    let news = noted.news.unwrap();
    assert_eq!((news.slug, news.certain), ("okta", true));
    assert!(!news.signs.is_empty());
    assert_eq!(evidence.note(generic, &request("POST /Users"), headers).news, None);
}

#[test]
fn an_idp_in_its_own_directory_is_no_news() {
    let okta = by_slug("okta").unwrap();
    let headers = Headers { user_agent: Some("Okta SCIM Client 1.0.0"), ..Headers::NONE };
    let noted = Evidence::default().note(okta, &request("POST /Users"), headers);
    assert_eq!((noted.looks_like, noted.news), (None, None));
}

#[test]
fn nobody_is_told_from_a_plain_client() {
    let headers = Headers { user_agent: Some("python-httpx/0.28.1"), ..Headers::NONE };
    for provider in PROVIDERS {
        let mut evidence = Evidence::default();
        for line in [
            "GET /Users?filter=userName eq \"x\"",
            "POST /Users",
            "GET /Users/1",
            "PUT /Users/1",
            "DELETE /Users/1",
        ] {
            let noted = evidence.note(provider, &request(line), headers);
            assert_eq!((noted.looks_like, noted.news), (None, None), "{}: {line}", provider.slug);
        }
    }
}
