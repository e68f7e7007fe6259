//! One quarter, end to end, through the binary: a country with planted faults
//! becomes verified, explained recipient lists, and no identity leaks.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::support::{exits, files, json, layak};

const KEY: &str = "6c6179616b2d64656d6f2d6b65792d66697865642d616e642d7075626c6973686564";

fn number(value: &Value, key: &str) -> u64 {
    value.get(key).and_then(Value::as_u64).unwrap_or_else(|| panic!("no number `{key}` in {value}"))
}

fn program<'a>(run: &'a Value, name: &str) -> &'a Value {
    run["programs"].as_array().unwrap().iter().find(|p| p["program"] == name).unwrap()
}

/// A site with one run over 20,000 families, 2 % of whose rows are spoilt.
fn quarter(dir: &Path) -> (Value, Value, Value) {
    std::fs::write(dir.join("key"), KEY.get(..64).unwrap()).unwrap();
    exits(0, dir, &["init", "site", "--key-file", "key"]);
    let site = dir.join("site");
    exits(0, &site, &["synth", "--families", "20000", "--seed", "7", "--faults", "2%", "--out", "extracts"]);
    let imported = json(&site, &["import", "extracts"]);
    let frozen = json(&site, &["freeze", "2026Q3", "--as-of", "2026-09-20"]);
    let ran = json(&site, &["run", "2026Q3"]);
    (imported, frozen, ran)
}

/// The planted faults by expected reason, from `truth.ndjson`.
fn planted(site: &Path) -> BTreeMap<String, u64> {
    let mut reasons = BTreeMap::new();
    for line in std::fs::read_to_string(site.join("extracts/truth.ndjson")).unwrap().lines() {
        let fault: Value = serde_json::from_str(line).unwrap();
        if fault["outcome"] == "quarantined" {
            *reasons.entry(fault["reason"].as_str().unwrap().to_owned()).or_insert(0) += 1;
        }
    }
    reasons
}

/// Findings that one planted row gives by itself are found exactly; the others
/// (orphans, incomplete families) also follow from rows set aside.
fn findings_are_the_planted_ones(site: &Path, frozen: &Value) {
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    for line in std::fs::read_to_string(site.join("extracts/truth.ndjson")).unwrap().lines() {
        let fault: Value = serde_json::from_str(line).unwrap();
        for code in fault["findings"].as_array().unwrap() {
            *lines.entry(code.as_str().unwrap().to_owned()).or_insert(0) += 1;
        }
    }
    let found: BTreeMap<&str, u64> = frozen["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| (f["code"].as_str().unwrap(), number(f, "count")))
        .collect();
    for code in ["nik_missing", "nik_birth_mismatch", "two_pbi_schemes", "many_heads"] {
        assert_eq!(found.get(code), lines.get(code), "{code}");
    }
    for code in ["orphan_member", "incomplete_family", "no_head", "empty_family"] {
        assert!(found.get(code).is_some_and(|n| *n > 0), "{code} is found");
    }
}

#[test]
fn from_extract_to_verified_list() {
    let dir = tempfile::tempdir().unwrap();
    let (imported, frozen, ran) = quarter(dir.path());
    let site = dir.path().join("site");

    assert_eq!(number(&imported, "rows"), number(&imported, "accepted") + number(&imported, "quarantined"));
    let reasons: BTreeMap<String, u64> = serde_json::from_value(imported["reasons"].clone()).unwrap();
    assert_eq!(reasons, planted(&site), "the planted faults are found, and nothing else");
    assert!(number(&frozen, "families") > 19_000);
    findings_are_the_planted_ones(&site, &frozen);

    for name in ["pkh", "sembako", "pbi_jkn", "blt_dd"] {
        assert_eq!(program(&ran, name)["status"], "done", "{ran}");
    }
    believable(&ran);
    let run_dir = site.join("runs").join(ran["run"].as_str().unwrap());
    incumbents_go(&run_dir);
    nobody_gets_blt_beside_pkh_or_sembako(&run_dir);

    let id = ran["run"].as_str().unwrap();
    let verified = json(&site, &["verify", id]);
    assert_eq!(verified["ok"], true);

    let again = json(&site, &["run", "2026Q3", "--threads", "1"]);
    assert_eq!(again["run"], ran["run"], "the same inputs give the same run on one thread");

    exits(0, &site, &["export", id, "--program", "pkh", "--format", "csv,xlsx,parquet"]);
    no_identity_leaks(&site);
    explained(&site, id);
}

/// The funnel beside `programs.md`: seats filled at the scaled quota, incumbents
/// gone, nobody twice.
fn believable(ran: &Value) {
    // 20,000 families stand for 95,006,179
    let scaled = |quota: u64| quota * 20_000 / 95_006_179;
    for (name, quota) in [("pkh", 10_000_000), ("sembako", 18_300_000), ("pbi_jkn", 96_800_000)] {
        let recipients = number(program(ran, name), "recipients");
        assert!(recipients <= scaled(quota), "{name}: {recipients} above the scaled quota");
        assert!(recipients * 10 >= scaled(quota) * 9, "{name}: {recipients} of {} seats", scaled(quota));
    }
    for name in ["pkh", "sembako", "pbi_jkn", "blt_dd"] {
        let p = program(ran, name);
        assert!(number(p, "eligible") >= number(p, "recipients"));
        assert_eq!(number(p, "eligible"), number(p, "recipients") + number(p, "waiting"), "{p}");
    }
    assert!(number(program(ran, "blt_dd"), "recipients") > 0);
}

/// About a quarter of those whom PKH paid last period are no longer eligible
/// (`programs.md`: about 27 %); some more wait for a missing fact.
fn incumbents_go(run_dir: &Path) {
    let receipt: Value = serde_json::from_slice(&std::fs::read(run_dir.join("receipt.json")).unwrap()).unwrap();
    let programs = receipt["result"]["programs"].as_array().unwrap();
    let pkh = programs.iter().find(|one| one["program"] == "pkh").unwrap();
    let incumbents = &pkh["funnel"]["incumbents"];
    let (last, gone) = (number(incumbents, "last"), number(incumbents, "gone"));
    assert!(gone * 100 >= last * 20 && gone * 100 <= last * 35, "{gone} of {last} incumbents are gone");
}

/// The statuses of one program, province by province, read as anybody could.
fn statuses(run_dir: &Path, program: &str) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for path in files(&run_dir.join(program).join("selection")) {
        let file = std::fs::File::open(&path).unwrap();
        let reader =
            parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
        let mut column = Vec::new();
        for batch in reader {
            let batch = batch.unwrap();
            let status = batch.column_by_name("status").unwrap();
            let status = status.as_any().downcast_ref::<arrow_array::UInt8Array>().unwrap();
            column.extend(status.values().iter().copied());
        }
        all.insert(path.file_name().unwrap().to_string_lossy().into_owned(), column);
    }
    all
}

fn nobody_gets_blt_beside_pkh_or_sembako(run_dir: &Path) {
    let (pkh, sembako, blt) = (statuses(run_dir, "pkh"), statuses(run_dir, "sembako"), statuses(run_dir, "blt_dd"));
    let mut recipients = 0;
    for (province, rows) in &blt {
        for (row, _) in rows.iter().enumerate().filter(|(_, status)| **status == 1) {
            recipients += 1;
            assert_ne!(pkh[province][row], 1, "{province}, row {row}: PKH and BLT");
            assert_ne!(sembako[province][row], 1, "{province}, row {row}: Sembako and BLT");
        }
    }
    assert!(recipients > 0);
}

fn no_identity_leaks(site: &Path) {
    let text = std::fs::read_to_string(site.join("extracts/individual.csv")).unwrap();
    let mut niks = BTreeSet::new();
    for line in text.lines().skip(1) {
        let cell = line.split(',').next().unwrap().trim_matches('"');
        if cell.len() == 16 {
            niks.insert(cell.to_owned());
        }
    }
    assert!(niks.len() > 40_000);
    for path in files(site) {
        let shown = path.strip_prefix(site).unwrap().display().to_string();
        let allowed =
            shown.starts_with("extracts/") || shown.starts_with("lists/") || shown.starts_with("vault.sqlite");
        if allowed {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let digits: Vec<bool> = bytes.iter().map(u8::is_ascii_digit).collect();
        for at in 0..bytes.len().saturating_sub(15) {
            let run = digits[at..at + 16].iter().all(|digit| *digit);
            if run && niks.contains(std::str::from_utf8(&bytes[at..at + 16]).unwrap()) {
                panic!("an NIK of the extract stands in {shown}");
            }
        }
    }
}

/// An NIK on standard input is explained for all programs, and not repeated.
fn explained(site: &Path, id: &str) {
    let list =
        files(&site.join("lists")).into_iter().find(|path| path.extension().is_some_and(|e| e == "csv")).unwrap();
    let mut reader = csv::Reader::from_path(list).unwrap();
    let at = reader.headers().unwrap().iter().position(|name| name == "nik").expect("a column `nik`");
    let record = reader.records().next().unwrap().unwrap();
    let nik = record.get(at).unwrap().trim_start_matches('\'').to_owned();
    let mut child =
        layak(site, &["explain", "--run", id]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(nik.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("Receives Family Hope Program"), "{text}");
    assert!(!text.contains(&nik), "an explanation names nobody");
}
