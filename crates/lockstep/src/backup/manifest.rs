//! What a backup says of itself: `manifest.json`. What is read of it is checked: a backup may have been anywhere.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail, ensure};
use lockstep_store_sqlite::{LogEnd, Standing};
use serde::{Deserialize, Serialize};

/// The form of a backup that is written here, and the newest that is read.
pub(crate) const FORMAT: u32 = 1;

/// A file of a backup. There are no others, so that no name in a manifest leads anywhere else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(crate) enum Part {
    /// The database, in one file.
    #[serde(rename = "lockstep.db")]
    Database,
    /// The request records.
    #[serde(rename = "lockstep-requests.db")]
    Requests,
    /// The master key.
    #[serde(rename = "master.key")]
    MasterKey,
}

impl Part {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Database => "lockstep.db",
            Self::Requests => "lockstep-requests.db",
            Self::MasterKey => "master.key",
        }
    }
}

/// One file as it was written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    pub(crate) name: Part,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

/// Whether the master key is there, and if not, why.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MasterKeyState {
    /// It is.
    Included,
    /// Whoever made the backup wanted it so.
    LeftOut,
    /// The server gets it from elsewhere.
    KeptElsewhere,
}

/// What the database holds at the backup's moment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contents {
    pub(crate) directories: u64,
    /// Directories that were deleted; their events stay.
    pub(crate) deleted_directories: u64,
    pub(crate) users: u64,
    pub(crate) groups: u64,
    pub(crate) events: u64,
    /// The position of the last event over all directories.
    pub(crate) last_position: u64,
    /// The latest time of an event.
    pub(crate) last_event_at: Option<String>,
    /// SHA-256 over where each directory's log stands.
    pub(crate) heads_sha256: String,
}

/// The whole.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) format: u32,
    /// The version of the program that made it.
    pub(crate) lockstep: String,
    pub(crate) schema_version: i64,
    pub(crate) taken_at: String,
    pub(crate) master_key: MasterKeyState,
    pub(crate) contents: Contents,
    pub(crate) files: Vec<Written>,
}

impl Contents {
    pub(crate) fn of(standings: &[Standing], end: LogEnd) -> Self {
        let deleted = standings.iter().filter(|standing| standing.is_deleted).count();
        let sum = |count: fn(&Standing) -> u64| {
            standings.iter().filter(|standing| !standing.is_deleted).map(count).sum::<u64>()
        };
        let heads: Vec<String> = standings
            .iter()
            .map(|standing| format!("{} {} {}", standing.id, standing.last_seq, standing.last_at.0))
            .collect();
        let heads = heads.join("\n");
        Self {
            directories: (standings.len() - deleted) as u64,
            deleted_directories: deleted as u64,
            users: sum(|standing| standing.users),
            groups: sum(|standing| standing.groups),
            events: standings.iter().map(|standing| standing.last_seq).sum(),
            last_position: end.position,
            last_event_at: standings
                .iter()
                .map(|standing| standing.last_at)
                .max()
                .filter(|_| end.position > 0)
                .map(|at| at.to_string()),
            heads_sha256: super::folder::hex(aws_lc_rs::digest::digest(
                &aws_lc_rs::digest::SHA256,
                heads.as_bytes(),
            )),
        }
    }
}

impl Manifest {
    /// Reads a manifest; the form is looked at first, so that a newer one is told as what it is.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        #[derive(Deserialize)]
        struct Form {
            format: u32,
        }
        let form: Form = serde_json::from_str(text).context("it is no manifest of a backup")?;
        ensure!(
            form.format <= FORMAT,
            "the backup has the form {}, and this version of lockstep knows {FORMAT}: use a newer one",
            form.format
        );
        let manifest: Self = serde_json::from_str(text).context("it is no manifest of a backup")?;
        let names: BTreeSet<Part> = manifest.files.iter().map(|file| file.name).collect();
        if names.len() != manifest.files.len() || !names.contains(&Part::Database) {
            bail!("it does not name the database and each other file once");
        }
        Ok(manifest)
    }

    pub(crate) fn file(&self, part: Part) -> Option<&Written> {
        self.files.iter().find(|file| file.name == part)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn manifest() -> serde_json::Value {
        let contents = Contents::of(&[], LogEnd { position: 0, at: lockstep_core::clock::Timestamp(0) });
        let file = Written { name: Part::Database, bytes: 1, sha256: "00".into() };
        serde_json::to_value(Manifest {
            format: FORMAT,
            lockstep: "0".into(),
            schema_version: 1,
            taken_at: "2026-11-22T00:00:00.000Z".into(),
            master_key: MasterKeyState::LeftOut,
            contents,
            files: vec![file],
        })
        .unwrap()
    }

    #[test]
    fn a_manifest_reads_as_it_was_written() {
        let manifest = manifest();
        let read = Manifest::parse(&manifest.to_string()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), manifest);
    }

    #[test]
    fn a_manifest_that_leads_elsewhere_or_says_too_little_is_refused() {
        let changed = |pointer: &str, value: serde_json::Value| {
            let mut manifest = manifest();
            *manifest.pointer_mut(pointer).unwrap() = value;
            Manifest::parse(&manifest.to_string()).unwrap_err().to_string()
        };
        let file = manifest()["files"][0].clone();
        assert!(changed("/format", json!(FORMAT + 1)).contains("use a newer one"));
        assert!(changed("/files/0/name", json!("../lockstep.db")).contains("no manifest"));
        assert!(changed("/files", json!([])).contains("name the database"));
        assert!(changed("/files", json!([file, file])).contains("each other file once"));
        assert!(Manifest::parse("{}").is_err() && Manifest::parse("").is_err());
    }
}
