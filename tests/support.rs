//! What the tests share: the built binary in a folder of its own, and its answers.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A command of the built binary, in English, without colour, in `dir`.
pub(crate) fn layak(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_layak"));
    command.args(arguments).current_dir(dir);
    command.env("LAYAK_LANG", "en").env("NO_COLOR", "1").env_remove("LAYAK_SITE");
    command
}

/// Runs and gives what was printed and the exit code.
pub(crate) fn run(dir: &Path, arguments: &[&str]) -> Output {
    layak(dir, arguments).output().expect("the binary starts")
}

/// Runs, insists on this exit code, and gives standard output.
pub(crate) fn exits(code: i32, dir: &Path, arguments: &[&str]) -> String {
    let output = run(dir, arguments);
    let shown = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "layak {}\n{shown}", arguments.join(" "));
    String::from_utf8(output.stdout).expect("standard output is UTF-8")
}

/// Runs with `--json`, insists on success, and parses standard output.
pub(crate) fn json(dir: &Path, arguments: &[&str]) -> Value {
    let mut all = arguments.to_vec();
    all.push("--json");
    serde_json::from_str(&exits(0, dir, &all)).expect("standard output is one JSON document")
}

/// All files below `dir`, sorted.
pub(crate) fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// Runs a Python script with arguments where `LAYAK_PYTHON` names an interpreter
/// with DuckDB (`.ci/run` does); `None` elsewhere.
pub(crate) fn python(script: &str, arguments: &[&str]) -> Option<String> {
    let interpreter = std::env::var_os("LAYAK_PYTHON")?;
    let output = Command::new(interpreter).arg("-c").arg(script).args(arguments).output().expect("Python starts");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    Some(said)
}
