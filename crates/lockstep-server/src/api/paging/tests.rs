//! Walks over a list of numbers, in every order and direction.

use super::*;

fn part(query: &str) -> (Vec<u32>, Cursors) {
    let paging = Paging::read(&Query::parse(query), |text| text.parse().ok()).unwrap();
    let mut found = paging.pick((1..=7).collect(), |number| *number);
    let cursors = paging.cut(&mut found, ToString::to_string);
    (found, cursors)
}

#[track_caller]
fn check(query: &str, data: &[u32], before: Option<&str>, after: Option<&str>) {
    let cursors = Cursors { before: before.map(str::to_owned), after: after.map(str::to_owned) };
    assert_eq!(part(query), (data.to_vec(), cursors), "{query}");
}

#[test]
fn the_newest_come_first_unless_told_otherwise() {
    check("limit=3", &[7, 6, 5], None, Some("5"));
    check("limit=3&after=5", &[4, 3, 2], Some("4"), Some("2"));
    check("limit=3&after=2", &[1], Some("1"), None);
    check("limit=3&before=4", &[7, 6, 5], None, Some("5"));
    check("limit=3&before=2", &[5, 4, 3], Some("5"), Some("3"));
}

#[test]
fn the_oldest_come_first_when_told_so() {
    check("order=asc&limit=3", &[1, 2, 3], None, Some("3"));
    check("order=asc&limit=3&after=3", &[4, 5, 6], Some("4"), Some("6"));
    check("order=asc&limit=3&after=6", &[7], Some("7"), None);
    check("order=asc&limit=3&before=7", &[4, 5, 6], Some("4"), Some("6"));
    check("order=asc&limit=3&before=4", &[1, 2, 3], None, Some("3"));
}

#[test]
fn in_normal_order_what_is_after_is_newer() {
    check("order=normal&limit=3", &[7, 6, 5], Some("5"), None);
    check("order=normal&limit=3&before=5", &[4, 3, 2], Some("2"), Some("4"));
    check("order=normal&limit=3&after=4", &[7, 6, 5], Some("5"), None);
}

// A published client that walks on from a part which it asked for by `before` sends it again beside `after`.
#[test]
fn between_two_cursors_stands_what_is_nearest_to_before() {
    check("limit=3&after=6&before=1", &[4, 3, 2], Some("4"), Some("2"));
    check("limit=3&after=6&before=4", &[5], None, Some("5"));
    check("limit=3&after=5&before=4", &[], None, None);
    check("limit=3&after=4&before=5", &[], None, None);
    check("order=asc&limit=3&after=1&before=7", &[4, 5, 6], Some("4"), Some("6"));
    check("order=normal&limit=3&after=1&before=6", &[4, 3, 2], Some("2"), Some("4"));
}

#[test]
fn a_whole_list_has_no_neighbours_and_an_empty_one_no_cursors() {
    check("limit=7", &[7, 6, 5, 4, 3, 2, 1], None, None);
    check("limit=3&after=1", &[], None, None);
}

#[test]
fn what_is_wrong_is_named_with_what_is_allowed() {
    let cases = [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("order=up", "order"),
        ("after=x", "after"),
        ("before=x", "before"),
    ];
    for (query, field) in cases {
        let refused = Paging::<u32>::read(&Query::parse(query), |text| text.parse().ok()).unwrap_err();
        assert_eq!((refused.status().as_u16(), refused.errors[0].field.as_str()), (422, field), "{query}");
    }
}
