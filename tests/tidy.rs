//! House rules that a machine can check: rooms look only up, files stay short,
//! each file says what it is, each program has its rule file and cases.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The repository's top folder.
pub(crate) fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// All files below `dir` with this ending, sorted.
fn files(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && name != "node_modules" {
                open.push(path);
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn rooms() -> Vec<String> {
    let lib = fs::read_to_string(top().join("host/src/lib.rs")).unwrap();
    lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).map(str::to_owned).collect()
}

#[test]
fn rooms_look_only_up() {
    let order: BTreeMap<String, usize> = rooms().into_iter().enumerate().map(|(at, room)| (room, at)).collect();
    let src = top().join("host/src");
    let mut faults = Vec::new();
    for path in files(&src, ".rs") {
        let inside = path.strip_prefix(&src).unwrap();
        let first = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
        let room = first.trim_end_matches(".rs").to_owned();
        let Some(&at) = order.get(&room) else { continue };
        let text = fs::read_to_string(&path).unwrap();
        // a unit test inside a room may look anywhere
        let product = text.split("#[cfg(test)]").next().unwrap_or("");
        for (number, line) in product.lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            for part in line.split("crate::").skip(1) {
                let used: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                // the words and the errors of the house are written together
                let together = room == "error" && used == "terms";
                if order.get(&used).is_some_and(|&below| below > at) && !together {
                    faults.push(format!("{}:{}: `{room}` looks down at `{used}`", inside.display(), number + 1));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn files_stay_short_and_say_what_they_are() {
    let mut faults = Vec::new();
    for dir in ["host", "plugins", "tests"] {
        for path in files(&top().join(dir), ".rs") {
            let text = fs::read_to_string(&path).unwrap();
            let shown = path.strip_prefix(top()).unwrap().display().to_string();
            if text.lines().count() > 500 {
                faults.push(format!("{shown}: {} lines, split it", text.lines().count()));
            }
            if !text.starts_with("//!") {
                faults.push(format!("{shown}: does not open by saying what it is"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_program_has_a_rule_file_and_cases() {
    for program in ["pkh", "sembako", "pbi_jkn", "blt_dd"] {
        assert!(top().join(format!("rules/{program}.toml")).is_file(), "rules/{program}.toml is missing");
        let cases = top().join(format!("tests/cases/{program}"));
        assert!(cases.is_dir() && !files(&cases, ".toml").is_empty(), "tests/cases/{program} holds no case");
    }
}

#[test]
fn only_the_bench_names_a_plugin_natively() {
    let mut faults = Vec::new();
    for path in files(&top().join("host/src"), ".rs") {
        if path.ends_with("commands/bench.rs") || path.components().any(|part| part.as_os_str() == "bench") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for plugin in ["pkh::", "sembako::", "pbi_jkn::", "blt_dd::", "kit::"] {
            if text.lines().any(|line| {
                line.match_indices(plugin).any(|(at, _)| {
                    let before = line.get(..at).and_then(|head| head.chars().last());
                    !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
                }) && !line.trim_start().starts_with("//")
            }) {
                faults.push(format!("{}: names `{plugin}`", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_banned_names() {
    let banned = ["manager", "handler", "helper", "util", "common", "service", "processor", "info", "misc"];
    for path in files(&top().join("host/src"), ".rs") {
        let stem = path.file_stem().unwrap().to_string_lossy().to_lowercase();
        assert!(!banned.iter().any(|word| stem.split('_').any(|part| part == *word)), "{}", path.display());
    }
}
