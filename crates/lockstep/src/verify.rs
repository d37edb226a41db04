//! `lockstep verify`: every directory's log against its rows.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use lockstep_server::state::SystemSecrets;
use lockstep_store::Store;

use crate::serve;
use crate::terminal::say;
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
}

pub(crate) fn run(options: &VerifyOptions) -> anyhow::Result<ExitCode> {
    let Database::Sqlite(path) = Database::parse(&options.database)?;
    anyhow::ensure!(path.exists(), "there is no database at {}", path.display());
    serve::runtime()?.block_on(async {
        let store = wire::open_sqlite(&path, &Arc::new(SystemSecrets::default()))?;
        let mut differences = 0;
        let mut events = 0;
        let numbers = store.directory_numbers().await?;
        for number in &numbers {
            let found = store.verify(*number).await?;
            let Some((directory, head)) = store.directory(*number).await? else { continue };
            events += head.last_seq;
            match found.as_slice() {
                [] => {
                    say!("{}  {} events, as its rows", directory.id, head.last_seq);
                }
                found => {
                    differences += found.len();
                    say!("{}  {} events", directory.id, head.last_seq);
                    for finding in found {
                        say!("  differs: {finding}");
                    }
                }
            }
        }
        store.stop().await;
        say!("{} directories, {events} events, {differences} differences", numbers.len());
        Ok(if differences == 0 { ExitCode::SUCCESS } else { ExitCode::from(2) })
    })
}
