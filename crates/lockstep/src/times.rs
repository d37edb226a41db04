//! Times as people type them: a moment, a day, or how long ago or from now.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use lockstep_core::clock::Clock as _;

use crate::wire::SystemClock;

const EXPECTED: &str = "expected a time such as 2026-01-31T12:00:00Z, a day such as 2026-01-31 (UTC), or a length of time \
                        such as 90s, 15m, 2h or 30d";

/// A time in the past: `2h` is two hours ago.
pub(crate) fn past(text: &str) -> Result<String, String> {
    read(text, now()?, Span::negate)
}

/// A time to come: `30d` is in thirty days.
pub(crate) fn coming(text: &str) -> Result<String, String> {
    read(text, now()?, |length| length)
}

/// A length of time, in seconds.
pub(crate) fn seconds(text: &str) -> Result<i64, String> {
    let wrong = || "expected a length of time such as 90s, 15m, 24h or 7d".to_owned();
    let length = text.parse::<Span>().map_err(|_| wrong())?;
    // A day is as long here as it is in UTC.
    let start = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
    let end = start.checked_add(length).map_err(|_| wrong())?;
    let seconds = end.timestamp().as_second();
    if seconds < 0 { Err(wrong()) } else { Ok(seconds) }
}

fn now() -> Result<Timestamp, String> {
    Timestamp::from_microsecond(SystemClock.now().0).map_err(|_| "the machine's clock is wrong".to_owned())
}

fn read(text: &str, now: Timestamp, direction: impl Fn(Span) -> Span) -> Result<String, String> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment.to_string());
    }
    let utc = TimeZone::UTC;
    let found = match (text.parse::<Date>(), text.parse::<Span>()) {
        (Ok(day), _) => day.to_zoned(utc),
        (_, Ok(length)) if !length.is_negative() => now.to_zoned(utc).checked_add(direction(length)),
        _ => return Err(EXPECTED.to_owned()),
    };
    found.map(|found| found.timestamp().to_string()).map_err(|_| EXPECTED.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_days_and_lengths_of_time_are_read() {
        let now: Timestamp = "2026-11-22T08:00:00Z".parse().unwrap();
        for (text, ago, ahead) in [
            ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
            ("2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00Z", "2026-01-31T10:00:00Z"),
            ("2026-01-31", "2026-01-31T00:00:00Z", "2026-01-31T00:00:00Z"),
            ("90s", "2026-11-22T07:58:30Z", "2026-11-22T08:01:30Z"),
            ("2h", "2026-11-22T06:00:00Z", "2026-11-22T10:00:00Z"),
            ("30d", "2026-10-23T08:00:00Z", "2026-12-22T08:00:00Z"),
            ("1h 30m", "2026-11-22T06:30:00Z", "2026-11-22T09:30:00Z"),
        ] {
            assert_eq!(read(text, now, Span::negate).as_deref(), Ok(ago), "{text}");
            assert_eq!(read(text, now, |length| length).as_deref(), Ok(ahead), "{text}");
        }
        assert_eq!(["0s", "90s", "24h", "7d"].map(seconds), [Ok(0), Ok(90), Ok(86_400), Ok(604_800)]);
        assert!(["", "-1h", "soon", "24"].into_iter().all(|wrong| seconds(wrong).is_err()));
        for wrong in ["", "yesterday", "-2h", "12", "9999999y", "2026-13-01"] {
            assert!(read(wrong, now, Span::negate).is_err(), "{wrong}");
        }
    }
}
