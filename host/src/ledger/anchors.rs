//! `ledger.sqlite`: the anchors that hashed files are held against.
//!
//! Append only, by triggers. The only place of this room that reads the clock.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};

use crate::error::{Error, Fault, Result};
use crate::say;
use crate::snapshot::Snapshot;
use crate::terms::Period;

const SCHEMA: &str = include_str!("../../../schema/ledger.sql");

/// The open ledger of a site.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    db: Connection,
}

/// A run as the ledger knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEntry {
    /// Id: BLAKE3 of the receipt's `result`.
    pub run: String,
    /// Period.
    pub period: String,
    /// Root of the snapshot.
    pub snapshot: String,
    /// BLAKE3 of `receipt.json`.
    pub receipt: String,
    /// When it was noted, UTC.
    pub noted: String,
}

/// A line that an export leaves behind.
pub(super) struct ExportLine<'a> {
    pub(super) run: &'a str,
    pub(super) program: &'a str,
    pub(super) region: &'a str,
    pub(super) file: &'a str,
    pub(super) hash: &'a str,
    pub(super) rows: u64,
    pub(super) rupiah: i64,
}

fn now() -> String {
    jiff::Timestamp::now().to_string()
}

/// A database error by who can fix it: another process, or the operator.
fn failed(path: &Path, cause: &rusqlite::Error) -> Error {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseCorrupt, DatabaseLocked, NotADatabase};
    if matches!(cause.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase)) {
        return Error::new(
            Fault::Integrity,
            say!("buku besar rusak atau diubah", "the ledger is damaged or was changed"),
        )
        .file(path)
        .because(cause)
        .fix(say!("pulihkan dari cadangan", "restore it from a backup"));
    }
    if !matches!(cause.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked)) {
        return Error::storage(path, cause);
    }
    Error::new(Fault::Busy, say!("proses lain sedang menulis buku besar", "another process is writing the ledger"))
        .file(path)
        .fix(say!("tunggu sampai selesai, lalu ulangi", "wait until it is done, then try again"))
}

impl Ledger {
    /// Opens or makes `ledger.sqlite` in a site's folder.
    ///
    /// # Errors
    /// `Fault::Storage`.
    pub fn open(root: &Path) -> Result<Ledger> {
        let path = root.join("ledger.sqlite");
        let open = || {
            let db = Connection::open(&path)?;
            db.busy_timeout(std::time::Duration::from_secs(5))?;
            db.pragma_update(None, "synchronous", "FULL")?;
            db.execute_batch(SCHEMA)?;
            Ok::<Connection, rusqlite::Error>(db)
        };
        let db = open().map_err(|cause| failed(&path, &cause))?;
        Ok(Ledger { path, db })
    }

    fn failed(&self) -> impl Fn(rusqlite::Error) -> Error + '_ {
        |cause| failed(&self.path, &cause)
    }

    /// Notes which root a period has.
    ///
    /// # Errors
    /// `Fault::Storage`.
    pub fn note_snapshot(&mut self, period: Period, snapshot: &Snapshot) -> Result<()> {
        self.note_root(&period.to_string(), snapshot.root())
    }

    pub(super) fn note_root(&mut self, period: &str, root: &str) -> Result<()> {
        self.db
            .execute(
                "INSERT OR IGNORE INTO snapshots (period, root, noted) VALUES (?, ?, ?)",
                params![period, root, now()],
            )
            .map(drop)
            .map_err(self.failed())
    }

    /// The newest snapshot of a period.
    ///
    /// # Errors
    /// `Fault::Storage`.
    pub fn snapshot_of(&self, period: Period) -> Result<Option<String>> {
        self.db
            .query_row(
                "SELECT root FROM snapshots WHERE period = ? ORDER BY seq DESC LIMIT 1",
                [period.to_string()],
                |row| row.get(0),
            )
            .optional()
            .map_err(self.failed())
    }

    /// Whether the ledger knows this root for this period.
    pub(super) fn knows_snapshot(&self, period: &str, root: &str) -> Result<bool> {
        self.db
            .query_row("SELECT 1 FROM snapshots WHERE period = ? AND root = ?", [period, root], |_| Ok(()))
            .optional()
            .map(|found| found.is_some())
            .map_err(self.failed())
    }

    pub(super) fn note_run(&mut self, run: &str, period: &str, snapshot: &str, receipt: &str) -> Result<()> {
        self.db
            .execute(
                "INSERT INTO runs (run, period, snapshot, receipt, noted) VALUES (?, ?, ?, ?, ?)",
                params![run, period, snapshot, receipt, now()],
            )
            .map(drop)
            .map_err(self.failed())
    }

    pub(super) fn note_export(&mut self, line: &ExportLine<'_>) -> Result<()> {
        let rows = i64::try_from(line.rows).unwrap_or(i64::MAX);
        self.db
            .execute(
                "INSERT INTO exports (run, program, region, file, hash, rows, rupiah, noted) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                params![line.run, line.program, line.region, line.file, line.hash, rows, line.rupiah, now()],
            )
            .map(drop)
            .map_err(self.failed())
    }

    /// Notes a letter that bears a name, and why it does.
    ///
    /// # Errors
    /// `Fault::Storage`.
    pub fn note_letter(&mut self, run: &str, person: &str, reason: &str, hash: &str) -> Result<()> {
        self.db
            .execute(
                "INSERT INTO letters (run, person, reason, hash, noted) VALUES (?, ?, ?, ?, ?)",
                params![run, person, reason, hash, now()],
            )
            .map(drop)
            .map_err(self.failed())
    }

    /// The lists exported from a run: file name and hash, the newest of each name.
    pub(super) fn exports_of(&self, run: &str) -> Result<BTreeMap<String, String>> {
        let read = || {
            let mut rows = self.db.prepare("SELECT file, hash FROM exports WHERE run = ? ORDER BY seq")?;
            let lines = rows.query_map([run], |row| Ok((row.get(0)?, row.get(1)?)))?;
            lines.collect::<rusqlite::Result<BTreeMap<String, String>>>()
        };
        read().map_err(self.failed())
    }

    /// The run with this id or unambiguous beginning of it; `latest` is the newest.
    ///
    /// # Errors
    /// `Fault::Usage` if there is none or more than one.
    pub fn find_run(&self, name: &str) -> Result<RunEntry> {
        let entries = self.runs()?;
        let newest = entries.last().map(|entry| entry.run.get(..12).unwrap_or(&entry.run).to_owned());
        let mut found: Vec<RunEntry> = match name {
            "latest" => entries.into_iter().last().into_iter().collect(),
            _ => entries.into_iter().filter(|entry| entry.run.starts_with(name)).collect(),
        };
        match (found.pop(), found.is_empty(), name.is_empty()) {
            (Some(entry), true, false) => Ok(entry),
            (None, ..) => Err(Error::new(Fault::Usage, say!("tidak ada putaran `{name}`", "there is no run `{name}`"))
                .fix(match newest {
                    Some(run) => say!("yang terbaru `{run}`, atau `latest`", "the newest is `{run}`, or `latest`"),
                    None => say!("jalankan `layak run PERIODE` dahulu", "make one with `layak run PERIOD`"),
                })),
            _ => Err(Error::new(
                Fault::Usage,
                say!("`{name}` cocok dengan beberapa putaran", "`{name}` fits several runs"),
            )
            .fix(say!("tulis lebih banyak huruf dari id putaran", "write more letters of the run's id"))),
        }
    }

    /// All runs, oldest first.
    ///
    /// # Errors
    /// `Fault::Storage`.
    pub fn runs(&self) -> Result<Vec<RunEntry>> {
        let read = || {
            let mut rows = self.db.prepare("SELECT run, period, snapshot, receipt, noted FROM runs ORDER BY seq")?;
            let entries = rows.query_map([], |row| {
                Ok(RunEntry {
                    run: row.get(0)?,
                    period: row.get(1)?,
                    snapshot: row.get(2)?,
                    receipt: row.get(3)?,
                    noted: row.get(4)?,
                })
            })?;
            entries.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(self.failed())
    }
}
