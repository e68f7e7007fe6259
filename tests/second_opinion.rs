//! A second opinion on the four programs: SQL written from the programs' page, and
//! never from the plugins, must agree with a run on every row's status, rank, place and
//! amount (`tests/second_opinion/`; `run.py` also takes any other run by hand), under
//! the shipped rule files and the variants of `variants.toml`.
//!
//! The gate takes 8,000 families of one seed. All of it, 200,000 families of three
//! seeds under each variant (about half an hour):
//! `LAYAK_SECOND_OPINION=full cargo test --release -p layak --test all second_opinion -- --nocapture`

use std::io::Write;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::support::{exits, json, python};
use crate::tidy::top;

const KEY: &str = "6c6179616b2d64656d6f2d6b65792d66697865642d616e642d7075626c697368";

/// The one folder inside a folder.
fn only(folder: &Path) -> PathBuf {
    let mut inside: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(inside.len(), 1, "{}", folder.display());
    inside.remove(0)
}

/// Runs a script by its path, as `python FILE ...` would.
const BY_PATH: &str = "import runpy, sys; del sys.argv[0]; runpy.run_path(sys.argv[0], run_name='__main__')";

fn read(path: &Path) -> Table {
    std::fs::read_to_string(path).unwrap().parse().unwrap()
}

/// A value in force since long ago.
fn dated(value: &Value) -> Value {
    let mut line = Table::new();
    line.insert("from".to_owned(), Value::String("2020Q1".to_owned()));
    line.insert("value".to_owned(), value.clone());
    line.insert("source".to_owned(), Value::String("assumed".to_owned()));
    Value::Array(vec![Value::Table(line)])
}

/// Writes the shipped rule files with the changes of a variant.
fn write_rules(variant: &Table, rules: &Path) {
    for program in ["pkh", "sembako", "pbi_jkn", "blt_dd"] {
        let mut file = read(&top().join(format!("rules/{program}.toml")));
        for (key, change) in variant.get(program).and_then(Value::as_table).into_iter().flatten() {
            match key.as_str() {
                "settings" => {
                    let settings = file["settings"].as_table_mut().unwrap();
                    for (name, value) in change.as_table().unwrap() {
                        assert!(settings.insert(name.clone(), dated(value)).is_some(), "{program}: `{name}`");
                    }
                }
                "unknown" => {
                    let unknown = file["unknown"].as_table_mut().unwrap();
                    for (name, rule) in change.as_table().unwrap() {
                        assert!(unknown.insert(name.clone(), rule.clone()).is_some(), "{program}: `{name}`");
                    }
                }
                "months_paid" => assert!(file.insert(key.clone(), dated(change)).is_some()),
                _ => assert!(file.insert(key.clone(), change.clone()).is_some(), "{program}: `{key}`"),
            }
        }
        std::fs::write(rules.join(format!("{program}.toml")), toml::to_string(&file).unwrap()).unwrap();
    }
}

/// Grants the columns that a variant's reserves test.
fn write_grants(variant: &Table, rules: &Path) {
    let mut file = read(&top().join("rules/operator.toml"));
    for (program, columns) in variant.get("operator").and_then(Value::as_table).into_iter().flatten() {
        let granted = file["grants"][program.as_str()]["columns"].as_array_mut().unwrap();
        granted.extend(columns.as_array().unwrap().iter().cloned());
    }
    std::fs::write(rules.join("operator.toml"), toml::to_string(&file).unwrap()).unwrap();
}

/// Makes one invented country and compares a run under each variant.
fn agrees(families: u32, seed: u32) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("key"), KEY).unwrap();
    exits(0, dir.path(), &["init", "site", "--key-file", "key"]);
    let site = dir.path().join("site");
    let numbers = [families.to_string(), seed.to_string()];
    let synth = ["synth", "--families", &numbers[0], "--seed", &numbers[1], "--faults", "5%", "--out", "extracts"];
    exits(0, &site, &synth);
    exits(0, &site, &["import", "extracts"]);
    exits(0, &site, &["freeze", "2026Q3", "--as-of", "2026-09-20"]);
    let snapshot = only(&site.join("snapshots"));
    let variants = read(&top().join("tests/second_opinion/variants.toml"));
    for variant in variants["variant"].as_array().unwrap() {
        let variant = variant.as_table().unwrap();
        write_rules(variant, &site.join("rules"));
        write_grants(variant, &site.join("rules"));
        let ran = json(&site, &["run", "2026Q3"]);
        let shown = |path: PathBuf| path.to_str().unwrap().to_owned();
        let arguments = [
            shown(top().join("tests/second_opinion/run.py")),
            format!("--snapshot={}", shown(snapshot.clone())),
            format!("--rules={}", shown(site.join("rules"))),
            format!("--run={}", shown(site.join("runs").join(ran["run"].as_str().unwrap()))),
        ];
        let said = python(BY_PATH, &arguments.each_ref().map(String::as_str)).unwrap();
        let name = variant["name"].as_str().unwrap();
        std::io::stdout().write_all(format!("{families} families, seed {seed}, {name}:\n{said}").as_bytes()).unwrap();
        assert!(said.contains("blt_dd: ") && said.ends_with("\n0 differences\n"), "{name}: {said}");
    }
}

#[test]
fn sql_agrees_with_a_run_on_every_row() {
    if std::env::var_os("LAYAK_PYTHON").is_none() {
        // for whoever runs the tests without `.ci/run`
        let note = b"skipped: LAYAK_PYTHON names no Python with duckdb and blake3\n";
        std::io::stderr().write_all(note).unwrap();
        return;
    }
    if std::env::var("LAYAK_SECOND_OPINION").as_deref() == Ok("full") {
        for seed in [11, 12, 13] {
            agrees(200_000, seed);
        }
    } else {
        agrees(8_000, 11);
    }
}
