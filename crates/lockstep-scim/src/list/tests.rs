//! What `list` promises, as tables and properties.

use serde_json::json;

use super::{Paging, render};
use crate::ScimType;

const HUGE: &str = "99999999999999999999999999999999999999999999999999";
const BELOW: &str = "-99999999999999999999999999999999999999999999999999";

#[test]
fn paging_is_forgiving_about_bounds_and_strict_about_numbers() {
    for (start, count, expected) in [
        (None, None, (1, 100)),
        (Some("3"), Some("2"), (3, 2)),
        (Some("0"), Some("0"), (1, 0)),
        (Some("-5"), Some("-1"), (1, 0)),
        (Some("999"), Some("5000"), (999, 1000)),
        // What a client's int64 can hold, however many digits were sent.
        (Some("999999999999999999999"), Some("999999999999999999999"), (9_223_372_036_854_775_807, 1000)),
        (Some("9223372036854775808"), None, (9_223_372_036_854_775_807, 100)),
        (Some(HUGE), Some(HUGE), (9_223_372_036_854_775_807, 1000)),
        (Some(BELOW), Some(BELOW), (1, 0)),
    ] {
        let paging = Paging::parse(start, count, 100, 1000).unwrap();
        assert_eq!((paging.start_index, paging.count), expected, "{start:?} {count:?}");
        assert_eq!(paging.offset(), paging.start_index - 1);
    }
    for (start, count) in [
        (Some("a"), None),
        (None, Some("1.5")),
        (Some("1 2"), None),
        (Some(""), None),
        (None, Some("0x1")),
        (Some("-"), None),
        (Some("+"), None),
    ] {
        assert_eq!(
            Paging::parse(start, count, 100, 1000).unwrap_err().scim_type,
            Some(ScimType::InvalidValue)
        );
    }
}

#[test]
fn a_list_counts_what_is_in_it() {
    let list = render(7, 3, vec![json!({"id": "a"}), json!({"id": "b"})]);
    assert_eq!(
        (&list["totalResults"], &list["startIndex"], &list["itemsPerPage"]),
        (&json!(7), &json!(3), &json!(2))
    );
    assert_eq!(render(0, 1, Vec::new())["Resources"], json!([]));
    assert_eq!(list.as_object().unwrap().len(), 5);
}
