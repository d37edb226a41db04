//! How scopes are written, and what each set of them takes away.

use super::*;

#[test]
fn a_scope_is_read_as_it_is_written_and_nothing_else_is_one() {
    for scope in Scope::ALL {
        assert_eq!(scope.to_string().parse(), Ok(scope));
    }
    for unknown in ["", "Read", "write", "no_delete", "users groups", " read"] {
        assert_eq!(unknown.parse::<Scope>(), Err(UnknownScope), "{unknown}");
    }
}

#[test]
fn scopes_are_a_set_in_one_order() {
    let scopes: Scopes = [Scope::NoDelete, Scope::Read, Scope::NoDelete].into_iter().collect();
    assert_eq!(scopes.iter().collect::<Vec<_>>(), [Scope::Read, Scope::NoDelete]);
    assert_eq!(Scopes::default(), Scopes::EVERYTHING);
    assert_eq!(Scopes::EVERYTHING.iter().count(), 0);
}

// Shows: AUTH-03
#[test]
fn each_set_of_scopes_takes_away_what_its_words_say() {
    use Access::{Delete, Read, Write};
    let everything = [
        (Read, Kind::User),
        (Write, Kind::User),
        (Delete, Kind::User),
        (Read, Kind::Group),
        (Write, Kind::Group),
        (Delete, Kind::Group),
    ];
    // What of `everything` is allowed, in its order.
    let cases: [(&[Scope], &str); 10] = [
        (&[], "rwd rwd"),
        (&[Scope::Read], "r-- r--"),
        (&[Scope::NoDelete], "rw- rw-"),
        (&[Scope::Users], "rwd ---"),
        (&[Scope::Groups], "--- rwd"),
        (&[Scope::Users, Scope::Groups], "rwd rwd"),
        (&[Scope::Read, Scope::Users], "r-- ---"),
        (&[Scope::NoDelete, Scope::Groups], "--- rw-"),
        (&[Scope::Read, Scope::NoDelete], "r-- r--"),
        (&Scope::ALL, "r-- r--"),
    ];
    for (scopes, allowed) in cases {
        let set: Scopes = scopes.iter().copied().collect();
        let letters = allowed.chars().filter(|letter| *letter != ' ');
        for ((access, kind), letter) in everything.into_iter().zip(letters) {
            assert_eq!(set.refuse(access, kind).is_none(), letter != '-', "{scopes:?} {access:?} {kind:?}");
        }
    }
}

#[test]
fn a_refusal_names_the_scope_that_matters() {
    let of = |scopes: &[Scope], access, kind| {
        scopes.iter().copied().collect::<Scopes>().refuse(access, kind).map_or("", Missing::as_str)
    };
    assert!(of(&[Scope::Read], Access::Write, Kind::User).contains("`read`"));
    assert!(of(&[Scope::NoDelete], Access::Delete, Kind::User).contains("`no-delete`"));
    assert!(of(&[Scope::Users], Access::Read, Kind::Group).contains("`groups`"));
    assert!(of(&[Scope::Groups], Access::Read, Kind::User).contains("`users`"));
}

// Shows: AUTH-03
#[test]
fn narrowing_never_gives_anything_back() {
    use Access::{Delete, Read, Write};
    let sets: Vec<Scopes> = (0..16_u8)
        .map(|bits| Scope::ALL.into_iter().filter(|scope| bits & scope.bit() != 0).collect())
        .collect();
    for own in &sets {
        for wanted in &sets {
            let narrowed = own.narrowed_by(*wanted);
            let mut allowed = 0;
            for kind in [Kind::User, Kind::Group] {
                for access in [Read, Write, Delete] {
                    let both = own.refuse(access, kind).is_none() && wanted.refuse(access, kind).is_none();
                    allowed += usize::from(both);
                    if let Some(narrowed) = narrowed {
                        let is_allowed = narrowed.refuse(access, kind).is_none();
                        assert_eq!(is_allowed, both, "{own:?} and {wanted:?}: {access:?} {kind:?}");
                    }
                }
            }
            assert_eq!(narrowed.is_none(), allowed == 0, "{own:?} and {wanted:?}");
        }
    }
}
