//! Bad extracts, one folder each under `tests/extracts/`: what is in it, and in
//! `expected.toml` what import and freeze must say of it. A bug starts as a case.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arrow_array::{ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use layak::error::{Error, Fault};
use layak::registry::{Filter, ImportReport, Options, Registry};
use layak::snapshot::freeze::freeze;
use layak::terms::{Date, Lang};
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

fn check(case: &Path) -> Result<(), String> {
    let expected: Expected = toml::from_str(&fs::read_to_string(case.join("expected.toml")).unwrap()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut registry = registry(dir.path());
    let options = Options { source: expected.source.clone(), as_of: None };
    let report = match (import(&mut registry, case, &options), &expected.refused) {
        (Ok(report), None) => report,
        (Err(error), Some(part)) => {
            let said = error.line(Lang::En) + &error.fix.map(|fix| fix.en).unwrap_or_default();
            let by_whom = error.fault == Fault::Extract || error.fault == Fault::Usage;
            return if said.contains(part) && by_whom { Ok(()) } else { Err(format!("refused otherwise: {said}")) };
        }
        (Ok(report), Some(part)) => return Err(format!("not refused with `{part}`: {report:?}")),
        (Err(error), None) => return Err(format!("refused: {error} {error:?}")),
    };
    let found = (report.rows, report.accepted, report.quarantined, &report.reasons);
    let wanted = (expected.rows, expected.accepted, expected.quarantined, &expected.reasons);
    if found != wanted {
        return Err(format!("found {found:?}, expected {wanted:?}"));
    }
    let notes: Vec<_> = report.files.iter().flat_map(|file| &file.notes).map(|note| note.en.clone()).collect();
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
    if let Some(findings) = &expected.findings {
        let found = findings_of(&registry, dir.path());
        if &found != findings {
            return Err(format!("findings {found:?}, expected {findings:?}"));
        }
    }
    Ok(())
}

fn findings_of(registry: &Registry, dir: &Path) -> BTreeMap<String, u64> {
    let as_of = Date::from_ymd(2026, 9, 20).unwrap();
    let period = "2026Q3".parse().unwrap();
    let dest = dir.join("snapshots");
    let (snapshot, findings) = freeze(registry, period, as_of, &dest, &mut |_| {}, &AtomicBool::new(false)).unwrap();
    let counts: BTreeMap<String, u64> = findings.into_iter().map(|finding| (finding.code, finding.count)).collect();
    assert_eq!(counts, snapshot.manifest().findings);
    counts
}

#[test]
fn every_bad_extract_is_read_as_expected() {
    let folder = top().join("tests/extracts");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 25, "{} cases", cases.len());
    let mut faults = Vec::new();
    for case in cases {
        if let Err(fault) = check(&case) {
            faults.push(format!("{}: {fault}", case.file_name().unwrap().to_string_lossy()));
        }
    }
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
