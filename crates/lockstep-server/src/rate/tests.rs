//! The last request that passes, the first that does not, and what a clock that is set does to them.

use lockstep_core::clock::ManualClock;

use super::*;

const SECOND: i64 = 1_000_000;

fn rate(per_second: u32) -> (Rate, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(Timestamp(1_000 * SECOND)));
    (Rate::new(NonZeroU32::new(per_second).unwrap(), clock.clone()), clock)
}

fn admitted(rate: &Rate, directory: u32, asked: usize) -> usize {
    (0..asked).filter(|_| rate.admit(DirectoryNumber(directory)).is_ok()).count()
}

#[test]
fn as_many_pass_as_were_set_and_come_back_with_time() {
    let (rate, clock) = rate(10);
    assert_eq!(admitted(&rate, 1, 15), 10);
    // Each directory has its own.
    assert_eq!(admitted(&rate, 2, 15), 10);
    let refused = rate.admit(DirectoryNumber(1)).unwrap_err();
    assert_eq!((refused.status.as_u16(), refused.retry_after), (429, Some(1)));
    clock.advance(SECOND / 2);
    assert_eq!(admitted(&rate, 1, 15), 5);
    clock.advance(100 * SECOND);
    assert_eq!(admitted(&rate, 1, 15), 10);
}

#[test]
fn a_clock_that_is_set_back_keeps_nobody_waiting() {
    let (rate, clock) = rate(10);
    assert_eq!(admitted(&rate, 1, 15), 10);
    clock.advance(-3_600 * SECOND);
    assert_eq!(admitted(&rate, 1, 15), 0);
    clock.advance(SECOND);
    assert_eq!(admitted(&rate, 1, 15), 10);
}
