//! What `text` promises, as tables and properties.

use proptest::prelude::*;

use super::{fold, map_width, user_name_key};

#[test]
fn folding_ignores_case_and_encoding() {
    for (left, right) in [
        ("Alice", "aLICE"),
        ("Zoé", "ZOE\u{301}"),
        ("Straße", "STRASSE"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("Ǆ", "ǆ"),
        ("李", "李"),
    ] {
        assert_eq!(fold(left), fold(right), "{left} {right}");
        assert_eq!(user_name_key(left), user_name_key(right));
    }
    assert_ne!(fold("e"), fold("é"));
    assert_ne!(fold("a "), fold("a"));
    assert_ne!(fold("ＡＢ"), fold("AB"));
}

#[test]
fn one_user_name_in_two_widths_or_between_blanks_is_one_person() {
    for (left, right) in [
        ("ＡＢ", "ab"),
        ("ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ", "Ada@example.com"),
        ("ｶﾞｷﾞ", "ガギ"),
        ("ﾊﾟ", "パ"),
        ("\u{ffa1}\u{ffbe}\u{ffc2}\u{ffc7}\u{ffca}\u{ffcf}\u{ffd2}\u{ffda}\u{ffdc}", "ㄱㅎㅏㅔㅕㅚㅛㅡㅣ"),
        ("￡￦￮｠", "£₩○⦆"),
        ("x ", "x"),
        (" \t\u{a0}\u{2003}x\n\u{3000}", "X"),
        ("a\u{3000}b", "a b"),
        ("　", ""),
    ] {
        assert_eq!(user_name_key(left), user_name_key(right), "{left} {right}");
    }
    for (left, right) in [("x y", "xy"), ("①", "1"), ("㎏", "kg"), ("x\u{200b}", "x"), ("\u{feff}x", "x")]
    {
        assert_ne!(user_name_key(left), user_name_key(right), "{left} {right}");
    }
}

#[test]
fn every_width_is_mapped_to_what_unicode_says() {
    let nfkc = icu_normalizer::ComposingNormalizerBorrowed::new_nfkc();
    for letter in '\u{ff00}'..='\u{ffef}' {
        let (given, mapped) = (letter.to_string(), map_width(letter.encode_utf8(&mut [0; 4])).into_owned());
        assert_eq!(nfkc.normalize(&mapped), nfkc.normalize(&given), "{given}");
        // What has a decomposition has lost its width.
        let has_one = nfkc.normalize(&given) != given;
        assert_eq!(mapped != given, has_one, "{given} {mapped}");
    }
}

proptest! {
    #[test]
    fn folding_twice_changes_nothing(text in any::<String>()) {
        let once = fold(&text).into_owned();
        prop_assert_eq!(fold(&once).into_owned(), once);
        let key = user_name_key(&text);
        prop_assert_eq!(user_name_key(&key), key);
    }

    #[test]
    fn what_is_refused_as_blank_is_what_has_no_key(text in "[ \\t\\u{a0}\\u{3000}\\u{ffa0}\\u{200b}\\u{feff}\\u{85}\\u{2028}x]{0,4}") {
        let blank = user_name_key(&text).is_empty();
        let body = serde_json::json!({"userName": text});
        let read = crate::resource::read(body, &crate::Definition::user(), &crate::resource::ReadOptions::default(), &crate::Limits::default());
        prop_assert_eq!(read.is_err(), blank);
        let body = serde_json::json!({"Operations": [{"op": "replace", "path": "userName", "value": text}]});
        let patch = crate::patch::parse(&body, &crate::Definition::user(), &crate::patch::PatchOptions::default(), &crate::Limits::default());
        prop_assert_eq!(patch.is_err(), blank);
    }
}
