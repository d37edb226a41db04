//! `lockstep restore`: proves a backup on a copy of it, and only then puts that copy in the database's place.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::Args;
use lockstep_core::clock::Clock as _;
use lockstep_store_sqlite::{Place, Snapshot, SqliteRequests, make_single};
use serde_json::{Value, json};

use crate::backup::folder::{self, hex};
use crate::backup::manifest::{Contents, Manifest, MasterKeyState, Part};
use crate::backup::{MANIFEST, SUMS, has_room};
use crate::exit::Exit;
use crate::master_key;
use crate::progress::{self, Stop};
use crate::proof::{self, Proof};
use crate::terminal::{self, say};
use crate::wire::{Database, SystemClock};
use crate::{serve, verify};

/// Bytes of a manifest or of the digests: a larger one is none.
const TEXT_BYTES_MAX: u64 = 1024 * 1024;

#[derive(Debug, Args)]
pub(crate) struct RestoreOptions {
    /// The folder of the backup
    #[arg(long, value_name = "FOLDER")]
    pub(crate) from: PathBuf,
    /// Where everything is to be kept
    #[arg(
        long,
        env = "LOCKSTEP_DATABASE",
        value_name = "URL",
        default_value = "sqlite://lockstep-data/lockstep.db",
        hide_env_values = true
    )]
    pub(crate) database: String,
    /// Prove the backup and write nothing where the database is
    #[arg(long, conflicts_with = "replace")]
    pub(crate) check: bool,
    /// Where a database stands already, put it away under another name beside it first; nothing is deleted
    #[arg(long)]
    pub(crate) replace: bool,
    /// Print what was proved as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is right and wrong about a backup.
struct Shown {
    manifest: Manifest,
    proofs: Vec<Proof>,
    /// What is wrong; each names its file or its directory.
    wrong: Vec<String>,
}

pub(crate) fn run(options: &RestoreOptions) -> anyhow::Result<ExitCode> {
    if options.check {
        return serve::runtime()?.block_on(async { check(&options.from, options.json) });
    }
    let Database::Sqlite(path) = Database::parse(&options.database)?;
    serve::runtime()?.block_on(async {
        serve::survive_file_size_limit()?;
        let stop = Stop::listen();
        restore(options, &path, &stop).await
    })
}

/// Proves a backup without writing where a database is. Within a runtime.
pub(crate) fn check(from: &Path, as_json: bool) -> anyhow::Result<ExitCode> {
    let stop = Stop::listen();
    tokio::task::block_in_place(|| {
        let (manifest, mut wrong) = read_manifest(from)?;
        wrong.extend(damaged(from, &manifest, None, &stop)?);
        let mut shown = Shown { manifest, proofs: Vec::new(), wrong };
        if shown.wrong.is_empty() {
            if needs_opening(from) {
                // It is brought to this version first: on a copy, since a backup stays as it is.
                let work = tempfile::Builder::new().prefix("lockstep-check-").tempdir()?;
                let copy = work.path().join(Part::Database.name());
                has_room(work.path(), shown.manifest.file(Part::Database).map_or(0, |file| file.bytes))?;
                folder::copy(&from.join(Part::Database.name()), &copy, &mut |_| stop.go_on())?;
                look_into(&mut shown, &copy)?;
                if shown.wrong.is_empty() {
                    tokio::runtime::Handle::current().block_on(verify::bring_up(&copy))?;
                    let mut snapshot = Snapshot::of_database(&copy)?;
                    shown.proofs = proof::prove(&mut snapshot, None, false, &stop)?;
                }
            } else {
                let database = from.join(Part::Database.name());
                look_into(&mut shown, &database)?;
                if shown.wrong.is_empty() {
                    let mut snapshot = Snapshot::of_still_database(&database)?;
                    shown.proofs = proof::prove(&mut snapshot, None, true, &stop)?;
                }
            }
        }
        if shown.wrong.is_empty() {
            shown.wrong.extend(key_is_wrong(&shown.manifest, from, &from.join(Part::Database.name()))?);
        }
        tell(&shown, as_json, None)
    })
}

async fn restore(options: &RestoreOptions, path: &Path, stop: &Stop) -> anyhow::Result<ExitCode> {
    let from = &options.from;
    let (manifest, wrong) = read_manifest(from)?;
    let place = Place::take(path).context("cannot restore")?;
    let old = standing(place.path(), from, &manifest);
    ensure!(
        options.replace || old.is_empty(),
        "{} stands there already: give another --database, or --replace, which puts it away under another name",
        old.first().map_or_else(String::new, |path| path.display().to_string())
    );
    let work = Work::begin(place.path())?;
    let needed = manifest.files.iter().map(|file| file.bytes).sum();
    has_room(&work.path, needed)?;
    let mut shown = Shown { manifest, proofs: Vec::new(), wrong };
    shown.wrong.extend(damaged(from, &shown.manifest, Some(&work.path), stop)?);
    let copy = work.path.join(Part::Database.name());
    if shown.wrong.is_empty() {
        look_into(&mut shown, &copy)?;
    }
    if shown.wrong.is_empty() {
        shown.wrong.extend(key_is_wrong(&shown.manifest, &work.path, &copy)?);
    }
    if shown.wrong.is_empty() {
        verify::bring_up(&copy).await?;
        let mut snapshot = Snapshot::of_database(&copy)?;
        shown.proofs = proof::prove(&mut snapshot, None, false, stop)?;
    }
    stop.go_on()?;
    if shown.wrong.is_empty() && shown.proofs.iter().all(|proof| proof.differences.is_empty()) {
        make_single(&copy)?;
        let away = put_in_place(&place, &work, &old)?;
        return tell(&shown, options.json, Some(&Restored { place: place.path(), away }));
    }
    tell(&shown, options.json, None)
}

/// What stands where a backup is to be put: a database, its request records, its master key. A key that is the backup's,
/// or that the backup has none for, may stay.
fn standing(database: &Path, from: &Path, manifest: &Manifest) -> Vec<PathBuf> {
    let key = master_key::beside(database);
    let same = fs::read(&key).ok() == fs::read(from.join(Part::MasterKey.name())).ok();
    let key_stays = same || manifest.file(Part::MasterKey).is_none();
    let places = [database.to_owned(), SqliteRequests::beside(database), key.clone()];
    places.into_iter().filter(|path| path.exists() && !(key_stays && *path == key)).collect()
}

/// A folder beside the place of a database, in which a copy is proved. It is taken away in the end, whatever came of it.
struct Work {
    path: PathBuf,
}

impl Work {
    fn begin(database: &Path) -> anyhow::Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        let name = database.file_name().unwrap_or_default().to_string_lossy();
        let path = database.with_file_name(format!(".{name}.restoring"));
        if path.exists() {
            // Left by one that was killed: whoever restores here holds the place.
            fs::remove_dir_all(&path).with_context(|| format!("cannot clear {}", path.display()))?;
        }
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self { path })
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Reads the manifest, and what the digests say against it.
fn read_manifest(from: &Path) -> anyhow::Result<(Manifest, Vec<String>)> {
    let path = from.join(MANIFEST);
    let text = read_text(&path).with_context(|| format!("{} is no backup", from.display()))?;
    let manifest = Manifest::parse(&text).with_context(|| format!("cannot use {}", path.display()))?;
    let mut wrong = Vec::new();
    let mut said: BTreeMap<String, String> = BTreeMap::new();
    match read_text(&from.join(SUMS)) {
        Ok(sums) => {
            let lines = sums.lines().filter_map(|line| line.split_once("  "));
            said.extend(lines.map(|(digest, name)| (name.to_owned(), digest.to_owned())));
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
            let mut expected: BTreeMap<String, String> = manifest
                .files
                .iter()
                .map(|file| (file.name.name().to_owned(), file.sha256.clone()))
                .collect();
            expected.insert(MANIFEST.into(), hex(digest));
            for (name, digest) in expected {
                if said.get(&name) != Some(&digest) {
                    wrong.push(format!("{name}: {SUMS} has another digest of it"));
                }
            }
        }
        Err(_) => wrong.push(format!("{SUMS}: it is missing or cannot be read")),
    }
    let known = Snapshot::newest_version();
    ensure!(
        manifest.schema_version <= known,
        "the backup has the schema version {}, and this version of lockstep knows {known}: use a newer one (it was \
         made by lockstep {})",
        manifest.schema_version,
        manifest.lockstep
    );
    Ok((manifest, wrong))
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    let shown = path.display();
    let found = fs::metadata(path).with_context(|| format!("cannot read {shown}"))?;
    ensure!(found.is_file() && found.len() <= TEXT_BYTES_MAX, "{shown} is not what a backup has there");
    fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))
}

/// Whether a backup's database must be opened before it can be verified; one that cannot be read is told as that later.
fn needs_opening(from: &Path) -> bool {
    let snapshot = Snapshot::of_still_database(&from.join(Part::Database.name()));
    snapshot.and_then(|snapshot| snapshot.needs_opening()).unwrap_or(false)
}

/// What differs between a backup's files and its manifest. With `into` they are copied there on the way.
fn damaged(
    from: &Path,
    manifest: &Manifest,
    into: Option<&Path>,
    stop: &Stop,
) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    let bar = progress::bytes("reading", manifest.files.iter().map(|file| file.bytes).sum());
    for file in &manifest.files {
        let name = file.name.name();
        let path = from.join(name);
        let bytes = match fs::metadata(&path) {
            Ok(found) if found.is_file() => found.len(),
            _ => {
                wrong.push(format!("{name}: it is missing"));
                continue;
            }
        };
        if bytes != file.bytes {
            wrong.push(format!("{name}: it has {bytes} bytes and had {}", file.bytes));
            continue;
        }
        let mut read = |count: usize| {
            bar.inc(count as u64);
            stop.go_on()
        };
        let (sha256, _) = match into {
            Some(folder) => folder::copy(&path, &folder.join(name), &mut read)?,
            None => folder::digest_of(&path, &mut read)?,
        };
        if sha256 != file.sha256 {
            wrong.push(format!("{name}: it was changed since it was written (its SHA-256 is another)"));
        }
    }
    bar.finish_and_clear();
    Ok(wrong)
}

/// Looks into the copy as it is, before anything is brought to this version: its pages and indexes, and whether it stands
/// where the manifest says.
fn look_into(shown: &mut Shown, database: &Path) -> anyhow::Result<()> {
    let name = Part::Database.name();
    let snapshot = match Snapshot::of_still_database(database) {
        Ok(snapshot) => snapshot,
        Err(error) => {
            shown.wrong.push(format!("{name}: {error}"));
            return Ok(());
        }
    };
    shown.wrong.extend(snapshot.damage(true)?.into_iter().map(|found| format!("{name}: {found}")));
    if shown.wrong.is_empty() {
        let contents = Contents::of(&snapshot.standings()?, snapshot.log_end()?);
        if contents != shown.manifest.contents || snapshot.version() != shown.manifest.schema_version {
            shown.wrong.push(format!("{name}: it does not hold what {MANIFEST} says"));
        }
    }
    let requests = database.with_file_name(Part::Requests.name());
    if shown.manifest.file(Part::Requests).is_some() && requests.exists() {
        let name = Part::Requests.name();
        match Snapshot::of_still_requests(&requests) {
            Ok(snapshot) => {
                let found = snapshot.damage(false)?;
                shown.wrong.extend(found.into_iter().map(|found| format!("{name}: {found}")));
            }
            Err(error) => shown.wrong.push(format!("{name}: {error}")),
        }
    }
    Ok(())
}

/// Whether the key in the backup is another than its database was made with.
fn key_is_wrong(manifest: &Manifest, folder: &Path, database: &Path) -> anyhow::Result<Option<String>> {
    let name = Part::MasterKey.name();
    let is_there = manifest.file(Part::MasterKey).is_some();
    if is_there != (manifest.master_key == MasterKeyState::Included) {
        return Ok(Some(format!("{name}: {MANIFEST} contradicts itself about it")));
    }
    if !is_there {
        return Ok(None);
    }
    let text = read_text(&folder.join(name))?;
    let Ok(key) = lockstep_server::keys::MasterKey::parse(text.trim()) else {
        return Ok(Some(format!("{name}: it is no master key")));
    };
    let mark = Snapshot::of_still_database(database)?.master_key_mark()?;
    let other = mark.is_some_and(|mark| key.mark() != Some(mark));
    Ok(other.then(|| format!("{name}: it is not the key that the database was made with")))
}

/// Puts what was proved in its place; gives under which names what was there stands now.
fn put_in_place(place: &Place, work: &Work, old: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let database = place.path();
    let when = SystemClock.now().to_string().replace([':', '.'], "-");
    let mut away = Vec::new();
    for path in old {
        let mut name = path.clone().into_os_string();
        name.push(format!(".before-{when}"));
        let name = PathBuf::from(name);
        if *path == master_key::beside(database) {
            fs::rename(path, &name).with_context(|| format!("cannot put away {}", path.display()))?;
        } else {
            place.put_away(path, &name)?;
        }
        away.push(name);
    }
    // The database last: until it is there, nothing that was put here is of any use.
    let beside =
        [(Part::MasterKey, master_key::beside(database)), (Part::Requests, SqliteRequests::beside(database))];
    for (part, to) in beside {
        let copy = work.path.join(part.name());
        if copy.exists() {
            fs::rename(&copy, &to).with_context(|| format!("cannot put {} in place", to.display()))?;
        }
    }
    place.put(&work.path.join(Part::Database.name()))?;
    Ok(away)
}

struct Restored<'a> {
    place: &'a Path,
    away: Vec<PathBuf>,
}

/// Says what was proved and what was done; 0 where all is right, 2 where something is wrong.
fn tell(shown: &Shown, as_json: bool, restored: Option<&Restored<'_>>) -> anyhow::Result<ExitCode> {
    let Shown { manifest, proofs, wrong } = shown;
    let differences: usize = proofs.iter().map(|proof| proof.differences.len()).sum();
    let is_right = wrong.is_empty() && differences == 0;
    if as_json {
        let told = json!({
            "manifest": manifest,
            "right": is_right,
            "wrong": wrong,
            "directories": proofs.iter().map(Proof::json).collect::<Vec<Value>>(),
            "differences": differences,
            "restored_to": restored.map(|restored| restored.place),
            "put_away": restored.map(|restored| &restored.away),
        });
        terminal::write(&format!("{told}\n"))?;
        return Ok(if is_right { Exit::Done.into() } else { Exit::Wrong.into() });
    }
    let (version, schema) = (&manifest.lockstep, manifest.schema_version);
    say!("backup of {} by lockstep {version}, schema {schema}", manifest.taken_at);
    for finding in wrong {
        say!("  wrong: {finding}");
    }
    if !is_right {
        if !proofs.is_empty() {
            for line in proof::lines(proofs) {
                say!("{line}");
            }
        }
        say!("the backup is damaged; nothing was put anywhere");
        return Ok(Exit::Wrong.into());
    }
    say!("every file has its digest; every page and index is right");
    if schema < Snapshot::newest_version() {
        say!("brought from schema {schema} to {}", Snapshot::newest_version());
    }
    for line in proof::lines(proofs) {
        say!("{line}");
    }
    if let Some(restored) = restored {
        for path in &restored.away {
            say!("what was there before is {} now", path.display());
        }
        say!("restored to {}", restored.place.display());
        if manifest.master_key != MasterKeyState::Included {
            say!(
                "the master key was not in the backup: give it to the server, or put it beside the database"
            );
        }
        say!("applications that read on: what came after the backup is numbered anew (docs/guide/backup.md)");
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_manifest_is_no_backup() {
        let folder = tempfile::tempdir().unwrap();
        let error = format!("{:#}", read_manifest(folder.path()).unwrap_err());
        assert!(error.contains("is no backup") && error.contains(MANIFEST), "{error}");
    }
}
