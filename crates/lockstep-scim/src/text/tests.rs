//! What `text` promises, as tables and properties.

use proptest::prelude::*;

use super::{fold, user_name_key};

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
}

proptest! {
    #[test]
    fn folding_twice_changes_nothing(text in any::<String>()) {
        let once = fold(&text).into_owned();
        prop_assert_eq!(fold(&once).into_owned(), once);
    }
}
