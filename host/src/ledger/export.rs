//! Joins a selection with the vault into recipient lists.
//!
//! The only function of the ledger that meets identities. Reads the identical
//! batches of the run, explains every amount by component, and writes nothing
//! if a count or a sum differs from the receipt. What it wrote stands in the
//! ledger.

mod rows;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use serde_json::Value;

use crate::columns::Dictionary;
use crate::error::{Error, Fault, Result};
use crate::program::Program;
use crate::registry::{FamilyIdentity, PersonIdentity};
use crate::say;
use crate::selection::{SealedRows, status};
use crate::snapshot::Snapshot;
use crate::terms::{FamilyId, PersonId, RegionCode};

use super::anchors::ExportLine;
use super::lists::{ListFormat, ListWriter};
use super::receipt::read_receipt;
use super::run::hash_file;
use super::{Explaining, Folders, Ledger};

/// Recipients and rupiah of a receipt.
type Noted = (Option<u64>, Option<i64>);

/// Which rows of a selection a list is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListOf {
    /// Those who receive.
    #[default]
    Recipients,
    /// Those who are eligible and wait, with area and place.
    Waiting,
    /// Those whom a person must look at, with the facts that are missing.
    Review,
}

impl ListOf {
    fn status(self) -> u8 {
        match self {
            ListOf::Recipients => status::RECIPIENT,
            ListOf::Waiting => status::WAITING,
            ListOf::Review => status::REVIEW,
        }
    }

    fn word(self) -> &'static str {
        match self {
            ListOf::Recipients => "penerima",
            ListOf::Waiting => "menunggu",
            ListOf::Review => "ditinjau",
        }
    }

    fn noted(self) -> &'static str {
        match self {
            ListOf::Recipients => "recipients",
            ListOf::Waiting => "waiting",
            ListOf::Review => "review",
        }
    }
}

/// Look-ups of identities, for one export.
pub trait Vault {
    /// The families, in the order asked for.
    ///
    /// # Errors
    /// One of them is not in the vault.
    fn families(&mut self, ids: &[FamilyId]) -> Result<Vec<FamilyIdentity>>;
    /// The persons, in the order asked for.
    ///
    /// # Errors
    /// One of them is not in the vault.
    fn persons(&mut self, ids: &[PersonId]) -> Result<Vec<PersonIdentity>>;
}

impl Vault for crate::registry::Identities<'_> {
    fn families(&mut self, ids: &[FamilyId]) -> Result<Vec<FamilyIdentity>> {
        crate::registry::Identities::families(self, ids)
    }

    fn persons(&mut self, ids: &[PersonId]) -> Result<Vec<PersonIdentity>> {
        crate::registry::Identities::persons(self, ids)
    }
}

/// What to export.
pub struct Export<'a> {
    /// The site's folders.
    pub folders: &'a Folders,
    /// Id of the run, or its beginning.
    pub run: &'a str,
    /// The run's snapshot.
    pub snapshot: &'a Snapshot,
    /// The dictionary that the snapshot was opened with.
    pub dictionary: &'a Dictionary,
    /// The program, as the run used it.
    pub program: &'a Program,
    /// Its plugin with its settings.
    pub explaining: &'a dyn Explaining,
    /// Of whom.
    pub of: ListOf,
    /// Only rows of this region.
    pub region: Option<&'a RegionCode>,
    /// In which forms.
    pub formats: &'a [ListFormat],
    /// Set to stop.
    pub cancel: &'a AtomicBool,
}

/// One file written.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct ListFile {
    /// Its path.
    pub file: PathBuf,
    /// BLAKE3.
    pub hash: String,
}

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Exported {
    /// Id of the run.
    pub run: String,
    /// Rows in each format.
    pub rows: u64,
    /// Their rupiah per run period.
    pub rupiah: i64,
    /// Files in order.
    pub files: Vec<ListFile>,
}

/// Writes the recipients of one program, and notes it in the ledger.
///
/// # Errors
/// A run that did not select this program, or used another rule file or
/// plugin; a recipient who is not in the vault; a count or sum that differs.
pub fn export(ledger: &mut Ledger, vault: &mut dyn Vault, what: &Export<'_>) -> Result<Exported> {
    let entry = ledger.find_run(what.run)?;
    let run_dir = what.folders.runs.join(&entry.run);
    let (receipt, hash) = read_receipt(&run_dir)?;
    if hash != entry.receipt || entry.snapshot != what.snapshot.root() {
        let run = &entry.run;
        return Err(Error::new(
            Fault::Integrity,
            say!("bukti putaran ini bukan yang dicatat", "the receipt of this run is not the one noted"),
        )
        .file(&run_dir)
        .fix(say!("periksa dengan `layak verify {run}`", "check it with `layak verify {run}`")));
    }
    let noted = noted_program(&receipt.result, what.program, what.of)?;
    let lists = &what.folders.lists;
    fs::create_dir_all(lists).map_err(|cause| Error::storage(lists, cause))?;
    let making =
        tempfile::Builder::new().prefix(".making-").tempdir_in(lists).map_err(|cause| Error::storage(lists, cause))?;
    let region = what.region.map(ToString::to_string).unwrap_or_default();
    let name = file_name(&entry.period, &what.program.id, &region, &entry.run, what.of);
    let headings = rows::headings(what.program, what.of);
    let mut writers = Vec::new();
    for format in what.formats {
        let path = making.path().join(format!("{name}.{}", format.ending()));
        writers.push(ListWriter::create(&path, *format, &headings)?);
    }
    let sealed = SealedRows::of(what.snapshot)?;
    let source = rows::Source {
        what,
        run_dir: &run_dir,
        period: &entry.period,
        run: &entry.run,
        sealed: &sealed,
        receipt: &receipt,
    };
    let written = rows::write(&source, ledger, vault, &mut writers)?;
    // rupiah are noted of recipients only
    let rupiah = noted.1.filter(|_| what.of == ListOf::Recipients).unwrap_or(written.rupiah);
    if what.region.is_none() && (Some(written.rows), written.rupiah) != (noted.0, rupiah) {
        return Err(differs(&run_dir));
    }
    let mut files = Vec::new();
    for file in writers.into_iter().map(ListWriter::finish).collect::<Result<Vec<_>>>()?.into_iter().flatten() {
        let place = lists.join(file.file_name().ok_or_else(|| Error::bug("a list has a name"))?);
        let hash = hash_file(&file)?;
        fs::rename(&file, &place).map_err(|cause| Error::storage(&place, cause))?;
        files.push(ListFile { file: place, hash });
    }
    fs::File::open(lists).and_then(|folder| folder.sync_all()).map_err(|cause| Error::storage(lists, cause))?;
    for ListFile { file, hash } in &files {
        let file = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let program = what.program.id.as_str();
        let (rows, rupiah) = (written.rows, written.rupiah);
        ledger.note_export(&ExportLine {
            run: &entry.run,
            program,
            region: &region,
            file: &file,
            hash,
            rows,
            rupiah,
        })?;
    }
    Ok(Exported { run: entry.run, rows: written.rows, rupiah: written.rupiah, files })
}

fn differs(run_dir: &Path) -> Error {
    Error::new(
        Fault::Integrity,
        say!(
            "jumlah atau rupiah daftar berbeda dari bukti; tidak ada yang ditulis",
            "rows or rupiah of the list differ from the receipt; nothing was written"
        ),
    )
    .file(run_dir)
}

/// Recipients and cost that the receipt noted, if rule file and plugin are the run's own.
fn noted_program(result: &Value, program: &Program, of: ListOf) -> Result<Noted> {
    let all = result.get("programs").and_then(Value::as_array);
    let text = |one: &Value, key: &str| one.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let id = &program.id;
    let one = all.and_then(|all| all.iter().find(|one| text(one, "program") == *id && text(one, "status") == "done"));
    let Some(one) = one else {
        return Err(Error::new(
            Fault::Usage,
            say!("putaran ini tidak memuat hasil `{id}`", "this run holds no selection of `{id}`"),
        ));
    };
    if text(one, "rules") != program.rule_hash || text(one, "plugin_digest") != program.plugin_digest {
        return Err(Error::new(
            Fault::Rules,
            say!(
                "berkas aturan atau plugin `{id}` berubah sejak putaran ini",
                "the rule file or the plugin of `{id}` has changed since this run"
            ),
        )
        .fix(say!("kembalikan berkasnya, atau jalankan lagi", "put it back, or run again")));
    }
    let funnel = one.get("funnel");
    let rows = funnel.and_then(|funnel| funnel.get(of.noted())).and_then(Value::as_u64);
    let rupiah = funnel.and_then(|funnel| funnel.get("cost_period")).and_then(Value::as_i64);
    Ok((rows, rupiah))
}

/// `draft` stands first in the name, so that nobody misses it.
fn file_name(period: &str, program: &str, region: &str, run: &str, of: ListOf) -> String {
    let region: String = region.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    let region = if region.is_empty() { "nasional".to_owned() } else { region };
    let run = run.get(..12).unwrap_or(run);
    let of = if of == ListOf::Recipients { String::new() } else { format!("-{}", of.word()) };
    format!("draft-{period}-{program}{of}-{region}-{run}")
}
