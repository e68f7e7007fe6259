//! Region-code cases of `tests/places.toml`: what a delivered region becomes, what
//! a table of villages may say, and which codes a person may write.

use std::collections::BTreeMap;
use std::fs;

use layak::intake::Table;
use layak::registry::{Options, Registry};
use layak::terms::{Date, RegionCode};
use serde::Deserialize;

use crate::identities::{reasons, write};
use crate::intake::{import, registry, scratch};
use crate::tidy::top;

#[derive(Debug, Deserialize)]
struct Cases {
    delivered: Vec<(String, String, String, String, String, String)>,
    table: Vec<(String, String, String, String)>,
    written: Vec<(String, String, String)>,
}

fn cases() -> Cases {
    toml::from_str(&fs::read_to_string(top().join("tests/places.toml")).unwrap()).unwrap()
}

fn dated() -> Options {
    Options { source: None, as_of: Date::from_ymd(2026, 9, 1) }
}

/// Some columns of a table's facts, by the number of their row; -1 for nothing.
fn facts(registry: &Registry, table: Table, wanted: &[&str]) -> BTreeMap<u64, Vec<i64>> {
    let columns = Registry::fact_columns(table);
    let at = |name: &str| columns.iter().position(|column| column == name).unwrap();
    let mut found = BTreeMap::new();
    let mut note = |values: &[i64]| {
        let row = values[at("row")].unsigned_abs();
        found.insert(row, wanted.iter().map(|name| values[at(name)].max(-1)).collect());
        Ok(())
    };
    registry.each_fact(table, &mut note).unwrap();
    found
}

#[test]
fn every_delivered_region_is_resolved_or_refused() {
    let cases = cases().delivered;
    let dir = scratch();
    let file = dir.path().join("family.csv");
    let row = |(at, case): (usize, &(String, String, String, String, String, String))| {
        vec![
            ("nomor_kartu_keluarga", format!("35780101{:08}", 20_000_001 + at)),
            ("kode_provinsi", case.0.clone()),
            ("kode_kabupaten_kota", case.1.clone()),
            ("kabupaten_kota", case.2.clone()),
            ("kode_kelurahan_desa", case.3.clone()),
        ]
    };
    write(&file, "family.csv", &cases.iter().enumerate().map(row).collect::<Vec<_>>());
    let mut registry = registry(&dir.path().join("site"));
    let report = import(&mut registry, &file, &dated()).unwrap();
    assert_eq!(report.rows, cases.len() as u64);
    let (aside, facts) = (reasons(&registry), facts(&registry, Table::Family, &["regency", "village"]));
    let mut faults = Vec::new();
    for (number, case) in (1..).zip(&cases) {
        let found = match (aside.get(&number), facts.get(&number)) {
            (Some(reason), None) => reason.clone(),
            (None, Some(values)) => {
                let village =
                    if values[1] < 0 { String::new() } else { format!(" {}", Table::village_code(values[1])) };
                format!("kemendagri:{:02}.{:02}{village}", values[0] / 100, values[0] % 100)
            }
            other => panic!("row {number}: {other:?}"),
        };
        if found != case.4 {
            faults.push(format!("{case:?}: {found}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_village_of_a_table_names_its_system() {
    let cases = cases().table;
    let dir = scratch();
    let file = dir.path().join("villages.csv");
    let mut out = csv::Writer::from_path(&file).unwrap();
    out.write_record(["kode_desa", "sistem", "nama", "jenis", "kawasan"]).unwrap();
    cases.iter().for_each(|(code, system, ..)| out.write_record([code, system, "Contoh", "1", "1"]).unwrap());
    out.flush().unwrap();
    let mut registry = registry(&dir.path().join("site"));
    import(&mut registry, &file, &dated()).unwrap();
    let (aside, facts) = (reasons(&registry), facts(&registry, Table::Village, &["id"]));
    for (number, (code, system, expected, why)) in (1..).zip(&cases) {
        let found = facts.get(&number).map_or_else(|| aside[&number].clone(), |values| Table::village_code(values[0]));
        assert_eq!(&found, expected, "{code} {system} ({why})");
    }
}

#[test]
fn a_written_code_names_its_system() {
    for (code, expected, why) in cases().written {
        let parsed = code.parse::<RegionCode>();
        assert_eq!(parsed.is_ok(), expected == "ok", "{code} ({why})");
        if let Err(said) = parsed {
            assert_ne!(said.id, said.en, "{code}");
        }
    }
}

#[test]
fn there_are_100_cases() {
    let cases = cases();
    assert!(cases.delivered.len() + cases.table.len() + cases.written.len() >= 100);
}
