//! `lockstep backup`: a copy of the server's data of one moment, made beside a server that goes on writing.

pub(crate) mod folder;
pub(crate) mod manifest;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::Args;
use lockstep_core::clock::Clock as _;
use lockstep_store_sqlite::{Snapshot, SqliteRequests};

use crate::machine::{free_bytes, sized};
use crate::progress::{self, Stop};
use crate::terminal::{self, say};
use crate::wire::{Database, SystemClock};
use crate::{master_key, restore, serve};
use folder::Partial;
use manifest::{Contents, FORMAT, Manifest, MasterKeyState, Part, Written};

/// The manifest of a backup.
pub(crate) const MANIFEST: &str = "manifest.json";
/// Digests of all other files, as `sha256sum --check` reads them.
pub(crate) const SUMS: &str = "SHA256SUMS";

#[derive(Debug, Args)]
pub(crate) struct BackupOptions {
    /// Where everything is kept
    #[arg(
        long,
        env = "LOCKSTEP_DATABASE",
        value_name = "URL",
        default_value = "sqlite://lockstep-data/lockstep.db",
        hide_env_values = true
    )]
    pub(crate) database: String,
    /// The folder that will be the backup; it must not be there yet, and what it is in must be
    #[arg(long, value_name = "FOLDER")]
    pub(crate) to: PathBuf,
    /// Leave out the request records
    #[arg(long)]
    pub(crate) without_requests: bool,
    /// Leave out the master key: then the backup opens no secret, and a restore needs the key from elsewhere
    #[arg(long)]
    pub(crate) without_master_key: bool,
    /// Prove the backup afterwards, as `lockstep restore --check` does
    #[arg(long)]
    pub(crate) check: bool,
    /// Print the manifest as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(options: &BackupOptions) -> anyhow::Result<ExitCode> {
    let Database::Sqlite(path) = Database::parse(&options.database)?;
    ensure!(path.exists(), "there is no database at {}", path.display());
    serve::runtime()?.block_on(async {
        serve::survive_file_size_limit()?;
        let stop = Stop::listen();
        let wanted = (options.without_requests, options.without_master_key);
        let to = options.to.clone();
        let (folder, manifest) = tokio::task::spawn_blocking(move || make(&path, &to, wanted, &stop))
            .await
            .context("the backup did not come to its end")??;
        tell(options, &folder, &manifest)?;
        if options.check {
            return restore::check(&folder, options.json);
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn tell(options: &BackupOptions, folder: &Path, manifest: &Manifest) -> anyhow::Result<()> {
    if options.json {
        terminal::write(&format!("{}\n", serde_json::to_string(manifest)?))?;
        return Ok(());
    }
    let Contents { directories, users, groups, events, .. } = &manifest.contents;
    let bytes = manifest.files.iter().map(|file| file.bytes).sum();
    say!("{}: {}, as of {}", folder.display(), sized(bytes), manifest.taken_at);
    say!("{directories} directories, {users} users, {groups} groups, {events} events");
    match manifest.master_key {
        MasterKeyState::Included => {
            say!(
                "the master key is in it: keep it as secret as the server (--without-master-key leaves it out)"
            );
        }
        MasterKeyState::LeftOut | MasterKeyState::KeptElsewhere => {
            say!("the master key is not in it: a restore needs it from elsewhere");
        }
    }
    Ok(())
}

/// Writes a backup; gives its folder and what it says of itself.
fn make(
    database: &Path,
    to: &Path,
    (without_requests, without_master_key): (bool, bool),
    stop: &Stop,
) -> anyhow::Result<(PathBuf, Manifest)> {
    let partial = Partial::begin(to)?;
    let failed = || format!("cannot read the database {}", database.display());
    let snapshot = Snapshot::of_database(database).with_context(failed)?;
    let taken_at = SystemClock.now().to_string();
    let requests = SqliteRequests::beside(database);
    let requests = if without_requests || !requests.exists() {
        None
    } else {
        Some(Snapshot::of_requests(&requests).context(
            "the request records beside the database cannot be read (--without-requests leaves them out)",
        )?)
    };
    let needed = snapshot.bytes()? + requests.as_ref().map_or(Ok(0), Snapshot::bytes)?;
    has_room(partial.path(), needed)?;
    let mut files = vec![copied(&snapshot, Part::Database, &partial, stop)?];
    if let Some(requests) = &requests {
        files.push(copied(requests, Part::Requests, &partial, stop)?);
    }
    let (state, key) = key_of(database, &snapshot, without_master_key)?;
    if let Some(text) = key {
        let sha256 = folder::write(&partial.path().join(Part::MasterKey.name()), text.as_bytes())?;
        files.push(Written { name: Part::MasterKey, bytes: text.len() as u64, sha256 });
    }
    let manifest = Manifest {
        format: FORMAT,
        lockstep: env!("CARGO_PKG_VERSION").into(),
        schema_version: snapshot.version(),
        taken_at,
        master_key: state,
        contents: Contents::of(&snapshot.standings()?, snapshot.log_end()?),
        files,
    };
    let text = serde_json::to_string_pretty(&manifest)? + "\n";
    let sha256 = folder::write(&partial.path().join(MANIFEST), text.as_bytes())?;
    let sums = manifest.files.iter().map(|file| (file.sha256.as_str(), file.name.name()));
    let sums: Vec<String> =
        sums.chain([(sha256.as_str(), MANIFEST)]).map(|(digest, name)| format!("{digest}  {name}")).collect();
    folder::write(&partial.path().join(SUMS), (sums.join("\n") + "\n").as_bytes())?;
    stop.go_on()?;
    Ok((partial.finish()?, manifest))
}

/// An error where a copy of so many bytes cannot fit.
pub(crate) fn has_room(folder: &Path, needed: u64) -> anyhow::Result<()> {
    if let Some(free) = free_bytes(folder) {
        ensure!(
            needed <= free,
            "there is no room: {} are needed where {} is, and {} are free",
            sized(needed),
            folder.display(),
            sized(free)
        );
    }
    Ok(())
}

/// Copies one file and reads the copy for its digest.
fn copied(snapshot: &Snapshot, part: Part, partial: &Partial, stop: &Stop) -> anyhow::Result<Written> {
    let path = partial.path().join(part.name());
    let bar = progress::bytes("copying", snapshot.bytes()?);
    let done = snapshot.copy_to(&path, &mut |copied| {
        bar.set_length(copied.total);
        bar.set_position(copied.bytes);
        !stop.is_asked()
    });
    bar.finish_and_clear();
    let done = done.with_context(|| {
        let free = free_bytes(partial.path()).map_or_else(String::new, |free| {
            format!(
                "; {} are free there, and all of it takes {}",
                sized(free),
                sized(snapshot.bytes().unwrap_or(0))
            )
        });
        format!("cannot copy {} to {}{free}", snapshot.path().display(), partial.path().display())
    })?;
    ensure!(done, "stopped; what was begun was taken away");
    let bar = progress::bytes("reading back", snapshot.bytes()?);
    let (sha256, bytes) = folder::digest_of(&path, &mut |count| {
        bar.inc(count as u64);
        stop.go_on()
    })?;
    bar.finish_and_clear();
    Ok(Written { name: part, bytes, sha256 })
}

/// The master key's text where it belongs into the backup: where it stands beside the database, and is the one that the
/// database was made with.
fn key_of(
    database: &Path,
    snapshot: &Snapshot,
    without: bool,
) -> anyhow::Result<(MasterKeyState, Option<String>)> {
    if without {
        return Ok((MasterKeyState::LeftOut, None));
    }
    let Some(key) = master_key::find(&master_key::Source::BesideDatabase, database)? else {
        return Ok((MasterKeyState::KeptElsewhere, None));
    };
    if snapshot.master_key_mark()?.is_some_and(|mark| key.mark() != Some(mark)) {
        eprintln!(
            "lockstep: the key beside the database is not the one that it was made with, and is left out of the backup"
        );
        return Ok((MasterKeyState::KeptElsewhere, None));
    }
    Ok((MasterKeyState::Included, Some(key.to_secret_text() + "\n")))
}
