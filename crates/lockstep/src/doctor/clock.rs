//! Whether the machine's clock can be right.

use std::path::Path;

use lockstep_core::clock::Timestamp;

use crate::doctor::finding::Finding;

/// 2026-11-01: no clock is earlier that runs this program.
const EARLIEST: Timestamp = Timestamp(1_793_491_200_000_000);
/// By how much the last event may be ahead of the clock: a little, since it may have been set meanwhile.
const AHEAD_MICROS: i64 = 1_000_000;
/// What programs leave that keep a clock right.
const KEEPERS: [&str; 5] = [
    "/run/systemd/timesync/synchronized",
    "/run/chrony/chronyd.pid",
    "/run/chronyd.pid",
    "/run/ntpd.pid",
    "/run/ntpsec/ntpd.pid",
];

pub(crate) fn finding(now: Timestamp, last_event_at: Option<Timestamp>) -> Finding {
    judged(now, last_event_at, KEEPERS.iter().any(|path| Path::new(path).exists()))
}

fn judged(now: Timestamp, last_event_at: Option<Timestamp>, is_kept: bool) -> Finding {
    let keep = "let NTP keep it right (systemd-timesyncd, chrony), on the host where this is a container";
    if now < EARLIEST {
        return Finding::problem("clock", format!("it says {now}, which is before this program was made"))
            .mend(keep);
    }
    if let Some(last) = last_event_at
        && last.0 > now.0 + AHEAD_MICROS
    {
        let seconds = (last.0 - now.0) / 1_000_000;
        return Finding::problem(
            "clock",
            format!(
                "it says {now}, {seconds} s behind the last event of {last}: new events get that time until it has \
                 caught up, and tokens end late"
            ),
        )
        .mend(keep);
    }
    let kept =
        if is_kept { "NTP is at work" } else { "no sign of NTP here; in a container it is the host's" };
    Finding::ok("clock", format!("{now}, not behind any event; {kept}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level;

    #[test]
    fn a_clock_that_went_back_is_a_problem() {
        let now = Timestamp(EARLIEST.0 + 1_000_000_000);
        let at = |micros: i64| Some(Timestamp(now.0 + micros));
        assert_eq!(judged(now, None, true).level, Level::Ok);
        assert_eq!(judged(now, at(-5), false).level, Level::Ok);
        assert_eq!(judged(now, at(AHEAD_MICROS), true).level, Level::Ok);
        let found = judged(now, at(90_000_000), true);
        assert!(found.level == Level::Problem && found.says.contains("90 s behind"), "{found:?}");
        assert_eq!(judged(Timestamp(0), None, true).level, Level::Problem);
        assert_eq!(EARLIEST.to_string(), "2026-11-01T00:00:00.000Z");
    }
}
