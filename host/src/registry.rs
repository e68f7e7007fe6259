//! The unified truth in SQLite, and the vault.
//!
//! Takes accepted rows of extracts; gives facts with their provenance, the
//! quarantine, and look-ups of identities. Identities are in `vault.sqlite` only.
//! An extract is in the registry whole or not at all. Never changes a fact: a
//! later one stands beside it and wins at `freeze`.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::error::{Error, Fault, Result};
use crate::intake::Keyring;
use crate::say;

mod duplicates;
mod extract;
mod facts;
mod identities;
mod ids;
mod import;
mod quarantine;
mod read;
mod schema;

pub use identities::{FamilyIdentity, Identities, PersonIdentity};
pub use import::{FileReport, ImportReport, Options, Progress};
pub use quarantine::{Filter, SetAside};
pub use read::Extract;

/// Version of both databases, in `PRAGMA user_version`.
const VERSION: i64 = 1;

/// Registry and vault of a site.
pub struct Registry {
    dir: PathBuf,
    facts: Connection,
    vault: Connection,
    keyring: Keyring,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Registry({}, {:?})", self.dir.display(), self.keyring)
    }
}

impl Registry {
    /// Makes an empty registry and vault in `dir`; draws the id key unless one is given.
    ///
    /// # Errors
    /// `Fault::Usage` if there already is one; `Fault::Storage`.
    pub fn create(dir: &Path, key: Option<[u8; 32]>) -> Result<Registry> {
        let key = match key {
            Some(key) => key,
            None => drawn()?,
        };
        Registry::create_truncated(dir, key, 64)
    }

    /// As `create`, with ids cut to some bits: only for a test that wants collisions.
    ///
    /// # Errors
    /// As `create`.
    pub fn create_truncated(dir: &Path, key: [u8; 32], bits: u32) -> Result<Registry> {
        std::fs::create_dir_all(dir).map_err(|cause| Error::storage(dir, cause))?;
        for name in [FACTS, VAULT] {
            if dir.join(name).exists() {
                return Err(Error::new(Fault::Usage, say!("`{name}` sudah ada", "`{name}` is already there"))
                    .file(dir.join(name))
                    .fix(say!(
                        "pakai folder lain, atau buka situs yang ada",
                        "use another folder, or open the site that is there"
                    )));
            }
        }
        private(&dir.join(VAULT))?;
        let vault = connect(&dir.join(VAULT))?;
        schema::make_vault(&vault, &key, bits).map_err(|cause| failed(&dir.join(VAULT), &cause))?;
        let facts = connect(&dir.join(FACTS))?;
        schema::make_registry(&facts).map_err(|cause| failed(&dir.join(FACTS), &cause))?;
        Ok(Registry { dir: dir.to_path_buf(), facts, vault, keyring: keyring(key, bits) })
    }

    /// Opens the registry and vault of a site.
    ///
    /// # Errors
    /// `Fault::Usage` if there is none, or it was made by another version; `Fault::Storage`.
    pub fn open(dir: &Path) -> Result<Registry> {
        for name in [FACTS, VAULT] {
            if !dir.join(name).is_file() {
                return Err(Error::new(Fault::Usage, say!("tidak ada `{name}` di sini", "there is no `{name}` here"))
                    .file(dir.join(name))
                    .fix(say!("buat situs dengan `layak init`", "make a site with `layak init`")));
            }
        }
        let (facts, vault) = (connect(&dir.join(FACTS))?, connect(&dir.join(VAULT))?);
        for (name, connection) in [(FACTS, &facts), (VAULT, &vault)] {
            let path = dir.join(name);
            let version: i64 = connection
                .query_row("PRAGMA user_version", [], |row| row.get(0))
                .map_err(|cause| failed(&path, &cause))?;
            if version != VERSION {
                return Err(Error::new(
                    Fault::Usage,
                    say!(
                        "`{name}` berversi {version}, program ini membaca versi {VERSION}",
                        "`{name}` has version {version}, this program reads version {VERSION}"
                    ),
                )
                .file(path));
            }
        }
        let (key, bits) = vault
            .query_row("SELECT key, id_bits FROM site", [], |row| {
                Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, u32>(1)?))
            })
            .map_err(|cause| failed(&dir.join(VAULT), &cause))?;
        Ok(Registry { dir: dir.to_path_buf(), facts, vault, keyring: keyring(key, bits) })
    }

    /// The folder that holds both databases.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What makes ids of identities here.
    #[must_use]
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// What a manifest may show of the id key.
    #[must_use]
    pub fn key_fingerprint(&self) -> String {
        self.keyring.fingerprint()
    }

    fn facts_failed(&self) -> impl Fn(rusqlite::Error) -> Error + '_ {
        |cause| failed(&self.dir.join(FACTS), &cause)
    }

    fn vault_failed(&self) -> impl Fn(rusqlite::Error) -> Error + '_ {
        |cause| failed(&self.dir.join(VAULT), &cause)
    }

    /// Holds the site for writing; released when the file is dropped.
    fn lock(&self) -> Result<File> {
        let path = self.dir.join("registry.lock");
        let file = File::create(&path).map_err(|cause| Error::storage(&path, cause))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(std::fs::TryLockError::WouldBlock) => Err(Error::new(
                Fault::Busy,
                say!("registri sedang ditulis proses lain", "another process is writing the registry"),
            )
            .file(&path)
            .fix(say!("tunggu sampai selesai, lalu ulangi", "wait until it is done, then try again"))),
            Err(std::fs::TryLockError::Error(cause)) => Err(Error::storage(&path, cause)),
        }
    }
}

const FACTS: &str = "registry.sqlite";
const VAULT: &str = "vault.sqlite";

fn keyring(key: [u8; 32], bits: u32) -> Keyring {
    if bits >= 64 { Keyring::new(key) } else { Keyring::truncated(key, bits) }
}

fn connect(path: &Path) -> Result<Connection> {
    let open = || {
        let connection = Connection::open(path)?;
        // one big append per transaction: a rollback journal writes new pages once, a WAL twice
        connection.execute_batch(
            "PRAGMA page_size = 16384; PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL;
             PRAGMA cache_size = -131072; PRAGMA temp_store = MEMORY; PRAGMA busy_timeout = 2000;",
        )?;
        Ok(connection)
    };
    open().map_err(|cause: rusqlite::Error| failed(path, &cause))
}

/// A database error by who can fix it: another process, or the operator.
fn failed(path: &Path, cause: &rusqlite::Error) -> Error {
    let busy = matches!(
        cause.sqlite_error_code(),
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
    );
    if busy {
        return Error::new(
            Fault::Busy,
            say!("basis data sedang dipakai proses lain", "another process is using the database"),
        )
        .file(path)
        .because(cause)
        .fix(say!("tunggu sampai selesai, lalu ulangi", "wait until it is done, then try again"));
    }
    Error::storage(path, cause)
}

/// The vault is for its owner's eyes only.
fn private(path: &Path) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|cause| Error::storage(path, cause))
}

/// 32 bytes of the system's randomness.
fn drawn() -> Result<[u8; 32]> {
    let path = Path::new("/dev/urandom");
    let mut key = [0; 32];
    let mut file = File::open(path).map_err(|cause| Error::storage(path, cause))?;
    file.read_exact(&mut key).map_err(|cause| Error::storage(path, cause))?;
    Ok(key)
}
