//! Ids are read back as written, and nothing else is read.

use proptest::prelude::*;

use super::*;
use crate::clock::Sequence;

proptest! {
    #[test]
    fn every_id_reads_back_as_written(number: u32, local: u64, seq in 0..=SEQ_MAX, at in 0i64..(1 << 51), wide: u128) {
        let user = UserId { directory: DirectoryNumber(number), local: LocalId(local) };
        prop_assert_eq!(UserId::parse(&user.to_string()), Some(user));
        let event = EventId { directory: DirectoryNumber(number), seq, at: Timestamp(at) };
        prop_assert_eq!(EventId::parse(&event.to_string()), Some(event));
        let organization = OrganizationId(wide);
        prop_assert_eq!(OrganizationId::parse(&organization.to_string()), Some(organization));
    }

    #[test]
    fn whatever_is_read_is_written_the_same(text in "directory_user_[0-9A-Za-z]{18,22}") {
        if let Some(id) = UserId::parse(&text) {
            prop_assert_eq!(id.to_string(), text);
        }
    }
}

#[test]
fn foreign_and_damaged_ids_are_not_read() {
    for text in
        ["", "directory_user_", "directory_user_é000000000000000000", "2819c223-7f76-453a-919d-413861904646"]
    {
        assert_eq!(UserId::parse(text), None, "{text}");
    }
    let id = UserId { directory: DirectoryNumber(7), local: LocalId(u64::MAX) }.to_string();
    assert_eq!(UserId::parse(&id.to_lowercase()), None);
    assert_eq!(GroupId::parse(&id), None);
    assert_eq!(DirectoryId::parse(&id), None);
}

#[test]
fn local_ids_only_grow_also_when_the_clock_goes_back() {
    let mut random = Sequence::from_seed(1);
    let mut last = LocalId(0);
    for millis in [1_000, 1_000, 1_000, 999, 5, 2_000] {
        let next = LocalId::next(last, Timestamp(millis * 1_000), &mut random);
        assert!(next > last);
        last = next;
    }
}
