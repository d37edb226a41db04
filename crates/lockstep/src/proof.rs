//! What is shown of a database: every directory's log tells its rows.

use lockstep_core::clock::Timestamp;
use lockstep_core::id::DirectoryId;
use lockstep_server::state::standard_of;
use lockstep_store_sqlite::{Snapshot, Standing};
use serde_json::{Value, json};

use crate::progress::{self, Stop};

/// What was found of one directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Proof {
    pub(crate) standing: Standing,
    /// What differs, by ids; empty where nothing does.
    pub(crate) differences: Vec<String>,
}

impl Proof {
    pub(crate) fn json(&self) -> Value {
        let Standing { id, is_deleted, last_seq, last_at, users, groups } = self.standing;
        json!({
            "id": id.to_string(),
            "deleted": is_deleted,
            "users": users,
            "groups": groups,
            "events": last_seq,
            "last_event_at": (last_at > Timestamp(0)).then(|| last_at.to_string()),
            "differences": self.differences,
        })
    }
}

/// Replays the log of each directory, or of those asked for, against its rows. Each at a state of its own where
/// `is_still` does not say that nobody writes, so that a server's log need not grow for as long as all take.
pub(crate) fn prove(
    snapshot: &mut Snapshot,
    only: Option<&[DirectoryId]>,
    is_still: bool,
    stop: &Stop,
) -> anyhow::Result<Vec<Proof>> {
    let standings = snapshot.standings()?;
    if let Some(unknown) =
        only.iter().copied().flatten().find(|id| !standings.iter().any(|standing| standing.id == **id))
    {
        let message = format!("there is no directory {unknown} in this database");
        anyhow::bail!(crate::exit::Failure::new(crate::exit::Exit::Missing, message));
    }
    let wanted: Vec<Standing> = standings
        .into_iter()
        .filter(|standing| only.is_none_or(|only| only.contains(&standing.id)))
        .collect();
    let bar = progress::count("events", wanted.iter().map(|standing| standing.last_seq).sum());
    let mut proofs = Vec::new();
    for mut standing in wanted {
        stop.go_on()?;
        if !is_still {
            snapshot.renew()?;
        }
        let mut events = 0;
        let differences = snapshot.verify(standing.id.directory, standard_of, &mut || {
            events += 1;
            bar.inc(1);
        })?;
        // A server may have gone on since the list was read.
        standing.last_seq = standing.last_seq.max(events);
        proofs.push(Proof { standing, differences });
    }
    bar.finish_and_clear();
    Ok(proofs)
}

/// Of how many something is shown one by one.
const SHOWN_ONE_BY_ONE: usize = 20;

/// The proofs as lines for people: those that differ all, the others as long as they are few.
pub(crate) fn lines(proofs: &[Proof]) -> Vec<String> {
    let mut lines = Vec::new();
    for proof in proofs {
        let Standing { id, is_deleted, last_seq, last_at, users, groups } = proof.standing;
        if proof.differences.is_empty() && proofs.len() > SHOWN_ONE_BY_ONE {
            continue;
        }
        let what = if is_deleted { "deleted".into() } else { format!("{users} users, {groups} groups") };
        let agrees = if proof.differences.is_empty() { ", as its rows" } else { "" };
        let last = if last_seq > 0 { format!(", the last of {last_at}") } else { String::new() };
        lines.push(format!("{id}  {what}, {last_seq} events{last}{agrees}"));
        lines.extend(proof.differences.iter().map(|difference| format!("  differs: {difference}")));
    }
    let events: u64 = proofs.iter().map(|proof| proof.standing.last_seq).sum();
    let differences: usize = proofs.iter().map(|proof| proof.differences.len()).sum();
    lines.push(format!("{} directories, {events} events, {differences} differences", proofs.len()));
    lines
}
