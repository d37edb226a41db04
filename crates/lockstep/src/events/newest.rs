//! The last events of a log that is read from its beginning: the time from which on there are enough is found by asking for
//! ever longer ones, then by halving.

use std::collections::VecDeque;
use std::time::Duration;

use lockstep_core::clock::Clock as _;

use crate::listing::Walk;
use crate::remote::{Query, Remote, Thing};
use crate::wire::SystemClock;

/// The first length of time that is looked at, and by how much the next is longer.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGER: u32 = 8;
/// Lengths that are tried before all is read; the last is longer than a century.
const LENGTHS: u32 = 12;
/// So many more than were wanted are read rather than asked about again.
const SURPLUS: usize = 200;
/// How often a length is halved, at most: what then is in it came in one burst, and is read.
const HALVINGS: u32 = 24;

/// The last events that the query asks for, the newest at the end.
pub(super) async fn newest(remote: &Remote, query: &Query, wanted: usize) -> anyhow::Result<Vec<Thing>> {
    if query.holds("range_start") {
        return last(remote, query.clone(), wanted).await;
    }
    let now = SystemClock.now().0;
    let from = |length: Duration| {
        let start = now.saturating_sub(i64::try_from(length.as_micros()).unwrap_or(i64::MAX));
        jiff::Timestamp::from_microsecond(start)
            .ok()
            .map(|start| query.clone().with("range_start", start.to_string()))
    };
    let (mut short, mut long) = (Duration::ZERO, None);
    for power in 0..LENGTHS {
        let length = SHORTEST.saturating_mul(LONGER.saturating_pow(power));
        let Some(question) = from(length) else { break };
        if first(remote, question, wanted).await?.len() >= wanted {
            long = Some(length);
            break;
        }
        short = length;
    }
    let Some(mut long) = long else { return last(remote, query.clone(), wanted).await };
    for _ in 0..HALVINGS {
        let Some(question) = from(long) else { break };
        let enough = wanted.saturating_add(SURPLUS);
        let found = first(remote, question, enough).await?;
        if found.len() < enough {
            let surplus = found.len().saturating_sub(wanted);
            return Ok(found.into_iter().skip(surplus).collect());
        }
        let middle = short + long.saturating_sub(short) / 2;
        let Some(question) = from(middle) else { break };
        if first(remote, question, wanted).await?.len() >= wanted { long = middle } else { short = middle }
    }
    last(remote, from(long).unwrap_or_else(|| query.clone()), wanted).await
}

/// The first events that a question finds.
async fn first(remote: &Remote, question: Query, wanted: usize) -> anyhow::Result<Vec<Thing>> {
    Walk::new(remote, &["events"], question, wanted).rest().await
}

/// The last of all that a question finds.
async fn last(remote: &Remote, question: Query, wanted: usize) -> anyhow::Result<Vec<Thing>> {
    let mut walk = Walk::new(remote, &["events"], question, usize::MAX);
    let mut kept = VecDeque::new();
    while let Some(events) = walk.next().await? {
        kept.extend(events);
        kept.drain(..kept.len().saturating_sub(wanted));
    }
    Ok(kept.into())
}
