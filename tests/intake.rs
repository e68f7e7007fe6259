//! Bad extracts, one folder each under `tests/extracts/`: what is in it, in
//! `expected.toml` what import and freeze must make of it, and in `said.txt` what a
//! person reads in both languages (`BLESS=1` rewrites that). Folders in a case are
//! deliveries, imported in order. A bug starts as a case.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arrow_array::{ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use layak::error::{Error, Fault, draw};
use layak::quality::Finding;
use layak::registry::{Filter, ImportReport, Options, Registry};
use layak::snapshot::freeze::freeze;
use layak::terms::{Date, Lang, Text};
use rayon::prelude::*;
use serde::Deserialize;

use crate::tidy::top;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    #[serde(default)]
    rows: u64,
    #[serde(default)]
    accepted: u64,
    #[serde(default)]
    quarantined: u64,
    #[serde(default)]
    reasons: BTreeMap<String, u64>,
    findings: Option<BTreeMap<String, u64>>,
    /// Part of the English message with which a whole file is refused.
    refused: Option<String>,
    notes: Option<usize>,
    /// The masked value of the first row set aside.
    shown: Option<String>,
    source: Option<String>,
}

pub(crate) fn registry(dir: &Path) -> Registry {
    Registry::create(dir, Some([7; 32])).unwrap()
}

pub(crate) fn import(registry: &mut Registry, path: &Path, options: &Options) -> Result<ImportReport, Error> {
    registry.import(&[path.to_path_buf()], options, &mut |_| {}, &AtomicBool::new(false))
}

/// The deliveries of a case: its folders, or itself.
fn deliveries(case: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir(case).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    if folders.is_empty() { vec![case.to_path_buf()] } else { folders }
}

fn check(case: &Path) -> Result<(), String> {
    let expected: Expected = toml::from_str(&fs::read_to_string(case.join("expected.toml")).unwrap()).unwrap();
    let dir = scratch();
    let mut registry = registry(dir.path());
    let options = Options { source: expected.source.clone(), as_of: None };
    let imported = registry.import(&deliveries(case), &options, &mut |_| {}, &AtomicBool::new(false));
    let report = match (imported, &expected.refused) {
        (Ok(report), None) => report,
        (Err(error), Some(part)) => {
            let said = error.line(Lang::En) + &error.fix.clone().map(|fix| fix.en).unwrap_or_default();
            let by_whom = error.fault == Fault::Extract || error.fault == Fault::Usage;
            if !said.contains(part) || !by_whom {
                return Err(format!("refused otherwise: {said}"));
            }
            return golden(case, &|lang| draw(&error, lang, false));
        }
        (Ok(report), Some(part)) => return Err(format!("not refused with `{part}`: {report:?}")),
        (Err(error), None) => return Err(format!("refused: {error} {error:?}")),
    };
    assert_eq!(report.rows, report.accepted + report.quarantined);
    let found = (report.rows, report.accepted, report.quarantined, &report.reasons);
    let wanted = (expected.rows, expected.accepted, expected.quarantined, &expected.reasons);
    if found != wanted {
        return Err(format!("found {found:?}, expected {wanted:?}"));
    }
    let notes: Vec<&Text> = report.files.iter().flat_map(|file| &file.notes).collect();
    if expected.notes.is_some_and(|wanted| wanted != notes.len()) {
        return Err(format!("notes {notes:?}"));
    }
    let aside = registry.quarantine(&Filter::default()).unwrap();
    if aside.len() as u64 != report.quarantined {
        return Err(format!("{} rows in the quarantine", aside.len()));
    }
    if let Some(shown) = &expected.shown
        && aside.first().map(|row| &row.value) != Some(shown)
    {
        return Err(format!("shown {:?}", aside.first()));
    }
    let mut findings = Vec::new();
    if let Some(wanted) = &expected.findings {
        findings = findings_of(&registry, dir.path());
        let found: BTreeMap<String, u64> = findings.iter().map(|found| (found.code.clone(), found.count)).collect();
        if &found != wanted {
            return Err(format!("findings {found:?}, expected {wanted:?}"));
        }
    }
    golden(case, &|lang| {
        let mut said = String::new();
        for row in &aside {
            said += &format!("{} {} `{}` `{}` {}\n", row.file, row.row, row.column, row.value, row.reason);
        }
        for note in &notes {
            said += &format!("note: {}\n", note.get(lang));
        }
        for found in &findings {
            said += &format!("finding {} {}: {}\n", found.code, found.count, found.meaning.get(lang));
        }
        said
    })
}

/// Compares what is said in both languages with `said.txt`, or writes it.
fn golden(case: &Path, said: &dyn Fn(Lang) -> String) -> Result<(), String> {
    let mut text = format!("[en]\n{}[id]\n{}", said(Lang::En), said(Lang::Id));
    // the folder of this checkout is nobody's business
    text = text.replace(&format!("{}/", case.display()), "");
    let path = case.join("said.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, text).unwrap();
        return Ok(());
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    if kept == text { Ok(()) } else { Err(format!("said.txt differs; is now:\n{text}")) }
}

/// A folder in memory where there is one: a registry waits for the disk otherwise.
pub(crate) fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

pub(crate) fn findings_of(registry: &Registry, dir: &Path) -> Vec<Finding> {
    let as_of = Date::from_ymd(2026, 9, 20).unwrap();
    let period = "2026Q3".parse().unwrap();
    let dest = dir.join("snapshots");
    let (snapshot, findings) = freeze(registry, period, as_of, &dest, &mut |_| {}, &AtomicBool::new(false)).unwrap();
    let counts: BTreeMap<String, u64> = findings.iter().map(|found| (found.code.clone(), found.count)).collect();
    assert_eq!(counts, snapshot.manifest().findings);
    findings
}

#[test]
fn every_bad_extract_is_read_as_expected() {
    let folder = top().join("tests/extracts");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 120, "{} cases", cases.len());
    let checked = |case: &PathBuf| {
        let name = case.file_name().unwrap().to_string_lossy();
        check(case).err().map(|fault| format!("{name}: {fault}"))
    };
    let faults: Vec<String> = cases.par_iter().filter_map(checked).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The columns of a case's CSV as text.
fn columns(file: &Path) -> Vec<(String, Vec<String>)> {
    let mut reader = csv::Reader::from_path(file).unwrap();
    let headers: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let column = |at: usize| rows.iter().map(|row| row[at].to_owned()).collect();
    headers.into_iter().enumerate().map(|(at, header)| (header, column(at))).collect()
}

fn write_parquet(path: &Path, columns: Vec<(String, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)));
    let batch = batch.unwrap();
    let mut writer =
        parquet::arrow::ArrowWriter::try_new(fs::File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn as_parquet(make: &dyn Fn(&str, &[String]) -> ArrayRef) -> (tempfile::TempDir, Result<ImportReport, Error>) {
    let dir = tempfile::tempdir().unwrap();
    let case = top().join("tests/extracts/sound/individual.csv");
    let arrays = columns(&case).into_iter().map(|(name, values)| {
        let array = make(&name, &values);
        (name, array)
    });
    let file = dir.path().join("individual.parquet");
    write_parquet(&file, arrays.collect());
    let mut registry = registry(&dir.path().join("site"));
    let as_of = Date::from_ymd(2026, 9, 1);
    let report = import(&mut registry, &file, &Options { source: None, as_of });
    (dir, report)
}

fn text(values: &[String]) -> ArrayRef {
    Arc::new(StringArray::from(values.iter().map(|v| Some(v.as_str()).filter(|v| !v.is_empty())).collect::<Vec<_>>()))
}

#[test]
fn parquet_reads_like_csv() {
    let (_dir, report) = as_parquet(&|name, values| match name {
        "tanggal_lahir" => {
            let day = |value: &String| value.parse::<Date>().ok().map(|date| date.0);
            Arc::new(Date32Array::from(values.iter().map(day).collect::<Vec<_>>()))
        }
        "jenis_kelamin" | "status_hubungan_keluarga" | "pbi_nas" => {
            Arc::new(Int64Array::from(values.iter().map(|value| value.parse().ok()).collect::<Vec<Option<i64>>>()))
        }
        _ => text(values),
    });
    let report = report.unwrap();
    assert_eq!((report.rows, report.accepted, report.quarantined), (4, 4, 0), "{:?}", report.reasons);
}

#[test]
fn parquet_of_a_wrong_type_is_refused() {
    let (_dir, report) = as_parquet(&|name, values| match name {
        "nomor_induk_kependudukan" => {
            Arc::new(Float64Array::from(values.iter().map(|value| value.parse().ok()).collect::<Vec<Option<f64>>>()))
        }
        _ => text(values),
    });
    let error = report.unwrap_err();
    assert_eq!(error.fault, Fault::Extract);
    assert!(error.line(Lang::En).contains("column `nomor_induk_kependudukan` has type Float64"), "{error}");
}

#[test]
fn parquet_cut_short_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("individual.parquet");
    fs::write(&file, b"PAR1 and then nothing").unwrap();
    let mut registry = registry(&dir.path().join("site"));
    let as_of = Date::from_ymd(2026, 9, 1);
    let error = import(&mut registry, &file, &Options { source: None, as_of }).unwrap_err();
    assert_eq!(error.fault, Fault::Extract);
}

#[test]
fn raw_rows_leave_the_vault_only_on_request() {
    let dir = tempfile::tempdir().unwrap();
    let mut registry = registry(dir.path());
    import(&mut registry, &top().join("tests/extracts/duplicate_conflict"), &Options::default()).unwrap();
    let mut masked = Vec::new();
    assert_eq!(registry.export_quarantine(&Filter::default(), false, &mut masked).unwrap(), 2);
    assert!(!String::from_utf8(masked).unwrap().contains("3578014108820002"));
    let mut raw = Vec::new();
    registry.export_quarantine(&Filter::default(), true, &mut raw).unwrap();
    let raw = String::from_utf8(raw).unwrap();
    assert!(raw.contains("Sita Lain") && raw.contains("Siti Contoh"), "{raw}");
}
