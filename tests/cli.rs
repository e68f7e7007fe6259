//! The command line's contract: data on standard output and talk on standard
//! error, one exit code per kind of failure, JSON of the published shape, both
//! languages everywhere, and a clean Ctrl-C.

mod schema;
mod stopped;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::golden::{fed, rewrite, small};
use crate::support::{exits, json, layak, run};

/// Every verb with arguments that succeed in a copy of the small site, in an
/// order in which each finds what it needs. The first word or two are its name.
fn verbs() -> Vec<(&'static str, Vec<&'static str>)> {
    let small = small();
    vec![
        ("init", vec!["init", "other"]),
        ("synth", vec!["synth", "--families", "300", "--out", "more"]),
        ("synth --snapshot", vec!["synth", "--families", "300", "--snapshot", "sealed"]),
        ("import", vec!["import", "given/sound", "given/nik_letter"]),
        ("quarantine", vec!["quarantine", "--limit", "3"]),
        ("quarantine --export", vec!["quarantine", "--export", "aside.csv"]),
        ("freeze", vec!["freeze", "2026Q3", "--as-of", "2026-09-20"]),
        ("run", vec!["run", "2026Q3"]),
        ("export", vec!["export", "latest", "--program", "pkh", "--format", "csv,parquet"]),
        ("explain", vec!["explain", small.family.as_str()]),
        ("family new", vec!["family", "new", "--out", "hypothetical.toml"]),
        ("family judge", vec!["family", "judge", "hypothetical.toml", "--grid", "youngest.age=0,6,7"]),
        ("simulate", vec!["simulate", "--set", "pkh.max_decile=5", "--by", "decile,province*settlement"]),
        ("simulate --sweep", vec!["simulate", "--sweep", "pkh.max_decile=3..5", "--by", "decile"]),
        ("scenario check", vec!["scenario", "check", "pkh_d5"]),
        ("scenario promote", vec!["scenario", "promote", "sembako_cut", "--from", "2026Q4", "--source", "a decision"]),
        ("verify", vec!["verify", "latest"]),
        ("program list", vec!["program", "list"]),
        ("program show", vec!["program", "show", "pkh"]),
        ("program add", vec!["program", "add", "given/hostile.toml", "given/hostile_100.wasm"]),
        ("plugin pack", vec!["plugin", "pack", "given/honest.core.wasm", "-o", "packed.wasm"]),
        ("plugin inspect", vec!["plugin", "inspect", "given/hostile_100.wasm"]),
        ("rules check", vec!["rules", "check", "rules/pkh.toml"]),
        ("demo", vec!["demo", "shown", "--families", "1500"]),
        ("bench", vec!["bench", "--families", "500"]),
        ("bench --scan", vec!["bench", "--families", "500", "--scan"]),
    ]
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("what is printed is UTF-8")
}

fn succeeds(output: &Output, name: &str) {
    assert!(output.status.success(), "{name}: {:?}\n{}", output.status, text(&output.stderr));
}

#[test]
fn json_is_all_that_standard_output_carries_and_has_its_published_shape() {
    let copy = small().copy();
    let schemas = layak::commands::schemas();
    let mut seen = BTreeSet::new();
    for (name, mut arguments) in verbs() {
        arguments.push("--json");
        let output = run(copy.path(), &arguments);
        succeeds(&output, name);
        let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|cause| panic!("{name}: {cause}"));
        let faults = schema::faults(&document, &schemas[name]);
        assert!(faults.is_empty(), "{name}: {faults:#?}");
        // warnings may be told, progress and next steps not
        for line in text(&output.stderr).lines() {
            assert!(line.starts_with("warning: "), "{name}: {line}");
        }
        keys_that_scripts_rely_on(name, &document);
        seen.insert(name);
    }
    let published: BTreeSet<&str> = schemas.keys().copied().collect();
    assert_eq!(seen, published, "a verb with --json and no run of it here, or the other way round");
}

/// Literally as the issue promises them.
fn keys_that_scripts_rely_on(name: &str, document: &Value) {
    let keys = |value: &Value, wanted: &str| {
        for key in wanted.split(", ") {
            assert!(value.get(key).is_some(), "{name}: no `{key}` in {value}");
        }
    };
    match name {
        "import" => {
            keys(document, "rows, accepted, quarantined, reasons, files");
            assert!(document["reasons"].as_object().unwrap().values().all(Value::is_u64));
            keys(&document["files"][0], "file, source, rows, accepted, quarantined, already");
        }
        "run" => {
            keys(document, "run, snapshot, receipt, programs");
            let wanted = "program, status, reason, registered, judged, eligible, ranked, recipients, waiting, \
                          review, cost_period, list";
            for program in document["programs"].as_array().unwrap() {
                keys(program, wanted);
                assert_eq!(program["list"].as_str().unwrap().len(), 64, "a hash");
            }
        }
        "verify" => {
            keys(document, "ok, checked, failures");
            assert_eq!((&document["ok"], &document["failures"]), (&Value::Bool(true), &serde_json::json!([])));
        }
        "simulate" => {
            keys(document, "scenario, snapshot, baseline, sample, programs, net");
            for program in document["programs"].as_array().unwrap() {
                keys(program, "program, binds, baseline, reform, gainers, losers, changed, displaced, causes, by");
                keys(&program["baseline"], "recipients, cost_period, cost_year");
                keys(&program["reform"], "recipients, cost_period, cost_year");
                let count = |key: &str| program[key].as_u64().unwrap();
                let causes: u64 = program["causes"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
                assert_eq!(causes, count("gainers") + count("losers") + count("changed"), "{program}");
                assert!(count("displaced") <= count("losers"));
                let deciles = program["by"]["decile"].as_array().unwrap();
                let sum = |key: &str| deciles.iter().map(|cell| cell[key].as_u64().unwrap()).sum::<u64>();
                assert_eq!((sum("gainers"), sum("losers")), (count("gainers"), count("losers")));
            }
        }
        "demo" => keys(document, "dir, run"),
        "program show" => {
            keys(&document["settings"]["max_decile"], "value, unit, from, source");
        }
        "bench" => {
            let wanted = "families, members, threads, programs, scan_s, run_s, duckdb_s, polars_s, rows_compared, \
                          differences, peak_rss_mb";
            keys(document, wanted);
            keys(&document["programs"][0], "program, native_ns, judge_ns, fuel_per_family");
            let measured = std::env::var_os("LAYAK_PYTHON").is_some();
            assert_eq!(measured, document["duckdb_s"].is_f64() && document["polars_s"].is_f64());
        }
        _ => {}
    }
}

#[test]
fn the_decile_limit_has_one_name() {
    for name in ["pkh", "sembako", "pbi_jkn"] {
        let shown = json(&small().dir(), &["program", "show", name]);
        assert!(shown["settings"]["max_decile"]["value"].is_u64(), "{name}");
    }
}

#[test]
fn the_last_line_of_a_success_suggests_the_next_command() {
    for (lang, word) in [("en", "next: "), ("id", "selanjutnya: ")] {
        let copy = small().copy();
        for (name, arguments) in verbs() {
            let output = layak(copy.path(), &arguments).env("LAYAK_LANG", lang).output().unwrap();
            succeeds(&output, name);
            let last = text(&output.stderr).lines().last().unwrap_or("");
            assert!(last.starts_with(word) && last.contains("layak "), "{name}, {lang}: `{last}`");
            let data = text(&output.stdout);
            assert!(!data.contains(word) && !data.contains('\u{1b}'), "{name}, {lang}: talk among data");
        }
    }
}

#[test]
fn colour_only_where_it_is_wanted() {
    let site = small().dir();
    let said = |set: &[(&str, &str)]| {
        let mut command = layak(&site, &["verify", "zzzz"]);
        command.env_remove("NO_COLOR").env_remove("TERM").env_remove("CLICOLOR_FORCE");
        String::from_utf8(command.envs(set.iter().copied()).output().unwrap().stderr).unwrap()
    };
    assert!(!said(&[]).contains('\u{1b}'), "a pipe is no terminal");
    assert!(said(&[("CLICOLOR_FORCE", "1")]).contains('\u{1b}'));
    assert!(!said(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).contains('\u{1b}'));
    assert!(!said(&[("CLICOLOR_FORCE", "1"), ("TERM", "dumb")]).contains('\u{1b}'));
    let refused = layak(&site, &["frezee"]).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(!text(&refused.stderr).contains('\u{1b}'), "clap too");
}

#[test]
fn the_language_is_the_option_then_the_variable_then_the_site_then_the_locale() {
    let copy = small().copy();
    let site = copy.path();
    let indonesian = |option: &[&str], set: &[(&str, &str)]| {
        let mut command = layak(site, &[&["verify", "zzzz"], option].concat());
        for name in ["LAYAK_LANG", "LC_ALL", "LC_MESSAGES", "LANG"] {
            command.env_remove(name);
        }
        let output = command.envs(set.iter().copied()).output().unwrap();
        text(&output.stderr).contains("tidak ada")
    };
    assert!(!indonesian(&[], &[]));
    assert!(indonesian(&[], &[("LANG", "id_ID.UTF-8")]));
    assert!(!indonesian(&[], &[("LANG", "id_ID.UTF-8"), ("LC_ALL", "C")]));
    assert!(indonesian(&["--lang", "id"], &[("LAYAK_LANG", "en")]));
    assert!(!indonesian(&["--lang=en"], &[("LAYAK_LANG", "id")]));
    let file = site.join("layak.toml");
    let written = fs::read_to_string(&file).unwrap();
    rewrite(&file, written.replace("# lang = \"id\"", "lang = \"id\""));
    assert!(indonesian(&[], &[("LANG", "en_US.UTF-8")]), "the site chose");
    assert!(!indonesian(&[], &[("LAYAK_LANG", "en")]));
}

/// The verbs, as the published schemas and the completions name them.
const VERBS: [&str; 16] = [
    "init",
    "synth",
    "import",
    "quarantine",
    "freeze",
    "run",
    "export",
    "explain",
    "family",
    "verify",
    "program",
    "plugin",
    "rules",
    "demo",
    "bench",
    "completions",
];

#[test]
fn help_names_every_verb_in_both_languages() {
    let nowhere = tempfile::tempdir().unwrap();
    let help = |arguments: &[&str], lang: &str| {
        let output = layak(nowhere.path(), arguments).env("LAYAK_LANG", lang).output().unwrap();
        succeeds(&output, &arguments.join(" "));
        assert!(output.stderr.is_empty(), "help that was asked for is data");
        text(&output.stdout).to_owned()
    };
    for (lang, usage, other) in [("en", "Usage: ", "Pemakaian"), ("id", "Pemakaian: ", "Usage")] {
        let all = help(&["--help"], lang);
        for verb in VERBS {
            let listed = all.lines().any(|line| line.trim_start().split(' ').next() == Some(verb));
            assert!(listed, "{lang}: no `{verb}` in\n{all}");
            let one = help(&[verb, "--help"], lang);
            assert!(one.contains(usage) && !one.contains(other), "{lang}: {one}");
            if lang == "id" {
                for word in ["Options:", "Arguments:", "Commands:", "Print help", "[default", "[possible"] {
                    assert!(!one.contains(word), "{verb}: `{word}` in\n{one}");
                }
            }
        }
    }
    let without = run(nowhere.path(), &[]);
    assert_eq!(without.status.code(), Some(2));
    assert!(without.stdout.is_empty() && text(&without.stderr).contains("Usage: "));
}

#[test]
fn completions_know_every_verb() {
    let nowhere = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let script = exits(0, nowhere.path(), &["completions", shell]);
        for verb in VERBS {
            assert!(script.contains(verb), "{shell}: no `{verb}`");
        }
        let checked = std::process::Command::new(shell).arg("-n").stdin(std::process::Stdio::piped()).spawn();
        if let Ok(mut checking) = checked {
            std::io::Write::write_all(&mut checking.stdin.take().unwrap(), script.as_bytes()).unwrap();
            assert!(checking.wait().unwrap().success(), "{shell} does not accept its script");
        }
    }
}

#[test]
fn a_disk_that_does_not_take_it_is_74() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "in the way").unwrap();
    for arguments in [["synth", "--families", "10", "--out", "file/below"].as_slice(), &["init", "file/below"]] {
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(74), "{arguments:?}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains("file/below"), "{}", text(&output.stderr));
    }
    let copy = small().copy();
    let output = run(copy.path(), &["quarantine", "--export", "rules"]);
    assert_eq!(output.status.code(), Some(74), "a folder stands where the file should be: {}", text(&output.stderr));
    only_known_names(copy.path());
}

/// No temporary file is left beside the site's own.
fn only_known_names(site: &Path) {
    for entry in fs::read_dir(site).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(!name.starts_with('.'), "`{name}` was left behind");
    }
}

#[test]
fn a_second_writer_is_told_to_wait() {
    let copy = small().copy();
    let lock = fs::File::create(copy.path().join("registry.lock")).unwrap();
    lock.lock().unwrap();
    let output = run(copy.path(), &["import", "given/sound"]);
    assert_eq!(output.status.code(), Some(75), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("try again"), "{}", text(&output.stderr));
    lock.unlock().unwrap();
    exits(0, copy.path(), &["import", "given/sound"]);
    // the same of the ledger, which waits a few seconds for another to finish
    let ledger = rusqlite::Connection::open(copy.path().join("ledger.sqlite")).unwrap();
    ledger.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let output = run(copy.path(), &["verify", "latest"]);
    assert_eq!(output.status.code(), Some(75), "{}", text(&output.stderr));
}

#[test]
fn an_nik_is_read_from_standard_input_and_not_repeated() {
    let extract = fs::read_to_string(small().dir().join("extracts/individual.csv")).unwrap();
    let niks = extract.lines().skip(1).take(40).map(|line| line.split(',').next().unwrap());
    let mut explained = 0;
    for nik in niks.filter(|nik| nik.len() == 16) {
        let output = fed(layak(&small().dir(), &["explain"]), nik);
        assert!(!text(&output.stdout).contains(nik) && !text(&output.stderr).contains(nik));
        explained += u32::from(output.status.success());
        if explained == 3 {
            return;
        }
    }
    panic!("only {explained} of the first people are in the run");
}
