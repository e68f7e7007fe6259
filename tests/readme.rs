//! The README is true: its code blocks run in order in one folder, as a reader
//! would run them. The two lines that build are run as what they start.

use std::fs;
use std::process::Command;

use crate::tidy::top;

/// The `sh` blocks of the README, in order.
fn blocks() -> Vec<String> {
    let text = fs::read_to_string(top().join("README.md")).unwrap();
    let parts = text.split("```sh\n").skip(1);
    parts.map(|part| part.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn every_code_block_runs() {
    let mut script = String::from("set -euo pipefail\n");
    for block in blocks() {
        for line in block.lines() {
            match line.strip_prefix("rustup target add wasm32-unknown-unknown && ") {
                // building is what has just been done; the gate runs the other line itself
                Some("cargo run --release --locked -- demo") => script.push_str("layak demo\n"),
                Some("cargo test --release --locked --workspace") => {}
                Some(other) => panic!("`{other}` is not one of the README's two set-up commands"),
                None => script.push_str(&format!("{line}\n")),
            }
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let bin = dir.path().join("bin");
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_layak"), bin.join("layak")).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash").args(["-c", &script]).current_dir(dir.path()).env("PATH", path).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script}\n{out}\n{err}");
    assert!(dir.path().join("layak-demo/layak.toml").is_file());
}

#[test]
fn the_gate_runs_the_test_command_of_the_readme() {
    let gate = fs::read_to_string(top().join(".ci/run")).unwrap();
    assert!(gate.contains("grep -E '^rustup target add .* cargo test ' README.md"), "the gate reads the README");
    let lines: Vec<String> =
        blocks().iter().flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let tests: Vec<&String> = lines.iter().filter(|line| line.contains(" cargo test ")).collect();
    assert_eq!(tests.len(), 1, "one test command");
}
