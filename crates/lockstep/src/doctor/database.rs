//! The database as it is, read beside a server or without one, and the key that it was made with.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use lockstep_core::clock::Timestamp;
use lockstep_core::model::ApiKey;
use lockstep_server::limits::API_KEYS_LIMIT;
use lockstep_store::{StoreError, Work};
use lockstep_store_sqlite::{Place, Snapshot};

use crate::doctor::api_keys;
use crate::doctor::finding::Finding;
use crate::machine::sized;
use crate::master_key::{self, Source};

/// A write-ahead log that is longer than this was not folded in for long: a server begins it anew at 64 MB.
const LOG_ADVISED: u64 = 512 << 20;
/// Of how many events the growth is reckoned.
const GROWTH_EVENTS: u64 = 100_000;
/// How much of what was begun is counted.
const WORK_COUNTED: usize = 1_000;
/// What SQLite finds is told as far as this.
const DAMAGE_SHOWN: usize = 3;

/// What a look at the database showed.
pub(crate) struct Looked {
    /// None where there is no database yet, or it cannot be read.
    pub(crate) state: Option<State>,
    /// Why it cannot be read.
    error: Option<StoreError>,
    shown: String,
}

/// The database's state.
pub(crate) struct State {
    pub(crate) bytes: u64,
    pub(crate) last_event_at: Option<Timestamp>,
    /// By how much it grows, as far as its last events tell.
    pub(crate) bytes_a_day: Option<u64>,
    version: i64,
    newest: i64,
    needs_opening: bool,
    log_bytes: u64,
    /// What SQLite found wrong; none where it was not asked.
    damage: Option<Vec<String>>,
    directories: usize,
    events: u64,
    work: Vec<Work>,
    api_keys: u64,
    /// The keys themselves; none where the schema is older and does not tell what they may.
    keys: Option<Vec<ApiKey>>,
    is_served: bool,
    mark: Option<[u8; 16]>,
}

/// Looks at a database. `quick` leaves out what reads all of it.
pub(crate) fn look(path: &Path, quick: bool) -> Looked {
    let shown = path.display().to_string();
    // A start that was cut short leaves an empty file.
    if fs::metadata(path).map_or(0, |found| found.len()) == 0 {
        return Looked { state: None, error: None, shown };
    }
    match state(path, quick) {
        Ok(state) => Looked { state: Some(state), error: None, shown },
        Err(error) => Looked { state: None, error: Some(error), shown },
    }
}

fn state(path: &Path, quick: bool) -> Result<State, StoreError> {
    let snapshot = Snapshot::of_database(path)?;
    let end = snapshot.log_end()?;
    let bytes = snapshot.bytes()?;
    let standings = snapshot.standings()?;
    let needs_opening = snapshot.needs_opening()?;
    let back = end.position.saturating_sub(GROWTH_EVENTS).max(1);
    let earlier = snapshot.time_at(back)?;
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    Ok(State {
        bytes,
        last_event_at: standings.iter().map(|standing| standing.last_at).max().filter(|_| end.position > 0),
        bytes_a_day: earlier.and_then(|earlier| growth(bytes, end.position, back, earlier, end.at)),
        version: snapshot.version(),
        newest: Snapshot::newest_version(),
        needs_opening,
        log_bytes: fs::metadata(&log).map_or(0, |found| found.len()),
        damage: if quick { None } else { Some(snapshot.damage(false)?) },
        directories: standings.iter().filter(|standing| !standing.is_deleted).count(),
        events: end.position,
        work: if needs_opening { Vec::new() } else { snapshot.work(WORK_COUNTED)? },
        api_keys: snapshot.api_keys()?,
        keys: if needs_opening { None } else { Some(snapshot.api_key_list(API_KEYS_LIMIT)?) },
        // Whoever cannot have the place: somebody serves from it. It is given back at once.
        is_served: Place::is_taken(path),
        mark: snapshot.master_key_mark()?,
    })
}

/// By how much a database grows in a day, by its last events.
fn growth(bytes: u64, position: u64, back: u64, earlier: Timestamp, last: Timestamp) -> Option<u64> {
    const DAY: u128 = 86_400_000_000;
    let micros = u128::try_from(last.0.checked_sub(earlier.0)?).ok()?;
    // What came within a day says nothing of the days to come: a first sync is no habit.
    if micros < DAY || position == 0 {
        return None;
    }
    let events = u128::from(position.saturating_sub(back));
    u64::try_from(u128::from(bytes) * events * DAY / micros / u128::from(position)).ok()
}

pub(crate) fn findings(looked: &Looked, has_api_key: bool, now: Timestamp) -> Vec<Finding> {
    let shown = &looked.shown;
    if let Some(error) = &looked.error {
        let mend = match error {
            StoreError::Newer { .. } => {
                "start it with the newer program; a restore of an older backup is the only way back"
            }
            StoreError::Corrupt(_) => {
                "restore a backup (`lockstep restore`), or give the path of the right file"
            }
            _ => "run this as the user that runs the server, who can read the file and write in its folder",
        };
        return vec![Finding::problem("database", format!("{shown} cannot be read: {error}")).mend(mend)];
    }
    let Some(state) = &looked.state else {
        return vec![
            Finding::ok("database", format!("{shown} is not there yet: the first start makes it")),
            api_keys::none(has_api_key),
        ];
    };
    let mut findings = vec![schema(shown, state)];
    findings.extend(state.damage.as_ref().map(|damage| whole(damage)));
    findings.push(log(state.log_bytes, state.is_served));
    findings.push(work(&state.work, state.is_served));
    findings.extend(match &state.keys {
        _ if state.api_keys == 0 => vec![api_keys::none(has_api_key)],
        Some(keys) => api_keys::findings(keys, now),
        None => vec![Finding::ok("API keys", format!("{}", state.api_keys))],
    });
    findings
}

fn schema(shown: &str, state: &State) -> Finding {
    let State { version, newest, directories, events, bytes, .. } = state;
    let served = if state.is_served { "a server uses it" } else { "no server uses it" };
    let holds = format!("{shown}: {directories} directories, {events} events, {}; {served}", sized(*bytes));
    if version < newest {
        return Finding::warning("database", format!("{holds}; it has schema {version}, this program {newest}"))
            .mend("the next start brings it to the newer one, and the older program does not read it then: back up first");
    }
    if state.needs_opening && !state.is_served {
        return Finding::warning(
            "database",
            format!("{holds}; a start that brought it to schema {version} was cut short"),
        )
        .mend("start the server: it goes on with it");
    }
    Finding::ok("database", format!("{holds}; schema {version}"))
}

fn whole(damage: &[String]) -> Finding {
    if damage.is_empty() {
        return Finding::ok("pages", "every page of the database is right".into());
    }
    let shown: Vec<&str> = damage.iter().take(DAMAGE_SHOWN).map(String::as_str).collect();
    Finding::problem("pages", format!("the database is damaged: {}", shown.join("; ")))
        .mend("stop the server, keep a copy of the files, and restore a backup; then look at the disk")
}

fn log(bytes: u64, is_served: bool) -> Finding {
    let says = format!("the write-ahead log has {}", sized(bytes));
    if bytes > LOG_ADVISED {
        return Finding::warning("log of writes", says).mend(
            "something reads the database all the time (a backup, another program): end it, and it shrinks",
        );
    }
    let left = if bytes > 0 && !is_served { "; what is in it is read at the next start" } else { "" };
    Finding::ok("log of writes", format!("{says}{left}"))
}

/// What was begun: groups that end, changes that rows must follow, deleted directories that are cleared.
fn work(work: &[Work], is_served: bool) -> Finding {
    let more = if work.len() == WORK_COUNTED { " or more" } else { "" };
    let says = format!("{}{more} steps were begun and are to be gone on with", work.len());
    if work.is_empty() {
        Finding::ok("work", "nothing is pending".into())
    } else if is_served {
        Finding::ok("work", format!("{says}; the server does"))
    } else {
        Finding::warning("work", says).mend("start the server: it goes on with it")
    }
}

/// Whether the key is there that the database was made with.
pub(crate) fn master_key(path: &Path, source: &Source, looked: &Looked) -> Finding {
    let place = source.place(path);
    let mark = looked.state.as_ref().and_then(|state| state.mark);
    let found = match master_key::find(source, path) {
        Ok(found) => found,
        Err(error) => {
            return Finding::problem("master key", format!("{error:#}"))
                .mend("make it readable, and 64 hexadecimal digits (`openssl rand -hex 32`)");
        }
    };
    let Some(key) = found else {
        return match mark {
            None => Finding::ok("master key", format!("none yet: the first start makes one {place}")),
            Some(_) => Finding::problem("master key", format!("it is missing {place}: the server does not start"))
                .mend("put it back from a backup (master.key); `lockstep serve --replace-master-key` where it is lost for good"),
        };
    };
    if mark.is_some_and(|mark| key.mark() != Some(mark)) {
        return Finding::problem(
            "master key",
            format!(
                "the key {place} is not the one that the database was made with: the server does not start"
            ),
        )
        .mend("give that one; `lockstep serve --replace-master-key` where it is lost for good");
    }
    if let Source::File(file) = source
        && fs::metadata(file).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
    {
        return Finding::problem("master key", format!("others on this machine may read {}", file.display()))
            .mend(format!("chmod 600 {}", file.display()));
    }
    Finding::ok(
        "master key",
        format!("{place}{}", if mark.is_some() { ", the one of this database" } else { "" }),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lockstep_core::id::DirectoryNumber;
    use lockstep_server::state::SystemSecrets;
    use lockstep_store::Store as _;

    use super::*;
    use crate::doctor::finding::Level;
    use crate::master_key::GivenKey;
    use crate::wire;

    fn healthy() -> State {
        State {
            bytes: 1 << 20,
            last_event_at: None,
            bytes_a_day: None,
            version: 5,
            newest: 5,
            needs_opening: false,
            log_bytes: 0,
            damage: Some(Vec::new()),
            directories: 1,
            events: 1,
            work: Vec::new(),
            api_keys: 1,
            keys: None,
            is_served: false,
            mark: None,
        }
    }

    fn level_of(state: State, check: &str) -> Level {
        let looked = Looked { state: Some(state), error: None, shown: "x.db".into() };
        findings(&looked, false, Timestamp(0))
            .into_iter()
            .find(|finding| finding.check == check)
            .unwrap()
            .level
    }

    #[test]
    fn what_is_wrong_with_a_database_is_told() {
        for check in ["database", "pages", "log of writes", "work", "API keys"] {
            assert_eq!(level_of(healthy(), check), Level::Ok, "{check}");
        }
        let pending = vec![Work::Clear(DirectoryNumber(1))];
        for (state, check, level) in [
            (State { version: 4, ..healthy() }, "database", Level::Warning),
            (State { needs_opening: true, ..healthy() }, "database", Level::Warning),
            (State { damage: Some(vec!["page 7".into()]), ..healthy() }, "pages", Level::Problem),
            (State { log_bytes: LOG_ADVISED + 1, ..healthy() }, "log of writes", Level::Warning),
            (State { work: pending.clone(), ..healthy() }, "work", Level::Warning),
            (State { work: pending, is_served: true, ..healthy() }, "work", Level::Ok),
        ] {
            assert_eq!(level_of(state, check), level, "{check}");
        }
    }

    #[test]
    fn a_file_that_is_no_database_is_a_problem_and_none_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lockstep.db");
        assert_eq!(findings(&look(&path, false), false, Timestamp(0))[0].level, Level::Ok);
        fs::write(&path, "no database ".repeat(1_000)).unwrap();
        let found = &findings(&look(&path, false), false, Timestamp(0))[0];
        assert!(found.level == Level::Problem && found.says.contains("lockstep.db"), "{found:?}");
    }

    #[tokio::test]
    async fn a_database_is_looked_at_beside_its_server_and_without_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lockstep.db");
        let store = wire::open_sqlite(&path, &Arc::new(SystemSecrets::default())).unwrap();
        store.put_master_key_mark([1; 16]).await.unwrap();
        let looked = look(&path, false);
        let state = looked.state.as_ref().unwrap();
        assert!(state.is_served && !state.needs_opening && state.damage.as_ref().unwrap().is_empty());
        let key = |source: &Source| master_key(&path, source, &looked);
        let missing = key(&Source::BesideDatabase);
        assert!(missing.level == Level::Problem && missing.says.contains("missing"), "{missing:?}");
        let other = key(&Source::Given(GivenKey("00".repeat(32))));
        assert!(other.level == Level::Problem && other.says.contains("not the one"), "{other:?}");
        assert_eq!(key(&Source::Given(GivenKey("x".into()))).level, Level::Problem);
        store.stop().await;
        drop(store);
        assert!(!look(&path, true).state.unwrap().is_served);
    }

    #[test]
    fn a_key_that_others_may_read_is_a_problem() {
        let folder = tempfile::tempdir().unwrap();
        let (path, file) = (folder.path().join("lockstep.db"), folder.path().join("key"));
        let looked = look(&path, true);
        assert_eq!(master_key(&path, &Source::BesideDatabase, &looked).level, Level::Ok);
        fs::write(&file, "ab".repeat(32)).unwrap();
        let source = Source::File(file.clone());
        for (mode, level) in [(0o640, Level::Problem), (0o600, Level::Ok)] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(master_key(&path, &source, &looked).level, level);
        }
    }

    #[test]
    fn growth_is_reckoned_of_days_and_not_of_a_first_sync() {
        const DAY: i64 = 86_400_000_000;
        let (none, some) = (Timestamp(0), Timestamp(10 * DAY));
        // Half of the events came in ten days: half of the bytes in ten days.
        assert_eq!(growth(1_000, 100, 50, none, some), Some(50));
        assert_eq!(growth(1_000, 100, 50, none, Timestamp(DAY - 1)), None);
        assert_eq!(growth(1_000, 0, 1, none, some), None);
        assert_eq!(growth(1_000, 100, 50, some, none), None);
    }
}
