//! dateTime values (RFC 7643 §2.3.5): their text form and the instant they name. No clock.
//!
//! ```
//! use lockstep_scim::datetime;
//!
//! let instant = datetime::parse("2011-05-13T06:42:34+02:00").map(datetime::render);
//! assert_eq!(instant.as_deref(), Some("2011-05-13T04:42:34.000Z"));
//! assert_eq!(datetime::parse("2011-05-13"), None);
//! ```

use jiff::{Timestamp, civil, tz::TimeZone};

/// A point in time, to the nanosecond. Instants are ordered by time, whatever zone their texts were of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Timestamp);

/// Reads an `xsd:dateTime`: date, `T`, time, optional fraction, optional zone (none means UTC).
/// A date without a time is refused (RFC 7643 §2.3.5).
#[must_use]
pub fn parse(text: &str) -> Option<Instant> {
    let bytes = text.as_bytes();
    let shape = b"dddd-dd-ddTdd:dd:dd";
    let fits = bytes.len() >= shape.len()
        && bytes.iter().zip(shape).all(|(byte, kind)| match kind {
            b'd' => byte.is_ascii_digit(),
            other => byte.eq_ignore_ascii_case(other),
        });
    // Not more after the seconds than a fraction and a zone.
    let tail = text.get(shape.len()..)?;
    let plain =
        tail.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'+' | b'-' | b':' | b'Z' | b'z'));
    if !fits || !plain {
        return None;
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(Instant(instant));
    }
    let local = text.parse::<civil::DateTime>().ok()?;
    TimeZone::UTC.to_timestamp(local).ok().map(Instant)
}

/// Writes an instant as SCIM shows it: UTC with milliseconds.
#[must_use]
pub fn render(instant: Instant) -> String {
    format!("{:.3}", instant.0)
}

#[cfg(test)]
mod tests {
    use super::{parse, render};

    #[test]
    fn reads_instants_and_refuses_the_rest() {
        for (text, expected) in [
            ("2011-05-13T04:42:34Z", Some("2011-05-13T04:42:34.000Z")),
            ("2011-05-13T04:42:34.1234567Z", Some("2011-05-13T04:42:34.123Z")),
            ("2011-05-13T06:42:34+02:00", Some("2011-05-13T04:42:34.000Z")),
            ("2011-05-13T04:42:34", Some("2011-05-13T04:42:34.000Z")),
            ("2011-05-13", None),
            ("2011-05-13T04:42", None),
            ("2011-13-13T04:42:34Z", None),
            ("2011-05-13T04:42:34Z[Europe/Paris]", None),
            ("2011-05-13T04:42:34é", None),
            ("", None),
        ] {
            assert_eq!(parse(text).map(render).as_deref(), expected, "{text}");
        }
    }
}
