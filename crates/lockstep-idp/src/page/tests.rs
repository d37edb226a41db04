//! The pages are what the contracts say, and lead somewhere.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/idp")
}

/// Every page with its file.
fn pages() -> Vec<(String, Page)> {
    let pages = PROVIDERS.iter().map(|provider| (format!("{}.md", provider.slug), of(provider)));
    pages.chain([("README.md".to_owned(), index())]).collect()
}

/// Writes what is stale, so that the next run passes; `cargo xtask pages` is this test.
#[test]
fn the_pages_in_docs_are_what_the_contracts_say() {
    let mut stale = Vec::new();
    for (file, page) in pages() {
        let path = folder().join(&file);
        let written = page.markdown();
        if fs::read_to_string(&path).unwrap_or_default() != written {
            fs::write(&path, written).unwrap();
            stale.push(file);
        }
    }
    let known: Vec<String> = pages().into_iter().map(|(file, _)| file).collect();
    for entry in fs::read_dir(folder()).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        assert!(known.contains(&file) || file == "decisions.md", "docs/idp/{file} is nobody's page");
    }
    assert!(stale.is_empty(), "written anew, look at them and commit them: {stale:?}");
}

#[test]
fn every_link_within_a_page_has_its_anchor() {
    for (_, page) in pages() {
        let html = page.html();
        for link in html.split("href=\"#").skip(1) {
            let anchor = link.split('"').next().unwrap();
            assert!(html.contains(&format!("id=\"{anchor}\"")), "{}: #{anchor}", page.title);
        }
        for id in html.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert_eq!(html.matches(&format!(" id=\"{id}\"")).count(), 1, "{}: {id} twice", page.title);
        }
    }
}

#[test]
fn what_is_public_has_no_script_and_no_sign_of_its_own() {
    for page in [of(contracts::GENERIC), index(), unknown("<script>alert(\"`1`\")</script>")] {
        let html = page.html();
        assert!(!html.contains("<script") && !html.contains(" style="), "{html}");
    }
    let page = Page {
        slug: None,
        title: "a_b *c*".to_owned(),
        blocks: vec![Block::Table(&["x"], vec![vec![text("emails[type eq \"work\"] | <b> `a|b`")]])],
    };
    let expected =
        "# a\\_b \\*c\\*\n\n| x |\n| --- |\n| emails\\[type eq \"work\"\\] \\| \\<b\\> `a\\|b` |\n";
    assert_eq!(page.markdown(), expected);
    assert!(page.html().contains("emails[type eq &quot;work&quot;] | &lt;b&gt; <code>a|b</code>"));
}

#[test]
fn a_source_leads_to_its_page() {
    for (place, to) in [
        ("github.com/a/b/issues/1", Some("https://github.com/a/b/issues/1")),
        ("a/b:docs/x.md (table)", Some("https://github.com/a/b/blob/HEAD/docs/x.md")),
        ("docs.example.com: SCIM 2.0 connector", Some("https://docs.example.com")),
        ("https://example.com/x", Some("https://example.com/x")),
        ("RFC 7644 section 3.4.2.2", None),
        ("a talk, 2024", None),
    ] {
        let expected = to
            .map_or_else(|| Span::Plain(place.to_owned()), |to| Span::Link(place.to_owned(), to.to_owned()));
        assert_eq!(source(place), expected);
    }
}

#[test]
fn an_address_that_is_nearly_right_is_told_the_right_one() {
    let first = PROVIDERS[0];
    for slug in [first.slug.to_uppercase(), format!("{}.html", first.slug)] {
        let html = unknown(&slug).html();
        assert!(html.contains("Is it ") && html.contains(first.name), "{html}");
    }
    assert!(!unknown("").html().contains("Is it "));
}

/// Contracts that are for nobody in particular.
const WITHOUT: &[&str] = &["generic", "strict_rfc", "interop"];

#[test]
fn every_page_tells_what_an_administrator_needs() {
    let mut missing = Vec::new();
    for provider in PROVIDERS.iter().filter(|provider| !WITHOUT.contains(&provider.slug)) {
        let page = of(provider);
        let has = |anchor: &str| {
            page.blocks.iter().any(|block| matches!(block, Block::Heading(here, _) if *here == anchor))
        };
        let lacks = ["setup", "authentication", "sends", "quirks"].into_iter().filter(|anchor| !has(anchor));
        missing.extend(lacks.map(|anchor| format!("{}: {anchor}", provider.slug)));
        if !has("needs") && !has("refused") {
            missing.push(format!("{}: needs or refused", provider.slug));
        }
        // Not every IdP publishes one; then its page says so.
        if !has("mapping") && !provider.notes.iter().any(|note| note.contains("default mapping")) {
            missing.push(format!("{}: mapping, or a note that no default mapping", provider.slug));
        }
    }
    assert_eq!(missing, [""; 0]);
}
