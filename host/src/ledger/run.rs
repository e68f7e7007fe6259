//! One run: judged, ranked and cut into a folder that is complete or absent.
//!
//! Builds in a temporary folder, syncs, renames. A run that was made before is
//! made again and compared file by file; the earlier answer is never returned
//! in its place.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64};

use rayon::prelude::*;
use serde::Serialize;

use crate::columns::{ColumnId, Dictionary, Entity};
use crate::error::{Error, Fault, Result};
use crate::program::{Program, Ratio};
use crate::sandbox::Unit;
use crate::say;
use crate::selection::{
    Depth, Entry, Frame, Funnel, Judging, Outcome, Place, Received, Request, Rows, SealedRows, Selected, Sink,
    areas_of, select, status,
};
use crate::snapshot::{Snapshot, canonical_json};
use crate::terms::Text;

use super::areas;
use super::promote;
use super::receipt::{From, MadeWith, ProgramResult, RECEIPT, Receipt, read_receipt, result, run_id};
use super::sink::RunSink;
use super::table::{TableKind, TableReader};
use super::used::{Used, keep};
use super::{Folders, Ledger, RunEntry};

/// A program with what judges for it.
pub struct Candidate<'a> {
    /// The checked rule file.
    pub program: &'a Program,
    /// Its plugin with its settings.
    pub judge: &'a dyn Judging,
}

/// What a run is made of.
pub struct RunRequest<'a> {
    /// The site's folders.
    pub folders: &'a Folders,
    /// The sealed snapshot.
    pub snapshot: &'a Snapshot,
    /// The dictionary that the snapshot was opened with.
    pub dictionary: &'a Dictionary,
    /// Programs in the order in which they are reported.
    pub programs: &'a [Candidate<'a>],
    /// What is kept of each program.
    pub used: &'a Used,
    /// Id of an earlier run whose recipients are taken for programs that are not run.
    pub receives: Option<&'a str>,
    /// Id of an earlier run whose vacancies are filled from its waiting lists; nobody is
    /// ranked anew.
    pub promote: Option<&'a str>,
    /// Threads; 0 = all cores.
    pub threads: usize,
    /// Set to stop.
    pub cancel: &'a AtomicBool,
    /// Families read so far.
    pub seen: &'a AtomicU64,
    /// Whether files are synced to disk: always, but for a measure beside others who do not.
    pub durable: bool,
}

/// One program's line of `run --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ProgramLine {
    /// Program id.
    pub program: String,
    /// `done`, `failed` or `not_run`.
    pub status: String,
    /// Why not done.
    pub reason: Option<Text>,
    /// The same as a stable word, where a plugin is the reason.
    pub code: Option<String>,
    /// Rows of the program's unit.
    pub registered: u64,
    /// Rows with a verdict.
    pub judged: u64,
    /// Eligible rows.
    pub eligible: u64,
    /// Ranked rows.
    pub ranked: u64,
    /// Chosen rows.
    pub recipients: u64,
    /// Eligible rows not chosen.
    pub waiting: u64,
    /// Rows in review.
    pub review: u64,
    /// Rupiah per run period.
    pub cost_period: i64,
    /// Recipients who hold their place by the rule of incumbents alone.
    pub held: u64,
    /// Recipients whom the lot alone parts from a waiting row of the same standing.
    pub by_lot: u64,
    /// Rows of equal standing where the seats ran out, over all areas.
    pub cut_candidates: u64,
    /// Seats among them: the chance of one.
    pub cut_places: u64,
    /// Seats that nobody took.
    pub unfilled: u64,
    /// Recipients on seats that other areas could not fill.
    pub flowed: u64,
    /// Recipients by reserve.
    pub reserves: BTreeMap<String, u64>,
    /// Rows in review by the criterion whose fact is missing.
    pub missing: BTreeMap<String, u64>,
    /// Of a promotion: recipients of the earlier run who left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<u64>,
    /// Of a promotion: waiting rows who came in their place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promoted: Option<u64>,
    /// Hash of the selection's canonical content.
    pub list: Option<String>,
}

/// A run that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Id: BLAKE3 of the receipt's `result`.
    pub run: String,
    /// Root of the snapshot.
    pub snapshot: String,
    /// BLAKE3 of `receipt.json`.
    pub receipt: String,
    /// Whether the same run was there before, and is equal.
    pub again: bool,
    /// Programs in the order of the request.
    pub programs: Vec<ProgramLine>,
    /// Their outcomes, funnels included.
    pub outcomes: Vec<Outcome>,
}

impl Made {
    /// The error that decides the exit code, if a program failed: the first of the worst.
    #[must_use]
    pub fn worst(&self) -> Option<&Error> {
        let failed = self.outcomes.iter().rev().filter_map(|outcome| match outcome {
            Outcome::Failed(error) => Some(error),
            _ => None,
        });
        failed.max_by_key(|error| error.fault)
    }
}

/// Makes a run and notes it in the ledger.
///
/// # Errors
/// A failing snapshot or disk, a cancelled run, a run that differs from the one
/// made before. A failing program is in `Made::programs`.
pub fn run(ledger: &mut Ledger, request: &RunRequest<'_>) -> Result<Made> {
    let runs = &request.folders.runs;
    fs::create_dir_all(runs).map_err(|cause| Error::storage(runs, cause))?;
    let building =
        tempfile::Builder::new().prefix(".making-").tempdir_in(runs).map_err(|cause| Error::storage(runs, cause))?;
    let before = request.receives.map(|name| ledger.find_run(name)).transpose()?;
    let promoted = request.promote.map(|name| ledger.find_run(name)).transpose()?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(request.threads).build().map_err(Error::bug)?;
    let threads = pool.current_num_threads() as u64;
    let (receipt, outcomes) =
        pool.install(|| build((before.as_ref(), promoted.as_ref()), request, building.path(), threads))?;
    let bytes = canonical_json(&receipt)?;
    let path = building.path().join(RECEIPT);
    fs::write(&path, &bytes)
        .and_then(|()| if request.durable { File::open(&path)?.sync_all() } else { Ok(()) })
        .map_err(|cause| Error::storage(&path, cause))?;
    let mut receipt_hash = blake3::hash(&bytes).to_hex().to_string();
    let place = runs.join(&receipt.run);
    let again = place.is_dir();
    let manifest = request.snapshot.manifest();
    if again {
        receipt_hash = same_as_before(&place, &receipt)?;
    } else {
        if request.durable {
            sync_folders(building.path(), &receipt)?;
        }
        let built = building.keep();
        fs::rename(&built, &place).map_err(|cause| Error::storage(&place, cause))?;
        if request.durable {
            sync(runs)?;
        }
    }
    if !ledger.runs()?.iter().any(|entry| entry.run == receipt.run) {
        ledger.note_root(&manifest.period, request.snapshot.root())?;
        ledger.note_run(&receipt.run, &manifest.period, request.snapshot.root(), &receipt_hash)?;
    }
    let programs = request.programs.iter().zip(&outcomes);
    let lines = programs.map(|(candidate, outcome)| line(candidate.program, outcome, &receipt)).collect();
    Ok(Made {
        run: receipt.run,
        snapshot: request.snapshot.root().to_owned(),
        receipt: receipt_hash,
        again,
        programs: lines,
        outcomes,
    })
}

/// Judges, ranks, cuts and writes into `dir`; gives the receipt, not yet written.
fn build(
    (before, promoted): (Option<&RunEntry>, Option<&RunEntry>),
    request: &RunRequest<'_>,
    dir: &Path,
    threads: u64,
) -> Result<(Receipt, Vec<Outcome>)> {
    let rows = SealedRows::of(request.snapshot)?;
    let manifest = request.snapshot.manifest();
    let held = |name: &str| request.dictionary.id(name).filter(|id| request.snapshot.holds(*id));
    let receives = |id: &str| request.dictionary.id(&format!("receives.{id}"));
    for reserve in request.programs.iter().flat_map(|one| &one.program.quota.reserves) {
        if !request.snapshot.holds(reserve.group.column) {
            return Err(not_held(&reserve.name, &reserve.group.name));
        }
    }
    // history of another unit tells nothing about these rows
    let previous = |program: &Program| {
        let unit = if program.unit() == Unit::Family { Entity::Family } else { Entity::Member };
        held(&format!("previous.{}", program.id)).filter(|id| request.dictionary.get(*id).entity == unit)
    };
    let frame = frame(request.snapshot, request.dictionary)?;
    let lists = match promoted {
        Some(entry) => promote::lists(entry, request, &frame)?,
        None => BTreeMap::new(),
    };
    let entries: Vec<Entry<'_>> = request
        .programs
        .iter()
        .map(|one| Entry {
            program: one.program,
            judge: one.judge,
            previous: previous(one.program),
            receives: receives(&one.program.id),
            promote: lists.get(&one.program.id),
        })
        .collect();
    let ids: Vec<&str> = request.programs.iter().map(|one| one.program.id.as_str()).collect();
    let (received, received_from) = earlier(before, request, &rows)?;
    let sink = RunSink::new(dir, &ids, rows.partitions(), request.durable);
    let outcomes = select(Request {
        rows: &rows,
        entries: &entries,
        frame: &frame,
        received,
        depth: Depth::Whole,
        sink: &sink as &dyn Sink,
        cancel: request.cancel,
        seen: request.seen,
    })?;
    let mut results = Vec::new();
    let mut fuel = BTreeMap::new();
    for (at, (one, outcome)) in request.programs.iter().zip(&outcomes).enumerate() {
        let hashes = match outcome {
            Outcome::Done(selection) => {
                fuel.insert(one.program.id.clone(), selection.fuel);
                areas::write(dir, &one.program.id, &areas::lines(one.program, &selection.funnel))?;
                keep(request.used, &one.program.id, dir)?;
                Some(sink.finish(at)?)
            }
            _ => None,
        };
        results.push(ProgramResult { program: one.program, outcome, hashes });
    }
    let from = From { receives: received_from.as_deref(), promotes: promoted.map(|entry| entry.run.as_str()) };
    let result = result(request.snapshot.root(), manifest, from, &results)?;
    let files = hash_files(dir)?;
    let made_with = MadeWith { layak: env!("CARGO_PKG_VERSION").to_owned(), threads, fuel, files };
    Ok((Receipt { run: run_id(&result)?, result, made_with }, outcomes))
}

/// What the host reads and knows of a snapshot.
pub(super) fn frame(snapshot: &Snapshot, dictionary: &Dictionary) -> Result<Frame> {
    let manifest = snapshot.manifest();
    let held = |name: &str| dictionary.id(name).filter(|id| snapshot.holds(*id));
    Ok(Frame {
        as_of: manifest.as_of()?,
        scale: Ratio { holds: manifest.scale.holds, stands_for: manifest.scale.stands_for },
        regency: held("regency"),
        village: held("village"),
        village_kind: held("village_kind"),
        decile: held("decile"),
        birth_date: held("birth_date"),
        areas: areas_of(&manifest.regions),
        receives: receives_columns(dictionary),
    })
}

fn not_held(reserve: &str, column: &str) -> Error {
    Error::new(
        Fault::Rules,
        say!(
            "snapshot tidak memuat kolom `{column}` untuk cadangan `{reserve}`",
            "the snapshot has no column `{column}` for the reserve `{reserve}`"
        ),
    )
    .fix(say!("bekukan lagi: `layak freeze`", "freeze again: `layak freeze`"))
}

/// Every `receives.<program>` column, by its id.
#[must_use]
pub fn receives_columns(dictionary: &Dictionary) -> BTreeMap<ColumnId, String> {
    let named =
        dictionary.iter().filter_map(|(id, column)| Some((id, column.name.strip_prefix("receives.")?.to_owned())));
    named.collect()
}

/// Recipients of the programs that are needed and not run, from the run that was named.
fn earlier(
    before: Option<&RunEntry>,
    request: &RunRequest<'_>,
    rows: &SealedRows<'_>,
) -> Result<(BTreeMap<String, Received>, Option<String>)> {
    let Some(entry) = before else { return Ok((BTreeMap::new(), None)) };
    if entry.snapshot != request.snapshot.root() || entry.period != request.snapshot.manifest().period {
        let run = &entry.run;
        return Err(Error::new(
            Fault::Usage,
            say!("putaran `{run}` memakai snapshot atau periode lain", "run `{run}` used another snapshot or period"),
        )
        .fix(say!("pilih putaran dari snapshot yang sama", "name a run of the same snapshot")));
    }
    let dir = request.folders.runs.join(&entry.run);
    let here = |id: &String| request.programs.iter().any(|one| one.program.id == *id);
    let mut all = BTreeMap::new();
    for id in request.programs.iter().flat_map(|one| &one.program.after).filter(|id| !here(id)) {
        let unit = unit_in(&dir, id)?;
        all.insert(id.clone(), received(&dir, id, unit, rows)?);
    }
    Ok((all, Some(entry.run.clone())))
}

/// The unit of a program that finished in a run.
pub(super) fn unit_in(run_dir: &Path, program: &str) -> Result<Unit> {
    let (receipt, _) = read_receipt(run_dir)?;
    let programs = receipt.result.get("programs").and_then(|all| all.as_array()).cloned().unwrap_or_default();
    let text =
        |one: &serde_json::Value, key: &str| one.get(key).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
    let found = programs.iter().find(|one| text(one, "program") == program && text(one, "status") == "done");
    match found.map(|one| text(one, "unit")).as_deref() {
        Some("family") => Ok(Unit::Family),
        Some("person") => Ok(Unit::Person),
        _ => Err(Error::new(
            Fault::Usage,
            say!("putaran itu tidak memuat hasil `{program}`", "that run holds no selection of `{program}`"),
        )
        .file(run_dir)),
    }
}

/// Recipients of a program in a finished run, as bitmaps over the snapshot's rows.
///
/// # Errors
/// A table that is missing or spoiled.
pub fn received(run_dir: &Path, program: &str, unit: Unit, rows: &dyn Rows) -> Result<Received> {
    let mut groups = Vec::new();
    for (partition, part) in rows.partitions().iter().enumerate() {
        for group in 0..part.groups.len() {
            let selected = selected_rows(run_dir, program, rows, Place { partition, group })?;
            let mut bits = vec![0u8; selected.status.len().div_ceil(8)];
            for (row, _) in selected.status.iter().enumerate().filter(|(_, is)| **is == status::RECIPIENT) {
                if let Some(byte) = bits.get_mut(row / 8) {
                    *byte |= 1 << (row % 8);
                }
            }
            groups.push(bits);
        }
    }
    Ok(Received { unit, groups })
}

/// The selection of one row group of a finished run.
///
/// # Errors
/// A table that is missing or spoiled.
pub fn selected_rows(run_dir: &Path, program: &str, rows: &dyn Rows, place: Place) -> Result<Selected> {
    let partition = rows.partitions().get(place.partition).ok_or_else(|| Error::bug("a place lies in the snapshot"))?;
    let path = run_dir.join(TableKind::Selection.path(program, &partition.code));
    TableReader::open(&path)?.selection(place.group)
}

/// BLAKE3 of each file below a folder, by its path inside it.
pub(super) fn hash_files(dir: &Path) -> Result<BTreeMap<String, String>> {
    let mut files = Vec::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).map_err(|cause| Error::storage(&folder, cause))? {
            let path = entry.map_err(|cause| Error::storage(&folder, cause))?.path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    let one = |path: &PathBuf| {
        let inside = path.strip_prefix(dir).map_err(Error::bug)?.to_string_lossy().into_owned();
        Ok((inside, hash_file(path)?))
    };
    files.par_iter().map(one).collect()
}

/// BLAKE3 of a file, hex.
pub(super) fn hash_file(path: &Path) -> Result<String> {
    let file = File::open(path).map_err(|cause| Error::storage(path, cause))?;
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file).map_err(|cause| Error::storage(path, cause))?;
    Ok(hasher.finalize().to_hex().to_string())
}

fn sync(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|open| open.sync_all()).map_err(|cause| Error::storage(folder, cause))
}

fn sync_folders(dir: &Path, receipt: &Receipt) -> Result<()> {
    let mut folders: Vec<PathBuf> = vec![dir.to_path_buf()];
    for file in receipt.made_with.files.keys() {
        folders.extend(Path::new(file).ancestors().skip(1).map(|inside| dir.join(inside)));
    }
    folders.sort();
    folders.dedup();
    folders.iter().try_for_each(|folder| sync(folder))
}

/// Compares a run made again with the one in place; gives the hash of its receipt.
fn same_as_before(place: &Path, receipt: &Receipt) -> Result<String> {
    let (before, hash) = read_receipt(place)?;
    let differs = |file: &str| {
        let run = &receipt.run;
        Error::new(
            Fault::Integrity,
            say!("putaran `{run}` dibuat lagi dan `{file}` berbeda", "run `{run}` was made again and `{file}` differs"),
        )
        .file(place.join(file))
        .fix(say!("periksa dengan `layak verify {run}`", "check it with `layak verify {run}`"))
    };
    if before.result != receipt.result || before.run != receipt.run {
        return Err(differs(RECEIPT));
    }
    // another build may write other Parquet bytes with the same content
    if before.made_with.layak == receipt.made_with.layak {
        let now: BTreeMap<String, String> =
            hash_files(place)?.into_iter().filter(|(file, _)| file != RECEIPT).collect();
        for file in now.keys().chain(receipt.made_with.files.keys()) {
            if now.get(file) != receipt.made_with.files.get(file) {
                return Err(differs(file));
            }
        }
    }
    Ok(hash)
}

fn line(program: &Program, outcome: &Outcome, receipt: &Receipt) -> ProgramLine {
    let empty = Funnel::default();
    let (status, reason, code, funnel) = match outcome {
        Outcome::Done(selection) => ("done", None, None, &selection.funnel),
        Outcome::Failed(error) => ("failed", Some(error.message.clone()), error.code, &empty),
        Outcome::NotRun(reason) => ("not_run", Some(reason.clone()), None, &empty),
    };
    let programs = receipt.result.get("programs").and_then(|all| all.as_array());
    let own =
        programs.and_then(|all| all.iter().find(|one| one.get("program").is_some_and(|id| *id == program.id.as_str())));
    let list = own.and_then(|one| one.get("list")).and_then(|list| list.as_str()).map(str::to_owned);
    let reserved = program.quota.reserves.iter().enumerate().map(|(at, reserve)| {
        let filled = funnel.areas.iter().filter_map(|area| area.reserves.get(at)).map(|count| count.filled).sum();
        (reserve.name.clone(), filled)
    });
    let criteria = program.description.criteria.iter().zip(&funnel.criteria);
    let missing = criteria.map(|(part, count)| (part.code.clone(), count.review));
    ProgramLine {
        program: program.id.clone(),
        status: status.to_owned(),
        reason,
        code: code.map(str::to_owned),
        registered: funnel.registered,
        judged: funnel.judged,
        eligible: funnel.eligible,
        ranked: funnel.ranked,
        recipients: funnel.recipients,
        waiting: funnel.waiting,
        review: funnel.review,
        cost_period: funnel.cost_period,
        held: funnel.incumbents.held,
        by_lot: funnel.luck.recipients,
        cut_candidates: funnel.luck.candidates,
        cut_places: funnel.luck.places,
        unfilled: funnel.unfilled,
        flowed: funnel.flowed,
        reserves: reserved.collect(),
        missing: missing.filter(|(_, rows)| *rows > 0).collect(),
        left: funnel.promotion.map(|count| count.left),
        promoted: funnel.promotion.map(|count| count.promoted),
        list,
    }
}
