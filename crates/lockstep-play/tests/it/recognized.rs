//! What an IdP's contracts say that it sends is never taken for another IdP's traffic.

use lockstep_idp::Evidence;
use lockstep_idp::detect::Headers;

use crate::needed::request;

/// What all of an IdP's contracts together show in a directory that is held to `current`: the short names that were
/// suggested, and which of them for certain.
fn suggested(slug: &str, current: &str) -> Vec<(&'static str, bool)> {
    let current = lockstep_idp::by_slug(current).expect("a known IdP");
    let contracts = lockstep_play::contracts(slug).expect("every contract can be read");
    let mut evidence = Evidence::default();
    let mut suggested = Vec::new();
    for step in contracts.iter().chain(&lockstep_play::story(slug)).flat_map(|contract| &contract.steps) {
        let header = |name: &str| {
            let found = step.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.as_str())
        };
        let headers = Headers {
            user_agent: header("user-agent"),
            content_type: header("content-type"),
            accept: header("accept"),
            has: &|name| header(name).is_some(),
        };
        let news = evidence.note(current, &request(step), headers).news;
        suggested.extend(news.map(|finding| (finding.slug, finding.certain)));
    }
    suggested
}

#[test]
fn an_idp_in_its_own_directory_is_never_taken_for_another() {
    for provider in lockstep_idp::PROVIDERS {
        assert_eq!(suggested(provider.slug, provider.slug), [], "{}", provider.slug);
    }
}

#[test]
fn an_idp_in_a_generic_directory_is_taken_for_itself_or_for_nobody() {
    for provider in lockstep_idp::PROVIDERS {
        for (slug, certain) in suggested(provider.slug, "generic") {
            assert_eq!(slug, provider.slug, "certain: {certain}");
        }
    }
}
