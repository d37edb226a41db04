//! What `filter` promises, as tables and properties.

mod plain;
mod values;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{check, matches, parse};
use crate::schema::ENTERPRISE_USER_URN;
use crate::{Definition, Limits, Object, ScimType};

fn alice() -> Object {
    let user = json!({
        "id": "Ab1", "userName": "Alice", "externalId": "ExtA", "active": true, "title": "",
        "name": {"familyName": "Zoé", "givenName": "O'Brien"},
        "displayName": "a \"quoted\" back\\slash",
        "emails": [
            {"value": "a@x.org", "type": "work", "primary": true},
            {"value": "b@y.net", "type": "home"},
            {"value": "c@y.net"}
        ],
        "groups": [{"value": "g1", "display": "Staff"}],
        "meta": {"resourceType": "User", "created": "2011-05-13T04:42:34Z"},
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        (ENTERPRISE_USER_URN): {"department": "R&D", "manager": {"value": "Boss1"}},
        "urn:acme:Badge": {"colour": "red", "Tags": ["a", "b"], "level": 3}
    });
    user.as_object().unwrap().clone()
}

// Shows: FILTER-02, FILTER-03, FILTER-04, FILTER-08, FILTER-09, FILTER-10, FILTER-11, FILTER-12, FILTER-13, FILTER-15, FILTER-16,
// FILTER-20, FILTER-21, FILTER-22, FILTER-26, FILTER-30
#[test]
fn evaluates_as_the_reference_does() {
    let definition = Definition::user().with_open_extensions();
    let alice = alice();
    for (filter, expected) in [
        // Case: of names, operators, values; caseExact attributes.
        (r#"userName eq "ALICE""#, true),
        (r#"USERNAME Eq "alice""#, true),
        (r#"id eq "ab1""#, false),
        (r#"id eq "Ab1""#, true),
        (r#"externalId sw "ext""#, false),
        (r#"externalId sw "Ext""#, true),
        (r#"meta.resourceType eq "User""#, true),
        ("meta.resourceType eq User", true),
        (r#"name.familyName eq "ZOE\u0301""#, true),
        // Substrings.
        (r#"userName co "lic""#, true),
        (r#"userName ew "CE""#, true),
        (r#"userName co """#, true),
        (r#"nickName co """#, false),
        (r#"displayName eq "a \"quoted\" back\\slash""#, true),
        // Presence: empty text is not there, false is.
        ("title pr", false),
        ("active pr", true),
        ("name pr", true),
        ("name.middleName pr", false),
        ("emails pr", true),
        ("emails.type pr", true),
        ("addresses pr", false),
        ("groups pr", true),
        // Negation and missing values.
        (r#"nickName ne "x""#, true),
        (r#"nickName eq "x""#, false),
        ("nickName eq null", true),
        ("userName eq null", false),
        ("userName ne null", true),
        // An empty text is a value, although it is not there for `pr`.
        ("title eq null", false),
        ("title ne null", true),
        ("nickName ne null", false),
        (r#"nickName gt "a""#, false),
        (r#"not (nickName eq "x")"#, true),
        (r#"not(userName eq "alice")"#, false),
        // Several values: any; ne: none is equal.
        (r#"emails eq "A@X.ORG""#, true),
        (r#"emails co "y.net""#, true),
        (r#"emails.type eq "HOME""#, true),
        (r#"emails.type ne "home""#, false),
        (r#"emails.type ne "other""#, true),
        ("emails.type eq null", false),
        (r#"addresses.country ne "FR""#, true),
        // One value satisfies the whole selection.
        (r#"emails[type eq "work" and value ew "x.org"]"#, true),
        (r#"emails[type eq "work" and value ew "y.net"]"#, false),
        (r#"emails.type eq "work" and emails.value ew "y.net""#, true),
        ("emails[not (type pr)]", true),
        (r#"emails[type eq "work"].value eq "a@x.org""#, true),
        (r#"emails[type eq "home"].value eq "a@x.org""#, false),
        ("emails[type eq \"home\"].primary pr", false),
        ("emails[primary eq true]", true),
        // Precedence: not, and, or.
        (r#"userName eq "alice" or nickName pr and title pr"#, true),
        (r#"(userName eq "alice" or nickName pr) and title pr"#, false),
        // Instants, whatever their zone.
        (r#"meta.created ge "2011-05-13T06:42:34+02:00""#, true),
        (r#"meta.created gt "2011-05-13T04:42:34Z""#, false),
        (r#"meta.created lt "2999-01-01T00:00:00Z""#, true),
        (r#"meta.created eq "2011-05-13T04:42:34.000Z""#, true),
        (r#"meta.created co "20""#, false),
        // Booleans.
        ("active eq true", true),
        ("active ne true", false),
        (r#"active eq "True""#, true),
        // URNs.
        (r#"urn:ietf:params:scim:schemas:core:2.0:User:userName eq "alice""#, true),
        (r#"URN:IETF:params:scim:schemas:extension:enterprise:2.0:user:Department eq "r&d""#, true),
        (r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "boss1""#, false),
        (r#"schemas eq "urn:ietf:params:scim:schemas:core:2.0:User""#, true),
        // Extensions that nobody declared.
        (r#"urn:acme:Badge:colour eq "RED""#, true),
        (r#"urn:acme:Badge:tags eq "b""#, true),
        ("urn:acme:Badge:level gt 2", true),
        ("urn:acme:Other:x pr", false),
        // A schema's URN alone: whether the resource has any of it.
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr", true),
        ("not (URN:ietf:params:scim:schemas:extension:enterprise:2.0:USER pr)", false),
        ("urn:ietf:params:scim:schemas:core:2.0:User pr", true),
        ("urn:acme:badge pr", true),
        ("urn:acme:Other pr", false),
    ] {
        let parsed = parse(filter, &Limits::default()).unwrap_or_else(|error| panic!("{filter}: {error}"));
        check(&parsed, &definition).unwrap_or_else(|error| panic!("{filter}: {error}"));
        assert_eq!(matches(&parsed, &alice, &definition), expected, "{filter}");
        let again = parse(&parsed.to_string(), &Limits::default()).unwrap();
        assert_eq!(again, parsed, "{filter} printed as {parsed}");
    }
}

// Shows: FILTER-17, FILTER-34, SCHEMA-17
#[test]
fn a_user_name_is_found_as_it_is_unique() {
    let user = Definition::user();
    let object = json!({"userName": " Ｚｏé ", "displayName": "Ｚ "});
    for (filter, expected) in [
        (r#"userName eq "ZOE\u0301""#, true),
        (r#"userName eq "ｚoé  ""#, true),
        (r#"userName ne "zoé""#, false),
        (r#"userName ge "zoé""#, true),
        (r#"userName gt "zoé""#, false),
        (r#"userName co "zo""#, true),
        (r#"userName co "ｚＯ""#, true),
        (r#"userName sw "zo""#, false),
        (r#"userName eq """#, false),
        // Other texts are compared as they are, but for case.
        (r#"displayName eq "ｚ ""#, true),
        (r#"displayName eq "z ""#, false),
        (r#"displayName eq "ｚ""#, false),
    ] {
        let parsed = parse(filter, &Limits::default()).unwrap();
        assert_eq!(matches(&parsed, object.as_object().unwrap(), &user), expected, "{filter}");
    }
}

// Shows: FILTER-05, FILTER-06, FILTER-07, FILTER-10
#[test]
fn syntax_errors_name_the_column_and_never_the_value() {
    for (filter, column) in [
        ("", 1),
        ("userName", 9),
        ("userName eq", 12),
        ("userName xx \"a\"", 10),
        ("userName eq \"secret", 13),
        ("(userName eq \"secret\"", 22),
        ("userName eq \"secret\" and", 25),
        ("eq \"secret\"", 4),
        ("emails[type eq \"secret\"", 24),
        ("userName eq secret", 13),
        ("not userName eq \"secret\"", 5),
        ("userName eq \"secret\" \"b\"", 22),
        ("userName eq 'secret'", 13),
        ("userName eq \"secret\\q\"", 13),
        ("userName eq 01", 13),
        ("userName eq tru", 13),
        ("emails[emails[type pr]]", 14),
        ("emails.type[value pr]", 12),
        ("userName eq \"é\" x", 17),
        ("user:name pr", 1),
        ("name.a.b pr", 1),
        ("1name pr", 1),
        ("userName\"x\"", 9),
        ("emails[type eq \"a\"].", 21),
        ("ünï pr", 1),
        (")", 1),
        ("[", 1),
    ] {
        let error = parse(filter, &Limits::default()).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidFilter), "{filter}");
        assert!(error.detail.starts_with(&format!("filter, column {column}:")), "{filter}: {error}");
        assert_eq!((error.position, error.limit), (Some(column), None), "{filter}");
        assert!(!error.detail.contains("secret"), "{error}");
    }
}

// Shows: FILTER-23, FILTER-24, FILTER-25, FILTER-26, FILTER-32, FILTER-33, FILTER-36
#[test]
fn nonsense_for_the_resource_type_is_refused() {
    let (user, group) = (Definition::user(), Definition::group());
    let open = Definition::user().with_open_extensions();
    for (definition, filter) in [
        (&user, "nosuch eq \"a\""),
        (&user, "name.nosuch pr"),
        (&user, "emails[nosuch eq \"a\"]"),
        (&user, "active gt true"),
        (&user, "active co \"t\""),
        (&user, "active eq \"yes\""),
        (&user, "active eq 1"),
        (&user, "userName eq 5"),
        (&user, "userName eq true"),
        (&user, "name eq \"a\""),
        (&user, "addresses eq \"a\""),
        (&user, "name[familyName eq \"a\"]"),
        (&user, "meta.created gt \"yesterday\""),
        (&user, "meta.created gt \"20\""),
        (&user, "x509Certificates.value gt \"AA==\""),
        (&user, "password eq \"a\""),
        (&user, "password pr"),
        (&user, "members pr"),
        (&user, "urn:acme:Badge:colour eq \"red\""),
        (&user, "userName eq \"a\" or nosuch pr"),
        (&group, "userName eq \"a\""),
        (&group, "urn:ietf:params:scim:schemas:core:2.0:User pr"),
        (&user, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User eq \"a\""),
        (&open, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User eq \"a\""),
        (&open, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User[value eq \"a\"]"),
        (&open, "urn:ietf:params:scim:schemas:core:2.0:User ne \"a\""),
        (&open, "urn:ietf:params:scim:schemas:core:2.0:Group pr"),
        (&open, "urn:ietf:params:scim:schemas:core:2.0:Group:members pr"),
    ] {
        let parsed = parse(filter, &Limits::default()).unwrap();
        let error = check(&parsed, definition).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidFilter), "{filter}");
    }
    for filter in
        ["members eq \"x\"", "members.value eq \"x\"", "members[value eq \"x\"]", "displayName co \"x\""]
    {
        check(&parse(filter, &Limits::default()).unwrap(), &group).unwrap();
    }
}

// Shows: FILTER-35
#[test]
fn unbounded_filters_are_refused() {
    let deep = |n: usize| format!("{}title pr{}", "(".repeat(n), ")".repeat(n));
    assert!(parse(&deep(32), &Limits::default()).is_ok());
    let long = vec!["title pr"; 201].join(" or ");
    for (filter, limit) in [
        (deep(33), "filter_depth"),
        ("(".repeat(16_000), "filter_depth"),
        ("not (".repeat(3_000), "filter_depth"),
        (long, "filter_terms"),
        ("x".repeat(20_000), "filter_bytes"),
    ] {
        let error = parse(&filter, &Limits::default()).unwrap_err();
        assert!(error.detail.contains(limit), "{error}");
        assert_eq!(error.limit, Some(limit));
    }
}

/// A filter as text, of every shape, over names that exist and some that do not.
fn filters() -> impl Strategy<Value = String> {
    let attribute = prop::sample::select(vec![
        "userName",
        "NAME.familyName",
        "emails.value",
        "emails",
        "active",
        "nosuch",
        "$ref",
        "urn:ietf:params:scim:schemas:core:2.0:User:userName",
        "not",
        "urn:acme:Badge:colour.hue",
    ]);
    let op = prop::sample::select(vec!["eq", "NE", "Co", "sw", "ew", "gt", "GE", "lt", "le"]);
    let literal = prop_oneof![
        any::<String>().prop_map(|text| json!(text).to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| json!(number).to_string()),
        prop::sample::select(vec!["true", "FALSE", "null", "1e3", "-0.5"]).prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        attribute.clone().prop_map(|attribute| format!("{attribute} PR")),
        (attribute, op, literal).prop_map(|(attribute, op, literal)| format!("{attribute} {op} {literal}")),
    ];
    leaf.prop_recursive(5, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|filter| format!("({filter})")),
            inner.clone().prop_map(|filter| format!("not ({filter})")),
            inner.clone().prop_map(|filter| format!("NOT({filter})")),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("{left} and {right}")),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("{left} OR {right}")),
            inner.prop_map(|filter| if filter.contains('[') { filter } else { format!("emails[{filter}]") }),
        ]
    })
}

proptest! {
    #[test]
    fn printing_parses_back(text in filters()) {
        let limits = Limits::default();
        // A bracket inside a literal may have kept the generator from nesting; every text parses.
        if let Ok(filter) = parse(&text, &limits) {
            let printed = filter.to_string();
            prop_assert_eq!(parse(&printed, &limits).unwrap(), filter.clone(), "{}", printed);
            // Total, and its own negation's opposite.
            let (user, alice) = (Definition::user(), alice());
            let _ = check(&filter, &user);
            let holds = matches(&filter, &alice, &user);
            prop_assert_eq!(matches(&super::Filter::Not(Box::new(filter)), &alice, &user), !holds);
        }
    }

    #[test]
    fn generated_filters_do_parse(text in filters().prop_filter("no brackets in text", |text| !text.contains('['))) {
        prop_assert!(parse(&text, &Limits::default()).is_ok(), "{}", text);
    }

    #[test]
    fn no_text_panics(text in any::<String>(), noise in r#"[a-zA-Z$:._ "\\\[\]()0-9é-]{0,60}"#) {
        for text in [text, noise] {
            if let Err(error) = parse(&text, &Limits::default()) {
                prop_assert_eq!(error.status, 400);
            }
        }
    }
}

#[test]
fn an_empty_resource_matches_only_absence() {
    let user = Definition::user();
    let empty = Object::new();
    for (filter, expected) in [
        ("emails pr", false),
        ("emails eq null", true),
        (r#"emails ne "a""#, true),
        ("emails[value pr]", false),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr", false),
    ] {
        assert_eq!(matches(&parse(filter, &Limits::default()).unwrap(), &empty, &user), expected, "{filter}");
    }
    let odd: Value = json!({"emails": "not an array", "name": 7, "userName": ["x"]});
    for filter in ["emails pr", "emails[value pr]", "name.familyName pr", r#"userName eq "x""#] {
        let _ = matches(&parse(filter, &Limits::default()).unwrap(), odd.as_object().unwrap(), &user);
    }
}

// Shows: LIST-10
#[test]
fn an_attribute_that_a_type_has_not_has_no_value_there() {
    let (user, group) = (Definition::user(), Definition::group());
    let parse = |text: &str| parse(text, &Limits::default()).unwrap();
    let nothing = Object::new();
    for (text, expected) in [
        ("userName eq \"a\"", false),
        ("userName pr", false),
        ("userName co \"a\"", false),
        ("userName ne \"a\"", true),
        ("userName eq null", true),
        ("not (userName pr)", true),
        ("emails[type eq \"work\"]", false),
    ] {
        let filter = parse(text);
        assert_eq!(super::matches(&filter, &nothing, &group), expected, "{text}");
        assert_eq!(super::settled(&filter, &group), Some(expected), "{text}");
        assert_eq!(super::settled(&filter, &user), None, "{text}");
        super::check_across(&filter, &[&user, &group]).unwrap();
    }
    for text in ["nobody eq 1", "members.value eq \"x\" and userName pr", "displayName pr"] {
        super::check_across(&parse(text), &[&user, &group]).unwrap();
    }
    for text in ["userName gt 5", "active gt true", "password pr", "name eq \"x\""] {
        let error = super::check_across(&parse(text), &[&user, &group]).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidFilter), "{text}");
    }
}

#[test]
fn what_a_type_settles_needs_no_resource() {
    let (user, group) = (Definition::user(), Definition::group());
    for (text, for_user, for_group) in [
        ("meta.resourceType eq \"User\"", Some(true), Some(false)),
        ("meta.resourceType ne \"User\"", Some(false), Some(true)),
        ("meta.resourceType eq \"User\" and displayName pr", None, Some(false)),
        ("meta.resourceType eq \"User\" or displayName pr", Some(true), None),
        ("not (meta.resourceType eq \"Group\") and userName eq \"a\"", None, Some(false)),
        ("meta.resourceType eq \"Device\"", Some(false), Some(false)),
        ("id pr", None, None),
    ] {
        let filter = parse(text, &Limits::default()).unwrap();
        assert_eq!(super::settled(&filter, &user), for_user, "{text}");
        assert_eq!(super::settled(&filter, &group), for_group, "{text}");
    }
}
