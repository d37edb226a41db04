//! Where the master key comes from: the environment, a file that the operator names, or a file beside the database that
//! the first start makes. It is never in the database, so that a copy of that alone opens nothing.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use lockstep_server::keys::MasterKey;
use lockstep_server::state::Secrets;

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

/// The master key. Made where nothing says which, and none stands beside the database.
pub(crate) fn master_key(
    source: &Source,
    database: &Path,
    secrets: &dyn Secrets,
) -> anyhow::Result<MasterKey> {
    match source {
        Source::Given(key) => MasterKey::parse(key.0.trim()).context("LOCKSTEP_MASTER_KEY is malformed"),
        Source::File(path) => read(path),
        Source::BesideDatabase => {
            let path = beside(database);
            match read(&path) {
                Err(error) if is_missing(&error) => make(&path, secrets),
                found => found,
            }
        }
    }
}

/// The file that belongs to a database: `lockstep.db.key`.
fn beside(database: &Path) -> PathBuf {
    // By its real name, so that a link to it leads to the same key.
    let database = fs::canonicalize(database).unwrap_or_else(|_| database.to_owned());
    let mut name = database.into_os_string();
    name.push(".key");
    PathBuf::from(name)
}

fn is_missing(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::NotFound)
}

fn read(path: &Path) -> anyhow::Result<MasterKey> {
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
    use lockstep_server::state::SystemSecrets;

    use super::*;

    fn key(source: &Source, database: &Path) -> anyhow::Result<String> {
        master_key(source, database, &SystemSecrets::default()).map(|key| key.to_secret_text())
    }

    #[test]
    fn the_first_start_makes_a_key_that_only_its_owner_reads_and_later_ones_find_it() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("lockstep.db");
        fs::write(&database, "").unwrap();
        let made = key(&Source::BesideDatabase, &database).unwrap();
        assert_eq!(key(&Source::BesideDatabase, &database).unwrap(), made);
        let file = folder.path().join("lockstep.db.key");
        assert_eq!(fs::read_to_string(&file).unwrap().trim(), made);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let other = folder.path().join("other.db");
        assert_ne!(key(&Source::BesideDatabase, &other).unwrap(), made);
    }

    #[test]
    fn a_malformed_key_is_refused_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("lockstep.db");
        let file = folder.path().join("key");
        fs::write(&file, "secret").unwrap();
        let given = Source::Given(GivenKey("secret".into()));
        fs::write(folder.path().join("lockstep.db.key"), "secret").unwrap();
        for source in [given, Source::File(file), Source::BesideDatabase] {
            let error = format!("{:#} {source:?}", key(&source, &database).unwrap_err());
            assert!(error.contains("64 hexadecimal digits") && !error.contains("secret"), "{error}");
        }
        assert!(key(&Source::File(folder.path().join("nowhere")), &database).is_err());
    }
}
