//! Imports files and folders, one file after the other.
//!
//! Takes paths; gives counts per file that add up: rows = accepted + quarantined.
//! A file that is refused stops the import; the files before it are in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use serde::Serialize;

use super::Registry;
use super::extract::Delivery;
use crate::error::{Error, Fault, Result};
use crate::intake::{Sources, Stamp};
use crate::say;
use crate::terms::{Date, Text};

/// What the caller insists on.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only mappings of this source.
    pub source: Option<String>,
    /// As-of where no `extract.toml` says it.
    pub as_of: Option<Date>,
}

/// How far an import is.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// The file being read.
    pub file: &'a Path,
    /// Rows read of it.
    pub rows: u64,
    /// Bytes of all files, and of those before this one.
    pub bytes: (u64, u64),
}

/// The counts of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct FileReport {
    /// Its path as given.
    pub file: String,
    /// Its source.
    pub source: String,
    /// Rows read, header not counted.
    pub rows: u64,
    /// Rows that became facts.
    pub accepted: u64,
    /// Rows set aside.
    pub quarantined: u64,
    /// It was imported before: these are the first counts.
    pub already: bool,
    /// Rows set aside, by reason.
    #[serde(skip)]
    pub reasons: BTreeMap<String, u64>,
    /// What is odd about it, though nothing was set aside for it.
    #[serde(skip)]
    pub notes: Vec<Text>,
}

/// The counts of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ImportReport {
    /// Rows read.
    pub rows: u64,
    /// Rows that became facts.
    pub accepted: u64,
    /// Rows set aside.
    pub quarantined: u64,
    /// Rows set aside, by reason.
    pub reasons: BTreeMap<String, u64>,
    /// File by file.
    pub files: Vec<FileReport>,
}

impl Registry {
    /// Imports files, and the `.csv` and `.parquet` files of folders, in any order.
    ///
    /// # Errors
    /// `Fault::Extract`: a whole file refused; `Fault::Usage`: no as-of, nothing to
    /// import; `Fault::Busy`; `Fault::Interrupted`; `Fault::Storage`. Files before
    /// the one at fault are in the registry, and importing again goes on from there.
    pub fn import(
        &mut self,
        paths: &[PathBuf],
        options: &Options,
        progress: &mut dyn FnMut(Progress<'_>),
        cancel: &AtomicBool,
    ) -> Result<ImportReport> {
        let _held = self.lock()?;
        let sources = Sources::embedded()?;
        let files = gather(paths)?;
        let sizes: Vec<u64> = files.iter().map(|file| std::fs::metadata(file).map_or(0, |m| m.len())).collect();
        let total = sizes.iter().sum();
        let mut before = 0;
        let mut report = ImportReport::default();
        for (file, size) in files.iter().zip(sizes) {
            let stamp = stamp(file, sources, options)?;
            let delivery = Delivery { path: file, sources, insist: options.source.as_deref(), stamp };
            let mut told = |rows| progress(Progress { file, rows, bytes: (total, before) });
            report.add(self.import_file(&delivery, &mut told, cancel)?);
            before += size;
        }
        if report.rows != report.accepted + report.quarantined {
            return Err(Error::bug("rows = accepted + quarantined"));
        }
        Ok(report)
    }
}

impl ImportReport {
    fn add(&mut self, file: FileReport) {
        self.rows += file.rows;
        self.accepted += file.accepted;
        self.quarantined += file.quarantined;
        for (reason, count) in &file.reasons {
            *self.reasons.entry(reason.clone()).or_default() += count;
        }
        self.files.push(file);
    }
}

/// The extracts among the paths, folders opened, each once, in order of name.
fn gather(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let is_extract = |path: &Path| {
        path.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv") || end.eq_ignore_ascii_case("parquet"))
    };
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            if !path.exists() {
                return Err(Error::new(Fault::Usage, say!("berkas tidak ada", "there is no such file"))
                    .file(path)
                    .fix(say!("periksa nama berkas dan foldernya", "check the name of the file and its folder")));
            }
            plain_file(path)?;
            files.push(path.clone());
            continue;
        }
        let listed = std::fs::read_dir(path).map_err(|cause| Error::storage(path, cause))?;
        for entry in listed {
            let inside = entry.map_err(|cause| Error::storage(path, cause))?.path();
            if is_extract(&inside) {
                plain_file(&inside)?;
                files.push(inside);
            }
        }
    }
    files.sort();
    files.dedup();
    if files.is_empty() {
        return Err(Error::new(
            Fault::Usage,
            say!("tidak ada berkas `.csv` atau `.parquet` di sini", "there is no `.csv` or `.parquet` file here"),
        )
        .file(paths.first().map_or(Path::new("."), PathBuf::as_path))
        .fix(say!(
            "taruh berkas dari sumber di sini, atau sebut folder lain: `layak import FOLDER`",
            "put the files of the source here, or name another folder: `layak import FOLDER`"
        )));
    }
    Ok(files)
}

/// A folder, a device or a link to nowhere under an extract's name is not passed over.
fn plain_file(path: &Path) -> Result<()> {
    let found = std::fs::metadata(path).map_err(|cause| Error::storage(path, cause))?;
    if found.is_file() {
        return Ok(());
    }
    Err(Error::new(Fault::Usage, say!("ini bukan berkas biasa", "this is no plain file")).file(path).fix(say!(
        "taruh berkas dari sumber di sini, bukan folder atau pipa",
        "put the source's file here, not a folder or a pipe"
    )))
}

fn stamp(file: &Path, sources: &Sources, options: &Options) -> Result<Stamp> {
    let folder = file.parent().unwrap_or(Path::new("."));
    if let Some(stamp) = Stamp::beside(folder, &sources.list_names())? {
        return Ok(stamp);
    }
    options.as_of.map(Stamp::dated).ok_or_else(|| {
        Error::new(
            Fault::Usage,
            say!(
                "tanggal data (`as_of`) tidak disebut di mana pun",
                "nothing says of which day the facts are (`as_of`)"
            ),
        )
        .file(file)
        .fix(say!(
            "tulis `as_of = \"2026-09-01\"` dalam `extract.toml` di sampingnya, atau beri `--as-of 2026-09-01`",
            "write `as_of = \"2026-09-01\"` in an `extract.toml` beside it, or give `--as-of 2026-09-01`"
        ))
    })
}
