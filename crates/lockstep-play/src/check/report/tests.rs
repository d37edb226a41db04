//! The three forms of a report: what they hold, and what they must not.

use super::super::{Finding, IdpReport, Level, ProbeResult, Shown, requirements};
use super::*;

fn report() -> Report {
    let shown = Shown {
        method: "GET".to_owned(),
        target: "/Users?filter=userName eq \"<a>\"".to_owned(),
        request_body: None,
        status: 500,
        headers: vec![("content-type".to_owned(), "text/html".to_owned())],
        body: "<script>alert(1)</script>".to_owned(),
    };
    let finding = Finding {
        level: Level::Must,
        requirement: "FILTER-02".to_owned(),
        expected: "status 200".to_owned(),
        found: "status 500".to_owned(),
        exchange: Some(shown),
    };
    let probe = |id: &str, outcome, findings, reason: Option<&str>| ProbeResult {
        id: id.to_owned(),
        title: format!("title of {id}"),
        shows: vec!["FILTER-02".to_owned(), "FILTER-20".to_owned()],
        outcome,
        reason: reason.map(str::to_owned),
        findings,
        mend: "mend it".to_owned(),
    };
    Report {
        url: "https://scim.example.com/v2".to_owned(),
        read_only: false,
        stopped: false,
        probes: vec![
            probe("broken", Outcome::Failed, vec![finding], None),
            probe("left", Outcome::NotTried, Vec::new(), Some("filter does not work")),
        ],
        capabilities: vec![Capability { name: "filter".to_owned(), claimed: Some(true), found: Some(false) }],
        idp: Some(IdpReport { slug: "generic", name: "Generic", ..IdpReport::default() }),
        left_behind: vec!["/Users/7".to_owned()],
        requests: 12,
    }
}

#[test]
fn a_line_is_broken_where_a_probe_says_so_and_unknown_where_it_ended_before() {
    let standings = report().standings();
    assert_eq!(standings.len(), requirements().len());
    assert_eq!(standings.get("FILTER-02"), Some(&Standing::Broken));
    assert_eq!(standings.get("FILTER-20"), Some(&Standing::NotTried));
    assert_eq!(standings.get("AUTH-11"), Some(&Standing::NotTested));
}

#[test]
fn the_page_loads_nothing_runs_nothing_and_shows_text_as_text() {
    let page = html(&report(), "2026-11-22");
    for unwanted in ["<script", "src=", "href=", "url(", "@import"] {
        assert!(!page.contains(unwanted), "{unwanted}");
    }
    for wanted in [
        "&lt;script&gt;",
        "prefers-color-scheme: dark",
        "@media print",
        "title of broken",
        "RFC 7644 §3.4.2.2",
    ] {
        assert!(page.contains(wanted), "{wanted}");
    }
}

#[test]
fn the_terminal_tells_the_outcome_first_then_what_is_wrong_and_how_to_mend_it() {
    let told = text(&report(), &|_, text| text.to_owned());
    assert!(told.starts_with("1 of 1 probes found a broken MUST"), "{told}");
    for wanted in [
        "must come: status 200",
        "came:      status 500",
        "mend: mend it",
        "could not be removed: /Users/7",
        "filter does not work: left",
    ] {
        assert!(told.contains(wanted), "{wanted}\n{told}");
    }
}

#[test]
fn the_json_has_its_version_and_every_line_of_the_ledger_once() {
    let json = json(&report());
    assert_eq!(json["version"], VERSION);
    assert_eq!(json["broken"], true);
    assert_eq!(json["probes"][0]["findings"][0]["exchange"]["response"]["status"], 500);
    let lists = json["requirements"].as_object().unwrap();
    let told: usize = lists.values().map(|list| list.as_array().unwrap().len()).sum();
    assert_eq!(told, requirements().len());
}
