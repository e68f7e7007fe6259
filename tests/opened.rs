//! What Layak writes, opened by tools that are not ours: DuckDB reads snapshots,
//! runs and lists as they lie, openpyxl reads the spreadsheet.
//!
//! Runs where `LAYAK_PYTHON` names an interpreter with both, as in `.ci/run`;
//! elsewhere it says on standard error that it did not.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::{exits, json, python};

/// A small site with one run and the lists of PKH.
struct Quarter {
    snapshot: PathBuf,
    run: PathBuf,
    ran: Value,
    exported: Value,
    _dir: tempfile::TempDir,
}

fn quarter() -> &'static Quarter {
    static QUARTER: OnceLock<Quarter> = OnceLock::new();
    QUARTER.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        exits(0, dir.path(), &["init", "site"]);
        let site = dir.path().join("site");
        exits(0, &site, &["synth", "--families", "3000", "--seed", "11", "--faults", "2%", "--out", "extracts"]);
        exits(0, &site, &["import", "extracts"]);
        exits(0, &site, &["freeze", "2026Q3", "--as-of", "2026-09-20"]);
        let ran = json(&site, &["run", "2026Q3"]);
        let id = ran["run"].as_str().unwrap();
        let exported = json(&site, &["export", id, "--program", "pkh", "--format", "csv,xlsx,parquet"]);
        let snapshot = site.join("snapshots").join(ran["snapshot"].as_str().unwrap());
        Quarter { snapshot, run: site.join("runs").join(id), ran, exported, _dir: dir }
    })
}

/// Runs a script that prints one JSON document; `None` without an interpreter.
fn asked(test: &str, script: &str, paths: &[&Path]) -> Option<Value> {
    let paths: Vec<&str> = paths.iter().map(|path| path.to_str().unwrap()).collect();
    let said = python(script, &paths);
    if said.is_none() {
        // past the capture of the test harness: a test that did nothing must be seen
        let _shown = writeln!(std::io::stderr(), "NOT RUN: opened::{test}: LAYAK_PYTHON is not set");
    }
    said.map(|said| serde_json::from_str(&said).unwrap())
}

fn here() -> bool {
    std::env::var_os("LAYAK_PYTHON").is_some()
}

fn document(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn duckdb_opens_a_snapshot() {
    const SCRIPT: &str = r#"
import duckdb, json, sys
d = sys.argv[1]
one = lambda sql: duckdb.sql(sql).fetchone()[0]
f, m = f"'{d}/families/*.parquet'", f"'{d}/members/*.parquet'"
print(json.dumps({
    'families': one(f'select count(*) from {f}'),
    'members': one(f'select count(*) from {m}'),
    'declared': one(f'select sum(members) from {f}'),
    'joined': one(f'select count(*) from {f} f join {m} m using (province, family_row)'),
    'keys': one(f'select count(distinct (province, family_row)) from {f}'),
    'off': one(f'''select count(*) from (select f.members n, count(m.person_id) c from {f} f left join {m} m
        using (province, family_row) group by f.province, f.family_row, f.members) where n <> c'''),
    'paid': one(f'select count(*) from {f} where "previous.pkh"'),
    'sets': one(f'select count(*) from {f} where "exclusions.known" is not null'),
    'born': one(f"select count(*) from {m} where birth_date between date '1900-01-01' and date '2026-12-31'"),
}))"#;
    let snapshot = if here() { &quarter().snapshot } else { Path::new("") };
    let Some(said) = asked("duckdb_opens_a_snapshot", SCRIPT, &[snapshot]) else { return };
    let manifest = document(&snapshot.join("manifest.json"));
    let (families, members) = (&manifest["families"], &manifest["members"]);
    assert!(families.as_u64().unwrap() > 2_900);
    assert_eq!((&said["families"], &said["members"]), (families, members));
    assert_eq!((&said["keys"], &said["joined"], &said["declared"]), (families, members, members), "{said}");
    assert_eq!((&said["off"], &said["sets"]), (&0.into(), families), "{said}");
    assert!(said["paid"].as_u64().unwrap() > 100, "{said}");
    assert!(said["born"].as_u64().unwrap() * 100 > members.as_u64().unwrap() * 95, "{said}");
}

#[test]
fn duckdb_opens_a_run() {
    const SCRIPT: &str = r#"
import duckdb, json, sys
d, out = sys.argv[1], {}
one = lambda sql: duckdb.sql(sql).fetchone()[0]
for p in ('pkh', 'sembako', 'pbi_jkn', 'blt_dd'):
    s, v = f"'{d}/{p}/selection/*.parquet'", f"'{d}/{p}/verdicts/*.parquet'"
    # rows of both tables are in the order of the snapshot: side by side by position
    both = f'''(select * from (select *, filename_s: parse_filename(filename, true), file_row_number from
        read_parquet({s}, filename=true, file_row_number=true)) a join (select *, filename_s: parse_filename(filename, true),
        file_row_number from read_parquet({v}, filename=true, file_row_number=true)) b using (filename_s, file_row_number))'''
    out[p] = {
        'rows': one(f'select count(*) from {s}'), 'judged': one(f'select count(*) from {v}'),
        'recipients': one(f'select count(*) from {s} where status = 1'),
        'ranked': one(f'select count(*) from {s} where rank > 0'),
        'cost': int(one(f'select sum(amount) from {both} where status = 1')),
        'failed': one(f'select count(*) from {both} where status = 1 and failed <> 0'),
    }
print(json.dumps(out))"#;
    let run = if here() { &quarter().run } else { Path::new("") };
    let Some(said) = asked("duckdb_opens_a_run", SCRIPT, &[run]) else { return };
    for line in quarter().ran["programs"].as_array().unwrap() {
        let name = line["program"].as_str().unwrap();
        let found = &said[name];
        assert_eq!((&found["rows"], &found["judged"]), (&line["registered"], &line["judged"]), "{name}");
        for key in ["recipients", "ranked"] {
            assert_eq!(found[key], line[key], "{name}: {key}");
        }
        assert_eq!((&found["cost"], &found["failed"]), (&line["cost_period"], &0.into()), "{name}");
        assert!(found["recipients"].as_u64().unwrap() > 0, "{name}");
    }
    let receipt = document(&run.join("receipt.json"));
    for program in receipt["result"]["programs"].as_array().unwrap() {
        let name = program["program"].as_str().unwrap();
        assert_eq!(program["funnel"]["recipients"], said[name]["recipients"], "{name}");
    }
}

fn list(ending: &str) -> PathBuf {
    let files = quarter().exported["files"].as_array().unwrap().iter();
    let mut paths = files.map(|file| PathBuf::from(file["file"].as_str().unwrap()));
    paths.find(|path| path.extension().is_some_and(|end| end == ending)).unwrap()
}

/// Every NIK is text of 16 digits, or was missing in the extract: a planted fault.
fn without_nik(said: &Value) {
    let number = |key: &str| said[key].as_u64().unwrap();
    assert_eq!(number("niks") + number("nameless"), number("rows"), "{said}");
    assert!(number("nameless") * 50 < number("rows"), "{said}");
}

#[test]
fn duckdb_opens_a_list() {
    const SCRIPT: &str = r#"
import duckdb, json, sys
p, c = f"'{sys.argv[1]}'", f"read_csv('{sys.argv[2]}', all_varchar=true)"
one = lambda sql: duckdb.sql(sql).fetchone()[0]
print(json.dumps({
    'rows': one(f'select count(*) from {p}'),
    'rupiah': int(one(f'select sum(jumlah_rupiah) from {p}')),
    'niks': one(f"select count(distinct nik) from {p} where regexp_full_match(nik, '[0-9]{{16}}')"),
    'nameless': one(f"select count(*) from {p} where nik = ''"),
    'kinds': [str(t) for t in duckdb.sql(f'select nik, nomor_kk, jumlah_rupiah, peringkat from {p}').types],
    'state': one(f"select decode(value) from parquet_kv_metadata({p}) where decode(key) = 'state'"),
    'csv': one(f'select count(*) from {c}'),
    'csv_rupiah': int(one(f'select sum(jumlah_rupiah::bigint) from {c}')),
    'other': one(f"select count(*) from (select nik from {p} except select coalesce(nik, '') from {c})"),
}))"#;
    let paths = if here() { [list("parquet"), list("csv")] } else { Default::default() };
    let Some(said) = asked("duckdb_opens_a_list", SCRIPT, &[&paths[0], &paths[1]]) else { return };
    let exported = &quarter().exported;
    assert_eq!((&said["rows"], &said["rupiah"]), (&exported["rows"], &exported["rupiah"]), "{said}");
    assert_eq!((&said["csv"], &said["csv_rupiah"]), (&exported["rows"], &exported["rupiah"]), "{said}");
    without_nik(&said);
    assert_eq!(said["kinds"], serde_json::json!(["VARCHAR", "VARCHAR", "BIGINT", "BIGINT"]));
    assert_eq!((&said["state"], &said["other"]), (&"draft".into(), &0.into()));
}

#[test]
fn openpyxl_opens_a_list() {
    const SCRIPT: &str = r#"
import json, openpyxl, sys
book = openpyxl.load_workbook(sys.argv[1])
page = book.worksheets[0]
rows = list(page.iter_rows())
names = [cell.value for cell in rows[0]]
column = lambda name: [row[names.index(name)] for row in rows[1:]]
text16 = lambda name: sum(c.data_type == 's' and len(c.value) == 16 and c.value.isdigit() for c in column(name))
print(json.dumps({
    'sheet': page.title, 'head': names[0], 'pane': page.freeze_panes, 'rows': len(rows) - 1,
    'niks': text16('nik'), 'nameless': sum(not cell.value for cell in column('nik')), 'kks': text16('nomor_kk'),
    'rupiah': sum(cell.value for cell in column('jumlah_rupiah')),
    'formulas': sum(cell.data_type == 'f' for row in rows for cell in row),
    'risky': sum(isinstance(c.value, str) and c.value[:1] in '=+-@' and c.value != '' for row in rows for c in row),
}))"#;
    let path = if here() { list("xlsx") } else { PathBuf::new() };
    let Some(said) = asked("openpyxl_opens_a_list", SCRIPT, &[&path]) else { return };
    let exported = &quarter().exported;
    assert_eq!((&said["rows"], &said["rupiah"]), (&exported["rows"], &exported["rupiah"]), "{said}");
    assert_eq!(said["kks"], exported["rows"], "{said}");
    without_nik(&said);
    assert_eq!((&said["sheet"], &said["head"], &said["pane"]), (&"DRAFT".into(), &"draft".into(), &"A2".into()));
    assert_eq!((&said["formulas"], &said["risky"]), (&0.into(), &0.into()), "{said}");
}
