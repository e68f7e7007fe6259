//! NIK, KK and family-shape cases of `tests/identities.toml`: each number as
//! delivered is accepted or gets its reason, in the file of people and in a list;
//! each family is found to be what it is.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use layak::registry::{Filter, Options, Registry};
use layak::terms::{Date, Nik};
use rayon::prelude::*;
use serde::Deserialize;

use crate::intake::{findings_of, import, registry, scratch};
use crate::tidy::top;

#[derive(Debug, Deserialize)]
struct Cases {
    nik: Vec<(String, String, String)>,
    kk: Vec<(String, String, String)>,
    family: Vec<(String, String, String, String)>,
}

fn cases() -> Cases {
    toml::from_str(&fs::read_to_string(top().join("tests/identities.toml")).unwrap()).unwrap()
}

/// Header and rows of a file of the case in which nothing is wrong.
pub(crate) fn sound(file: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::Reader::from_path(top().join("tests/extracts/sound").join(file)).unwrap();
    let header = reader.headers().unwrap().iter().map(str::to_owned).collect();
    (header, reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect())
}

/// Rows made of one sound row, with some cells otherwise.
pub(crate) fn write(path: &Path, file: &str, rows: &[Vec<(&str, String)>]) {
    let (header, sound) = sound(file);
    let mut out = csv::Writer::from_path(path).unwrap();
    out.write_record(&header).unwrap();
    for changes in rows {
        let mut row = sound[0].clone();
        for (name, value) in changes {
            row[header.iter().position(|known| known == name).unwrap()].clone_from(value);
        }
        out.write_record(&row).unwrap();
    }
    out.flush().unwrap();
}

/// The reason of each row set aside, by its number.
pub(crate) fn reasons(registry: &Registry) -> BTreeMap<u64, String> {
    registry.quarantine(&Filter::default()).unwrap().into_iter().map(|row| (row.row, row.reason)).collect()
}

fn dated() -> Options {
    Options { source: None, as_of: Date::from_ymd(2026, 9, 1) }
}

/// Imports one file and tells which cases went another way than expected.
fn told(path: &Path, cases: &[(String, String, String)], wanted: impl Fn(&str, &str) -> String) -> Vec<String> {
    let dir = scratch();
    let mut registry = registry(dir.path());
    let report = import(&mut registry, path, &dated()).unwrap();
    assert_eq!(report.rows, cases.len() as u64);
    let aside = reasons(&registry);
    let differs = |(number, (value, expected, why)): (u64, &(String, String, String))| {
        let found = aside.get(&number).map_or("accepted", String::as_str);
        let wanted = wanted(value, expected);
        (found != wanted).then(|| format!("{value:?} ({why}): {found}, expected {wanted}"))
    };
    (1..).zip(cases).filter_map(differs).collect()
}

#[test]
fn every_nik_is_accepted_or_gets_its_reason() {
    let cases = cases().nik;
    let dir = scratch();
    let people = dir.path().join("individual.csv");
    let row = |(at, (nik, ..)): (usize, &(String, String, String))| {
        vec![("nomor_induk_kependudukan", nik.clone()), ("nama", format!("Contoh {at}"))]
    };
    let rows: Vec<_> = cases.iter().enumerate().map(row).collect();
    write(&people, "individual.csv", &rows);
    let faults = told(&people, &cases, |_, expected| expected.to_owned());
    assert!(faults.is_empty(), "{}", faults.join("\n"));

    // a list says nothing of a person without a NIK
    let list = dir.path().join("wage_premiums.csv");
    let mut out = csv::Writer::from_path(&list).unwrap();
    out.write_record(["nik", "pembayar"]).unwrap();
    cases.iter().for_each(|(nik, ..)| out.write_record([nik, "1"]).unwrap());
    out.flush().unwrap();
    drop(out);
    let faults = told(&list, &cases, |value, expected| match value.to_lowercase().as_str() {
        "" | "-" | "null" => "nik_missing".to_owned(),
        "n/a" | "nan" => "nik_length".to_owned(),
        _ => expected.to_owned(),
    });
    assert!(faults.is_empty(), "{}", faults.join("\n"));

    for (value, expected, why) in cases.iter().filter(|(value, ..)| value.len() > 4) {
        let parsed = Nik::parse(value.trim_matches(|c: char| c.is_ascii_whitespace()));
        assert_eq!(parsed.is_ok(), expected == "accepted", "{value:?} ({why})");
    }
}

#[test]
fn every_kk_is_accepted_or_gets_its_reason() {
    let cases = cases().kk;
    let dir = scratch();
    let families = dir.path().join("family.csv");
    let rows: Vec<_> = cases.iter().map(|(kk, ..)| vec![("nomor_kartu_keluarga", kk.clone())]).collect();
    write(&families, "family.csv", &rows);
    let faults = told(&families, &cases, |_, expected| expected.to_owned());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

const KK: &str = "3578010101200001";

/// The cells of a member written as `3m1*`.
fn member(at: usize, written: &str) -> Vec<(&'static str, String)> {
    let mut letters = written.chars();
    let relation = letters.next().unwrap();
    let (mut sex, day, birth) = match letters.next().unwrap() {
        'm' => (1, "010780", "1980-07-01"),
        'f' => (2, "410882", "1982-08-01"),
        'c' => (1, "010926", "2026-09-01"),
        'o' => (1, "010727", "1927-07-01"),
        other => panic!("{other}"),
    };
    let mut nik = format!("357801{day}{:04}", at + 1);
    let (mut birth, mut marital, mut schemes) = (birth, "1".to_owned(), "0");
    for mark in letters {
        match mark {
            '*' => nik.clear(),
            '!' => sex = 3 - sex,
            '?' => birth = "1990-01-01",
            '~' => schemes = "1",
            digit => marital = digit.to_string(),
        }
    }
    vec![
        ("nomor_induk_kependudukan", nik),
        ("nomor_kartu_keluarga", KK.to_owned()),
        ("nama", format!("Contoh {at}")),
        ("tanggal_lahir", birth.to_owned()),
        ("jenis_kelamin", sex.to_string()),
        ("status_hubungan_keluarga", relation.to_string()),
        ("status_kawin", marital),
        ("pbi_nas", schemes.to_owned()),
        ("pbi_pemda", schemes.to_owned()),
    ]
}

fn shape((members, declared, expected, why): &(String, String, String, String)) -> Option<String> {
    let dir = scratch();
    let rows: Vec<_> = members.split_whitespace().enumerate().map(|(at, one)| member(at, one)).collect();
    let given = dir.path().join("given");
    fs::create_dir(&given).unwrap();
    write(&given.join("individual.csv"), "individual.csv", &rows);
    let family = vec![("nomor_kartu_keluarga", KK.to_owned()), ("jumlah_anggota_keluarga", declared.clone())];
    write(&given.join("family.csv"), "family.csv", &[family]);
    let mut registry = registry(dir.path());
    let report = import(&mut registry, &given, &dated()).unwrap();
    assert_eq!((report.accepted, report.quarantined), (rows.len() as u64 + 1, 0), "{members} ({why})");
    let wanted: BTreeMap<String, u64> = expected
        .split_whitespace()
        .map(|code| match code.split_once(':') {
            Some((code, count)) => (code.to_owned(), count.parse().unwrap()),
            None => (code.to_owned(), 1),
        })
        .collect();
    let found: BTreeMap<String, u64> =
        findings_of(&registry, dir.path()).into_iter().map(|found| (found.code, found.count)).collect();
    (found != wanted).then(|| format!("`{members}` of {declared} ({why}): {found:?}, expected {wanted:?}"))
}

#[test]
fn every_family_is_found_to_be_what_it_is() {
    let faults: Vec<String> = cases().family.par_iter().filter_map(shape).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn there_are_150_cases_and_none_twice() {
    let cases = cases();
    let numbers = |all: &[(String, String, String)]| all.iter().map(|case| case.0.clone()).collect::<Vec<_>>();
    let shapes: Vec<String> = cases.family.iter().map(|case| format!("{} {}", case.0, case.1)).collect();
    let all = [numbers(&cases.nik), numbers(&cases.kk), shapes];
    assert!(all.iter().map(Vec::len).sum::<usize>() >= 150);
    for mut group in all {
        group.sort();
        assert!(group.windows(2).all(|two| two[0] != two[1]), "{group:?}");
    }
}
