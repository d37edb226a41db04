//! No input, however deep, long or odd, makes the library panic, overflow its stack or work for long.
//! Nobody measures time here: work that grows by the square would take minutes with these inputs, and the runner ends a
//! test that hangs.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what a test does not find must fail it")]

use std::fmt::Write as _;

use lockstep_scim::list::Paging;
use lockstep_scim::patch::{self, PatchOptions};
use lockstep_scim::path::Path;
use lockstep_scim::projection::Projection;
use lockstep_scim::resource::{self, ReadOptions, Unknown};
use lockstep_scim::schema::Schema;
use lockstep_scim::sort::Sort;
use lockstep_scim::{Definition, Error, Limits, Object, datetime, filter, json, text};
use serde_json::{Value, json};

const URN: &str = "urn:example:badge:1.0:User";

fn definitions() -> Vec<Definition> {
    let badge = json!({"id": URN, "name": "Badge", "attributes": [
        {"name": "number", "type": "integer"}, {"name": "pin", "mutability": "writeOnly"}, {"name": "tags", "multiValued": true},
        {"name": "keys", "type": "complex", "multiValued": true, "subAttributes": [
            {"name": "value", "required": true}, {"name": "primary", "type": "boolean"}, {"name": "seen", "type": "dateTime"}]},
    ]});
    let badge = Schema::from_json(&badge, &Limits::default()).unwrap();
    vec![
        Definition::user().with_extension(badge, false),
        Definition::user().with_open_extensions(),
        Definition::group(),
    ]
}

/// Everything the library does with a text.
fn read_text(text: &str, definition: &Definition) {
    let limits = Limits::default();
    if let Ok(filter) = filter::parse(text, &limits) {
        let _ = filter::check(&filter, definition);
        let _ = filter::matches(&filter, &Object::new(), definition);
        assert_eq!(filter::parse(&filter.to_string(), &limits).as_ref(), Ok(&filter), "{text:?}");
    }
    if let Ok(path) = Path::parse(text, &limits) {
        let _ = patch::Target::resolve(&path, definition);
    }
    let _ = Projection::parse(Some(text), None, definition, &limits);
    let _ = Sort::parse(Some(text), Some(text), definition);
    let _ = Paging::parse(Some(text), Some(text), 100, limits.page_resources);
    let _ = datetime::parse(text);
    let _ = text::user_name_key(text);
}

/// Everything the library does with a body.
fn read_body(bytes: &[u8], definition: &Definition) -> Result<(), Error> {
    let limits = Limits::default();
    let value = json::parse(bytes, &limits)?;
    let _ = Schema::from_json(&value, &limits);
    for unknown in [Unknown::Ignore, Unknown::Refuse] {
        let options = ReadOptions { unknown, check_formats: true, ..ReadOptions::default() };
        if let Ok(incoming) = resource::read(value.clone(), definition, &options, &limits) {
            let projection = Projection::default().with_supplied(&incoming.object, definition);
            let _ = projection.apply(&incoming.object, definition);
            let filter = filter::parse("userName co \"a\" or emails[value pr]", &limits)?;
            let _ = filter::matches(&filter, &incoming.object, definition);
        }
    }
    let options = PatchOptions::default();
    let stored = json!({"userName": "alice", "displayName": "A", "emails": [{"value": "a@example.com", "type": "work"}]});
    let stored = stored.as_object().cloned().unwrap_or_default();
    for message in [json!({"Operations": [{"op": "add", "value": value}]}), value] {
        let patch = patch::parse(&message, definition, &options, &limits)?;
        patch::apply(&patch.operations, &stored, definition, &options, &limits)?;
    }
    Ok(())
}

/// Texts and bodies of every kind, to be taken apart.
const SEEDS: [&str; 14] = [
    r#"userName eq "alice" and not (emails[type eq "work" and value co "@example.com"] or active eq true)"#,
    r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value pr or meta.created ge "2020-01-01T00:00:00.5+02:00""#,
    r#"urn:example:badge:1.0:User:keys[seen gt "2020-01-01T00:00:00Z"].value"#,
    r#"name.familyName sw "O'\u00e9\ud83d\ude00\"" or number eq -1.5e+3"#,
    "userName,urn:ietf:params:scim:schemas:core:2.0:User,emails.value, ,id",
    r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"alice","name":{"givenName":"A"},"active":true}"#,
    r#"{"userName":"a","emails":[{"value":"a@example.com","type":"work","primary":true},{"value":"b","$ref":null}]}"#,
    r#"{"userName":"a","urn:example:badge:1.0:User":{"number":12,"tags":["a"],"keys":[{"value":"k","primary":false}]}}"#,
    r#"{"userName":"a","urn:acme:X":{"a":[1,2.5,{"b":null}]},"urn:acme:X:y":1,"name.givenName":"B"}"#,
    r#"{"Operations":[{"op":"add","path":"emails[type eq \"work\"].value","value":"x"},{"op":"remove","path":"title"}]}"#,
    r#"{"Operations":[{"op":"Replace","value":{"urn:example:badge:1.0:User:number":7,"emails":[{"value":"n"}]}}]}"#,
    r#"{"id":"urn:acme:a:1.0:User","name":"A","attributes":[{"name":"a","type":"complex","subAttributes":[{"name":"b"}]}]}"#,
    r#"{"a":1e400,"b":-0,"c":123456789012345678901234567890,"d":"\ud800","e":"\u0000"}"#,
    "2011-05-13T04:42:34.123456789Z",
];

/// A generator of numbers that are the same in every run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }
}

/// A seed with some bytes changed, taken out, doubled, or replaced by a piece of another.
fn mutated(numbers: &mut Numbers) -> Vec<u8> {
    const ODD: &[u8] = b"\"\\[]{}().,:$ \0\x7f\xff\xc3\xed\xa0urn:eqnot0-9eE";
    let mut bytes = SEEDS[numbers.below(SEEDS.len())].as_bytes().to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len());
        let end = (at + numbers.below(12)).min(bytes.len());
        match numbers.below(5) {
            0 => drop(bytes.drain(at..end)),
            1 => bytes.insert(at, ODD[numbers.below(ODD.len())]),
            2 if at < bytes.len() => bytes[at] = ODD[numbers.below(ODD.len())],
            3 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => {
                let other = SEEDS[numbers.below(SEEDS.len())].as_bytes();
                let from = numbers.below(other.len());
                bytes.splice(at..end, other[from..].iter().copied().take(20));
            }
        }
    }
    bytes
}

#[test]
fn what_is_nearly_right_never_panics() {
    let definitions = definitions();
    let mut numbers = Numbers(0x5c1_3000);
    for _ in 0..3_000 {
        let bytes = mutated(&mut numbers);
        for definition in &definitions {
            read_text(&String::from_utf8_lossy(&bytes), definition);
            let _ = read_body(&bytes, definition);
        }
    }
}

/// `start`, then as many of `one` as fit in so many bytes (numbered where it has `#`), then `end`.
fn repeated(start: &str, one: &str, end: &str, bytes: usize) -> String {
    let mut text = start.to_owned();
    let mut n = 0_usize;
    while text.len() + one.len() + end.len() + 8 < bytes {
        if n > 0 && end.starts_with([']', '}']) {
            text.push(',');
        }
        let _ = write!(text, "{}", one.replace('#', &n.to_string()));
        n += 1;
    }
    text + end
}

#[test]
fn the_largest_texts_are_read_or_refused_at_once() {
    let definitions = definitions();
    for one in [
        "(",
        "not(",
        "not (",
        "[",
        "emails[",
        "a[",
        ")",
        "]",
        "\"",
        "\\",
        "\"\\",
        "a ",
        "a.",
        "a:",
        "urn:a:",
        ":",
        ".",
        "-",
        "9",
        "1e",
        "a eq 1 and ",
        "a pr or ",
        "(a pr) and ",
        "emails[value pr] or ",
        "é",
        "\u{1f600}",
        " ",
        ",",
        "id,",
        "a eq \"",
        "userName eq \"\\u0041\" and ",
        "$",
        "urn:ietf:params:scim:schemas:core:2.0:User,",
    ] {
        for bytes in [4_000, 17_000] {
            let text = repeated("", one, "", bytes);
            for definition in &definitions {
                read_text(&text, definition);
                read_text(&format!("emails[{text}"), definition);
                read_text(&format!("userName eq \"{text}\""), definition);
                read_text(&format!("userName eq {text}"), definition);
            }
        }
    }
}

#[test]
fn the_largest_bodies_are_read_or_refused_within_bounds() {
    let definitions = definitions();
    let user = "urn:ietf:params:scim:schemas:core:2.0:User";
    for (start, one, end) in [
        // Deep.
        ("", "[", ""),
        ("", "{\"a\":", ""),
        // Long.
        ("{\"userName\":\"", "a", "\"}"),
        ("{\"userName\":\"a\",\"integer\":", "9", "}"),
        ("{\"userName\":\"a\",\"x\":0.", "9", "}"),
        ("{\"userName\":\"a\",\"x\":1e", "9", "}"),
        ("{\"userName\":\"", "\\u00e9", "\"}"),
        // Wide.
        ("{\"userName\":\"a\",\"x\":0,", "\"k#\":1", "}"),
        ("{\"userName\":\"a\",\"schemas\":[", "\"urn:acme:#\"", "]}"),
        ("{\"userName\":\"a\",\"emails\":[", "{\"value\":\"#\"}", "]}"),
        ("{\"userName\":\"a\",\"emails\":[", "{}", "]}"),
        ("{\"displayName\":\"a\",\"members\":[", "{\"value\":\"#\"}", "]}"),
        ("{\"userName\":\"a\",\"name\":{", "\"k#\":1", "}}"),
        ("{\"userName\":\"a\",\"x\":0,", "\"name.k#\":1", "}"),
        ("{\"userName\":\"a\",\"x\":0,", "\"urn:acme:X#\":{\"a\":1}", "}"),
        ("{\"userName\":\"a\",\"x\":0,", "\"urn:acme:X:k#\":1", "}"),
        ("{\"userName\":\"a\",\"urn:acme:X\":{", "\"k#\":1", "}}"),
        ("{\"userName\":\"a\",\"urn:acme:X\":{", "\"k#\":[[{\"a\":null}]]", "}}"),
        ("{\"userName\":\"a\",\"urn:example:badge:1.0:User\":{", "\"k#\":1", "}}"),
        (&format!("{{\"userName\":\"a\",\"{user}\":{{"), "\"k#\":1", "}}"),
        ("{\"userName\":\"a\",\"x\":0,", &format!("\"{user}:k#\":1"), "}"),
        // Schemas.
        ("{\"id\":\"urn:acme:a\",\"name\":\"A\",\"attributes\":[", "{\"name\":\"a#\"}", "]}"),
        (
            "{\"id\":\"urn:acme:a\",\"name\":\"A\",\"attributes\":[{\"name\":\"a\",\"canonicalValues\":[",
            "\"v#\"",
            "]}]}",
        ),
        // Operations.
        ("{\"Operations\":[", "{\"op\":\"add\",\"path\":\"title\",\"value\":\"#\"}", "]}"),
        (
            "{\"Operations\":[",
            "{\"op\":\"add\",\"path\":\"emails[value eq \\\"#\\\"].type\",\"value\":\"x\"}",
            "]}",
        ),
        ("{\"Operations\":[", "{\"op\":\"add\",\"value\":{\"urn:acme:X\":{\"k#\":1}}}", "]}"),
        ("{\"Operations\":[{\"op\":\"add\",\"value\":{\"urn:acme:X\":{", "\"k#\":1", "}}}]}"),
        ("{\"Operations\":[{\"op\":\"add\",\"value\":{", "\"urn:acme:X:k#\":1", "}}]}"),
        ("{\"Operations\":[{\"op\":\"add\",\"value\":{", "\"urn:acme:X#\":{\"a\":1}", "}}]}"),
        ("{\"Operations\":[{\"op\":\"add\",\"value\":{", "\"emails[value eq \\\"#\\\"].type\":\"x\"", "}}]}"),
        ("{\"Operations\":[{\"op\":\"remove\",\"path\":\"emails\",\"value\":[", "{\"value\":\"#\"}", "]}]}"),
    ] {
        // The type that takes the most in, with much; the others with less.
        for (definition, bytes) in definitions.iter().zip([20_000, 200_000, 20_000]) {
            let body = repeated(start, one, end, bytes);
            let _ = read_body(body.as_bytes(), definition);
        }
    }
}

#[test]
fn many_removals_of_many_values_are_bounded() {
    let emails: Vec<Value> =
        (0..1_000).map(|n| json!({"value": format!("{n}@example.com"), "type": "work"})).collect();
    let stored = json!({"userName": "alice", "emails": emails});
    let user = Definition::user();
    let options = PatchOptions::default();
    // By their value they are looked up; by more than that, each is compared with each.
    for (only_value, fits) in [(true, true), (false, false)] {
        let listed = |n: usize| {
            let mut wanted = json!({"value": format!("{n}@EXAMPLE.com")});
            if !only_value {
                wanted["type"] = json!("WORK");
            }
            wanted
        };
        let list: Vec<Value> = (0..1_000).map(listed).collect();
        let body = json!({"Operations": [{"op": "remove", "path": "emails", "value": list}]});
        let patch = patch::parse(&body, &user, &options, &Limits::default()).unwrap();
        match patch::apply(&patch.operations, stored.as_object().unwrap(), &user, &options, &patch.limits) {
            Ok(after) => assert!(fits && !after.contains_key("emails")),
            Err(error) => assert!(!fits && error.detail.contains("at a time"), "{error}"),
        }
    }
    let few = json!({"Operations": [{"op": "remove", "path": "emails", "value": [{"value": "7@example.com", "type": "WORK"}]}]});
    let patch = patch::parse(&few, &user, &options, &Limits::default()).unwrap();
    let after =
        patch::apply(&patch.operations, stored.as_object().unwrap(), &user, &options, &patch.limits).unwrap();
    assert_eq!(after["emails"].as_array().unwrap().len(), 999);
}

#[test]
fn a_limit_on_depth_that_is_too_high_does_not_end_the_process() {
    let limits = Limits {
        filter_depth: usize::MAX,
        filter_bytes: usize::MAX,
        filter_terms: usize::MAX,
        path_bytes: usize::MAX,
        json_depth: usize::MAX,
        body_bytes: usize::MAX,
        ..Limits::default()
    };
    for one in ["(", "not(", "emails["] {
        let deep = one.repeat(1_000_000);
        assert_eq!(filter::parse(&deep, &limits).unwrap_err().status, 400);
        assert!(Path::parse(&format!("emails[{deep}"), &limits).is_err());
    }
    let balanced = format!("{}title pr{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(filter::parse(&balanced, &limits).unwrap_err().detail.contains("deeper than"));
    // A chain is flat, however long.
    let chain = vec!["title pr"; 100_000].join(" or ");
    let filter = filter::parse(&chain, &limits).unwrap();
    assert_eq!(filter.terms(), 100_000);
    assert!(!filter::matches(&filter, &Object::new(), &Definition::user()));
    assert!(json::parse("[".repeat(1_000_000).as_bytes(), &limits).is_err());
}
