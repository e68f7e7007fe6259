//! A second opinion on the four programs: SQL written from the programs' page, and
//! never from the plugins, must agree with a run on every row's status, rank and
//! amount (`tests/second_opinion/`; `run.py` also takes any other run by hand).

use std::io::Write;
use std::path::{Path, PathBuf};

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

#[test]
fn sql_agrees_with_a_run_on_every_row() {
    if std::env::var_os("LAYAK_PYTHON").is_none() {
        // for whoever runs the tests without `.ci/run`
        let note = b"skipped: LAYAK_PYTHON names no Python with duckdb and blake3\n";
        std::io::stderr().write_all(note).unwrap();
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("key"), KEY).unwrap();
    exits(0, dir.path(), &["init", "site", "--key-file", "key"]);
    let site = dir.path().join("site");
    exits(0, &site, &["synth", "--families", "20000", "--seed", "11", "--faults", "5%", "--out", "extracts"]);
    exits(0, &site, &["import", "extracts"]);
    exits(0, &site, &["freeze", "2026Q3", "--as-of", "2026-09-20"]);
    let ran = json(&site, &["run", "2026Q3"]);
    let shown = |path: PathBuf| path.to_str().unwrap().to_owned();
    let arguments = [
        shown(top().join("tests/second_opinion/run.py")),
        format!("--snapshot={}", shown(only(&site.join("snapshots")))),
        format!("--rules={}", shown(site.join("rules"))),
        format!("--run={}", shown(site.join("runs").join(ran["run"].as_str().unwrap()))),
    ];
    let said = python(BY_PATH, &arguments.each_ref().map(String::as_str)).unwrap();
    assert!(said.contains("blt_dd: ") && said.ends_with("\n0 differences\n"), "{said}");
}
