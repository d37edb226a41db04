//! `lockstep verify`: every directory's log against its rows, beside a server or without one.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use lockstep_core::id::DirectoryId;
use lockstep_server::state::SystemSecrets;
use lockstep_store::Store as _;
use lockstep_store_sqlite::Snapshot;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::progress::Stop;
use crate::proof::{self, Proof};
use crate::serve;
use crate::terminal::{self, say};
use crate::wire::{self, Database};

#[derive(Debug, Args)]
pub(crate) struct VerifyOptions {
    /// Where everything is kept
    #[arg(
        long,
        env = "LOCKSTEP_DATABASE",
        value_name = "URL",
        default_value = "sqlite://lockstep-data/lockstep.db",
        hide_env_values = true
    )]
    pub(crate) database: String,
    /// Only this directory; may be given more than once [default: all, deleted ones too]
    #[arg(long, value_name = "ID", value_parser = directory)]
    pub(crate) directory: Vec<DirectoryId>,
    /// Print what was found as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

fn directory(text: &str) -> Result<DirectoryId, String> {
    DirectoryId::parse(text).ok_or_else(|| "it is no id of a directory: those begin with directory_".into())
}

pub(crate) fn run(options: &VerifyOptions) -> anyhow::Result<ExitCode> {
    let Database::Sqlite(path) = Database::parse(&options.database)?;
    anyhow::ensure!(path.exists(), "there is no database at {}", path.display());
    serve::runtime()?.block_on(async {
        let stop = Stop::listen();
        let only = (!options.directory.is_empty()).then(|| options.directory.clone());
        let mut snapshot = open(&path)?;
        if snapshot.needs_opening()? {
            drop(snapshot);
            bring_up(&path).await?;
            snapshot = open(&path)?;
        }
        let proofs =
            tokio::task::spawn_blocking(move || proof::prove(&mut snapshot, only.as_deref(), false, &stop))
                .await
                .context("the database was not read to its end")??;
        tell(&proofs, options.json)?;
        let differs = proofs.iter().any(|proof| !proof.differences.is_empty());
        Ok(if differs { Exit::Wrong.into() } else { Exit::Done.into() })
    })
}

fn tell(proofs: &[Proof], json: bool) -> anyhow::Result<()> {
    if json {
        let directories: Vec<Value> = proofs.iter().map(Proof::json).collect();
        let differences: usize = proofs.iter().map(|proof| proof.differences.len()).sum();
        let events: u64 = proofs.iter().map(|proof| proof.standing.last_seq).sum();
        let told = json!({"directories": directories, "events": events, "differences": differences});
        terminal::write(&format!("{told}\n"))?;
        return Ok(());
    }
    for line in proof::lines(proofs) {
        say!("{line}");
    }
    Ok(())
}

fn open(path: &Path) -> anyhow::Result<Snapshot> {
    Snapshot::of_database(path).with_context(|| format!("cannot read the database {}", path.display()))
}

/// Brings the schema of a database to this version, which is refused while a server runs on it.
pub(crate) async fn bring_up(path: &Path) -> anyhow::Result<()> {
    let store = wire::open_sqlite(path, &Arc::new(SystemSecrets::default()))?;
    store.stop().await;
    Ok(())
}
