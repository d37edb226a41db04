//! Where the master key comes from: the environment, a file that the operator names, or a file beside the database that
//! the first start makes. It is never in the database, so that a copy of that alone opens nothing.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use lockstep_server::keys::MasterKey;
use lockstep_server::state::Secrets;
use lockstep_store::Store;

/// What the configuration says of the master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The key itself.
    Given(GivenKey),
    /// A file that holds it.
    File(PathBuf),
    /// Nothing: the file beside the database.
    BesideDatabase,
}

/// A key as it was given. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct GivenKey(pub(crate) String);

impl std::fmt::Debug for GivenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GivenKey(..)")
    }
}

/// What is lost with a master key.
const LOST: &str = "what was sealed with the old one cannot be opened any more: walks by cursor that are on their way, and \
                    the answers that are kept for requests with an Idempotency-Key";

/// The master key with which the server that opens this store works. It is made where nothing says which, none stands
/// beside the database, and the database never knew one. Another than the database was made with is refused, unless
/// `replace` says that it be taken in place of that.
pub(crate) async fn master_key<S: Store>(
    source: &Source,
    database: &Path,
    secrets: &dyn Secrets,
    store: &S,
    replace: bool,
) -> anyhow::Result<MasterKey> {
    let known = store.master_key_mark().await?;
    let key = match find(source, database)? {
        Some(key) => key,
        None if known.is_none() || replace => make(&beside(database), secrets)?,
        None => bail!(
            "the master key of this database is missing: put {} back (a backup holds it as master.key), or give it by \
             LOCKSTEP_MASTER_KEY or LOCKSTEP_MASTER_KEY_FILE; where it is lost for good, --replace-master-key makes \
             another, and {LOST}",
            beside(database).display()
        ),
    };
    let mark = key.mark().context("the master key cannot be used")?;
    match known {
        Some(known) if known == mark => {}
        Some(_) if !replace => bail!(
            "the master key {} is not the one that this database was made with: give that one; where it is lost for \
             good, --replace-master-key takes this one, and {LOST}",
            source.place(database)
        ),
        Some(_) | None => {
            if known.is_some() {
                tracing::warn!("the master key was replaced: {LOST}");
            }
            store.put_master_key_mark(mark).await?;
        }
    }
    Ok(key)
}

/// The master key where there is one; nothing is made.
pub(crate) fn find(source: &Source, database: &Path) -> anyhow::Result<Option<MasterKey>> {
    match source {
        Source::Given(key) => {
            MasterKey::parse(key.0.trim()).context("LOCKSTEP_MASTER_KEY is malformed").map(Some)
        }
        Source::File(path) => read(path).map(Some),
        Source::BesideDatabase => match read(&beside(database)) {
            Err(error) if is_missing(&error) => Ok(None),
            found => found.map(Some),
        },
    }
}

impl Source {
    /// What the environment and the configuration file's key say.
    pub(crate) fn said(given: Option<String>, file: Option<PathBuf>) -> Self {
        match (given, file) {
            (Some(key), _) => Self::Given(GivenKey(key)),
            (None, Some(path)) => Self::File(path),
            (None, None) => Self::BesideDatabase,
        }
    }

    /// Where the key of a database comes from, in words.
    pub(crate) fn place(&self, database: &Path) -> String {
        match self {
            Self::Given(_) => "in LOCKSTEP_MASTER_KEY".into(),
            Self::File(path) => format!("in {}", path.display()),
            Self::BesideDatabase => format!("in {}", beside(database).display()),
        }
    }
}

/// The file that belongs to a database: `lockstep.db.key`.
pub(crate) fn beside(database: &Path) -> PathBuf {
    // By its real name, so that a link to it leads to the same key.
    let database = fs::canonicalize(database).unwrap_or_else(|_| database.to_owned());
    let mut name = database.into_os_string();
    name.push(".key");
    PathBuf::from(name)
}

fn is_missing(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::NotFound)
}

pub(crate) fn read(path: &Path) -> anyhow::Result<MasterKey> {
    let shown = path.display();
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read the master key from {shown}"))?;
    let mode = fs::metadata(path).map(|found| found.permissions().mode()).unwrap_or_default();
    if mode & 0o077 != 0 {
        tracing::warn!(
            "others than its owner can use the file of the master key {shown}: make its mode 0600"
        );
    }
    MasterKey::parse(text.trim()).with_context(|| format!("the master key in {shown} is malformed"))
}

/// Makes a key and its file, which stands there whole and for good before anything is sealed.
fn make(path: &Path, secrets: &dyn Secrets) -> anyhow::Result<MasterKey> {
    let shown = path.display();
    let bytes = secrets.draw().context("the system gives no randomness for a master key")?;
    let key = MasterKey::new(bytes);
    let mut half = path.as_os_str().to_owned();
    half.push(".new");
    let half = PathBuf::from(half);
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&half)?;
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
        writeln!(file, "{}", key.to_secret_text())?;
        file.sync_all()?;
        fs::rename(&half, path)?;
        File::open(path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))?
            .sync_all()
    };
    write().with_context(|| format!("cannot make the master key {shown}"))?;
    tracing::info!("made the master key {shown}: keep it with the database, and a copy of it elsewhere");
    Ok(key)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lockstep_core::clock::{ManualClock, Random, Sequence};
    use lockstep_server::state::SystemSecrets;
    use lockstep_store::memory::Memory;

    use super::*;

    fn store() -> Memory {
        let random = || -> Box<dyn Random> { Box::new(Sequence::from_seed(1)) };
        Memory::new(Arc::new(ManualClock::default()), Arc::new(random))
    }

    async fn key(source: &Source, database: &Path, store: &Memory, replace: bool) -> anyhow::Result<String> {
        let key = master_key(source, database, &SystemSecrets::default(), store, replace).await;
        key.map(|key| key.to_secret_text())
    }

    #[tokio::test]
    async fn the_first_start_makes_a_key_that_only_its_owner_reads_and_later_ones_find_it() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("lockstep.db");
        fs::write(&database, "").unwrap();
        let mine = store();
        let made = key(&Source::BesideDatabase, &database, &mine, false).await.unwrap();
        assert_eq!(key(&Source::BesideDatabase, &database, &mine, false).await.unwrap(), made);
        let file = folder.path().join("lockstep.db.key");
        assert_eq!(fs::read_to_string(&file).unwrap().trim(), made);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let other = folder.path().join("other.db");
        assert_ne!(key(&Source::BesideDatabase, &other, &store(), false).await.unwrap(), made);
    }

    #[tokio::test]
    async fn a_lost_key_is_told_and_not_made_anew_unless_that_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("lockstep.db");
        let file = folder.path().join("lockstep.db.key");
        let store = store();
        let made = key(&Source::BesideDatabase, &database, &store, false).await.unwrap();
        fs::remove_file(&file).unwrap();
        let error = key(&Source::BesideDatabase, &database, &store, false).await.unwrap_err().to_string();
        assert!(error.contains("missing") && error.contains("lockstep.db.key"), "{error}");
        assert!(!file.exists());
        let given = |text: &str| Source::Given(GivenKey(text.to_owned()));
        let error = key(&given(&"00".repeat(32)), &database, &store, false).await.unwrap_err().to_string();
        assert!(error.contains("not the one") && error.contains("LOCKSTEP_MASTER_KEY"), "{error}");
        // From elsewhere it is the same key.
        assert_eq!(key(&given(&made), &database, &store, false).await.unwrap(), made);
        let another = key(&Source::BesideDatabase, &database, &store, true).await.unwrap();
        assert_ne!(another, made);
        assert_eq!(key(&Source::BesideDatabase, &database, &store, false).await.unwrap(), another);
        assert!(key(&given(&made), &database, &store, false).await.is_err());
    }

    #[tokio::test]
    async fn a_malformed_key_is_refused_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("lockstep.db");
        let file = folder.path().join("key");
        fs::write(&file, "secret").unwrap();
        let given = Source::Given(GivenKey("secret".into()));
        fs::write(folder.path().join("lockstep.db.key"), "secret").unwrap();
        for source in [given, Source::File(file), Source::BesideDatabase] {
            let error =
                format!("{:#} {source:?}", key(&source, &database, &store(), true).await.unwrap_err());
            assert!(error.contains("64 hexadecimal digits") && !error.contains("secret"), "{error}");
        }
        let nowhere = Source::File(folder.path().join("nowhere"));
        assert!(key(&nowhere, &database, &store(), true).await.is_err());
    }
}
