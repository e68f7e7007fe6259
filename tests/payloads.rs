//! Formula injection: the payloads of `tests/payloads.toml` as names, addresses and
//! villages of recipients and as rows in quarantine, written by the built binary and
//! opened by readers that are not ours. No cell may be a formula, and every text
//! comes back: from a cell that begins with an apostrophe and is in the list of the
//! dangerous, one apostrophe is taken away.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use layak::terms::formula_safe;
use serde::Deserialize;

use crate::identities::write;
use crate::support::{exits, json, python};
use crate::tidy::top;

#[derive(Debug, Deserialize)]
struct Payloads {
    dangerous: Vec<String>,
    harmless: Vec<String>,
}

fn payloads() -> Payloads {
    toml::from_str(&fs::read_to_string(top().join("tests/payloads.toml")).unwrap()).unwrap()
}

/// What intake keeps of a cell: no outer blanks, nothing of what means "not
/// delivered"; a zero byte sets the row aside.
fn kept(payload: &str) -> Option<String> {
    let kept = payload.trim_matches(|c: char| c.is_ascii_whitespace());
    let empty = ["", "-", "null", "na", "n/a", "nan", "none"].contains(&kept.to_lowercase().as_str());
    (!kept.contains('\0') && !empty).then(|| kept.to_owned())
}

#[test]
fn a_dangerous_text_becomes_text_and_comes_back() {
    let Payloads { dangerous, harmless } = payloads();
    assert!(dangerous.len() >= 300, "{} payloads", dangerous.len());
    let mut written = BTreeSet::new();
    for text in &dangerous {
        let safe = formula_safe(text);
        assert_eq!(safe, format!("'{text}"), "{text:?}");
        assert_eq!(formula_safe(&safe).strip_prefix('\''), Some(safe.as_str()), "written twice, read twice");
        assert!(written.insert(safe), "{text:?} is there twice");
    }
    for text in &harmless {
        assert_eq!(&formula_safe(text), text);
        assert!(written.insert(text.clone()), "{text:?} could be meant by two cells");
    }
}

/// A site whose every family is a recipient of Sembako, named after the payloads.
fn quarter(site: &Path, texts: &[String]) {
    let given = site.join("given");
    fs::create_dir(&given).unwrap();
    let kk = |at: usize| format!("35780101{:08}", 20_000_001 + at);
    let text = |at: usize| texts[at % texts.len()].clone();
    let (mut people, mut families) = (Vec::new(), Vec::new());
    for at in 0..texts.len() {
        people.push(vec![
            ("nomor_induk_kependudukan", format!("3578010107{:06}", 800_001 + at)),
            ("nomor_kartu_keluarga", kk(at)),
            ("nama", text(at)),
        ]);
        families.push(vec![
            ("nomor_kartu_keluarga", kk(at)),
            ("jumlah_anggota_keluarga", "1".to_owned()),
            ("desil_nasional", "1".to_owned()),
            ("alamat", text(at + 1)),
            ("kelurahan_desa", text(at + 2)),
        ]);
    }
    write(&given.join("individual.csv"), "individual.csv", &people);
    write(&given.join("family.csv"), "family.csv", &families);
    let lists = [
        ("exclusions", "kunci,nomor,butir,sumber,tanggal"),
        ("pregnancies", "nik,status,kehamilan_ke,tanggal_bersalin"),
        ("wage_premiums", "nik,pembayar"),
        ("human_rights_victims", "nik,putusan"),
        ("school_levels", "nik,jenjang"),
        ("livelihood_losses", "nomor_kk,tanggal"),
        ("aid_history", "kunci,nomor,nik_kepala,program,sejak,hingga"),
    ];
    for (name, header) in lists {
        fs::write(given.join(format!("{name}.csv")), format!("{header}\n")).unwrap();
    }
    let names: Vec<String> = lists.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let stamp = format!("as_of = \"2026-09-01\"\ncomplete = [{}]\n", names.join(", "));
    fs::write(given.join("extract.toml"), stamp).unwrap();
}

/// Reads a CSV and a workbook as a person's tools do: the cells of both, and how
/// many of the workbook's are formulas. A workbook writes control characters as
/// `_x0001_` (ECMA-376, 22.9.2.19), which openpyxl leaves to its user.
const READ: &str = r#"
import csv, json, openpyxl, sys
from openpyxl.utils.escape import unescape
with open(sys.argv[1], newline='', encoding='utf-8') as file:
    rows = list(csv.reader(file))
out = {'csv': rows}
if len(sys.argv) > 2:
    page = openpyxl.load_workbook(sys.argv[2]).worksheets[0]
    cells = list(page.iter_rows())
    out['formulas'] = sum(cell.data_type == 'f' for row in cells for cell in row)
    out['xlsx'] = [['' if cell.value is None else unescape(str(cell.value)) for cell in row] for row in cells]
print(json.dumps(out))"#;

fn list(exported: &serde_json::Value, ending: &str) -> String {
    let files = exported["files"].as_array().unwrap().iter();
    let mut paths = files.map(|file| file["file"].as_str().unwrap().to_owned());
    paths.find(|path| path.ends_with(ending)).unwrap()
}

#[test]
fn no_cell_of_a_list_is_a_formula() {
    let Payloads { dangerous, harmless } = payloads();
    let texts: Vec<String> = dangerous.iter().chain(&harmless).filter_map(|text| kept(text)).collect();
    let dir = tempfile::tempdir().unwrap();
    exits(0, dir.path(), &["init", "site"]);
    let site = dir.path().join("site");
    quarter(&site, &texts);
    let imported = json(&site, &["import", "given"]);
    assert_eq!(imported["quarantined"], 0, "{imported}");
    exits(0, &site, &["freeze", "2026Q3", "--as-of", "2026-09-20"]);
    let ran = json(&site, &["run", "2026Q3"]);
    let exported =
        json(&site, &["export", ran["run"].as_str().unwrap(), "--program", "sembako", "--format", "csv,xlsx"]);
    assert_eq!(exported["rows"], texts.len(), "{exported}");
    let (csv_file, book) = (list(&exported, "csv"), list(&exported, "xlsx"));
    let mut reader = csv::Reader::from_path(site.join(&csv_file)).unwrap();
    let head: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows: Vec<Vec<String>> = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    check("csv", &head, &rows, &texts);
    let paths = [site.join(csv_file), site.join(book)];
    let Some(said) = python(READ, &[paths[0].to_str().unwrap(), paths[1].to_str().unwrap()]) else { return };
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["formulas"], 0);
    for form in ["csv", "xlsx"] {
        let mut all: Vec<Vec<String>> = serde_json::from_value(said[form].clone()).unwrap();
        let head = all.remove(0);
        check(&format!("{form}, by its reader"), &head, &all, &texts);
    }
}

/// Every text is there, as `formula_safe` writes it, and comes back.
fn check(form: &str, head: &[String], rows: &[Vec<String>], texts: &[String]) {
    let wanted: BTreeSet<String> = texts.iter().cloned().collect();
    for column in ["nama", "alamat", "desa_kelurahan"] {
        let at = head.iter().position(|name| name == column).unwrap();
        let found: BTreeSet<String> = rows.iter().map(|row| read_back(&row[at])).collect();
        let lost: Vec<_> = wanted.difference(&found).collect();
        assert!(lost.is_empty(), "{form}, {column}: {lost:?}");
    }
    for cell in rows.iter().flatten() {
        let first = cell.trim_start_matches([' ', '\u{200b}']).chars().next();
        assert!(!matches!(first, Some('=' | '+' | '-' | '@' | '\t' | '\r')), "{form}: {cell:?}");
    }
}

/// The text that a cell stands for: `formula_safe` undone.
fn read_back(cell: &str) -> String {
    match cell.strip_prefix('\'') {
        Some(text) if formula_safe(text) == cell => text.to_owned(),
        _ => cell.to_owned(),
    }
}

#[test]
fn no_cell_of_an_exported_quarantine_is_a_formula() {
    let Payloads { dangerous, .. } = payloads();
    // a line break would make two rows of a text without quotes; a lone blank start is cut by nobody here
    let texts: Vec<&String> = dangerous.iter().filter(|text| !text.contains(['\n', '\r', '"', ','])).collect();
    assert!(texts.len() > 250, "{}", texts.len());
    let dir = tempfile::tempdir().unwrap();
    exits(0, dir.path(), &["init", "site"]);
    let site = dir.path().join("site");
    let given: String = texts.iter().map(|text| format!("{text},1\n")).collect();
    // the name of the file is a payload as well
    let file = "=1+1.csv";
    fs::write(site.join(file), format!("nik,pembayar\n{given}")).unwrap();
    let imported = json(&site, &["import", file, "--as-of", "2026-09-01"]);
    assert_eq!((&imported["accepted"], &imported["quarantined"]), (&0.into(), &texts.len().into()), "{imported}");
    exits(0, &site, &["quarantine", "--export", "aside.csv"]);
    let aside = site.join("aside.csv");
    let mut reader = csv::Reader::from_path(&aside).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), texts.len());
    for (row, text) in rows.iter().zip(&texts) {
        assert_eq!(&row[0], "'=1+1.csv");
        assert_eq!(&row[5], formula_safe(&format!("{text},1")), "{text:?}");
        assert_eq!(read_back(&row[5]), format!("{text},1"));
        for cell in row.iter() {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\u{ff1d}']), "{cell:?}");
        }
    }
    let Some(said) = python(READ, &[aside.to_str().unwrap()]) else { return };
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    let all: Vec<Vec<String>> = serde_json::from_value(said["csv"].clone()).unwrap();
    assert_eq!(all.len(), texts.len() + 1);
}
