//! Golden diagnostics: what a person reads, in both languages, when a command is
//! refused (`BLESS=1` rewrites). A refusal is short, names the place, says what to
//! do, puts nothing on standard output and changes no file.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::OnceLock;

use serde::Deserialize;

use crate::sandbox::built;
use crate::support::{exits, files, json, layak};
use crate::tidy::top;

#[derive(Debug, Deserialize)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    run: Vec<String>,
    code: i32,
    #[serde(default)]
    input: String,
    bend: Option<String>,
    #[serde(rename = "in")]
    place: Option<String>,
    stays: Option<bool>,
}

/// One small site for all tests that read, with what they ask about.
pub(crate) struct Small {
    folder: tempfile::TempDir,
    /// The run of 2026Q3.
    pub(crate) run: String,
    /// A family of it.
    pub(crate) family: String,
}

impl Small {
    /// The site's folder.
    pub(crate) fn dir(&self) -> std::path::PathBuf {
        self.folder.path().join("site")
    }

    /// A copy to be bent or written to; the invented extracts are left out.
    pub(crate) fn copy(&self) -> tempfile::TempDir {
        let copy = tempfile::tempdir().unwrap();
        copy_all(&self.dir(), copy.path(), &["extracts"]);
        copy
    }
}

/// 2,000 families through the whole quarter, and the bad input under `given/`.
pub(crate) fn small() -> &'static Small {
    static SMALL: OnceLock<Small> = OnceLock::new();
    SMALL.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("key"), "6c".repeat(32)).unwrap();
        exits(0, folder.path(), &["init", "site", "--key-file", "key"]);
        let site = folder.path().join("site");
        exits(0, &site, &["synth", "--families", "2000", "--faults", "2%", "--out", "extracts"]);
        json(&site, &["import", "extracts"]);
        json(&site, &["freeze", "2026Q3", "--as-of", "2026-09-20"]);
        let run = json(&site, &["run", "2026Q3"])["run"].as_str().unwrap().to_owned();
        let extract = fs::read_to_string(site.join("extracts/individual.csv")).unwrap();
        // the first rows may be spoilt: the first NIK that is known will do
        let family = extract.lines().skip(1).take(20).find_map(|line| {
            let output = fed(layak(&site, &["explain", "--json"]), line.split(',').next()?);
            let explained: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
            Some(explained["family"].as_str()?.to_owned())
        });
        give(&site.join("given"));
        Small { folder, run, family: family.unwrap() }
    })
}

/// Runs a command with this on standard input.
pub(crate) fn fed(mut command: std::process::Command, input: &str) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // a command that is refused before it reads closes the pipe
    let _closed = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// Bad extracts, bad plugins, and a rule file for the latter.
fn give(into: &Path) {
    copy_all(&top().join("tests/extracts"), into, &[]);
    copy_all(&top().join("tests/scenarios"), &into.join("scenarios"), &["golden"]);
    fs::copy(top().join("tests/golden/hostile.toml"), into.join("hostile.toml")).unwrap();
    for mode in [100, 112, 120, 130, 150] {
        fs::write(into.join(format!("hostile_{mode}.wasm")), built::component(mode)).unwrap();
    }
    fs::write(into.join("honest.core.wasm"), built::core()).unwrap();
    let write = |name: &str, text: &str| fs::write(into.join(name), wat::parse_str(text).unwrap()).unwrap();
    let clock = r#"(component (import "wasi:clocks/monotonic-clock@0.2.0"
        (instance (export "now" (func (result u64))))))"#;
    write("imports.wasm", clock);
    write("imports.core.wasm", r#"(module (import "env" "getrandom" (func (param i32 i32))))"#);
}

/// Databases and locks are copied; other files, which Layak replaces and never changes, are linked.
pub(crate) fn copy_all(from: &Path, to: &Path, without: &[&str]) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let there = to.join(&name);
        if without.contains(&name.as_str()) {
            fs::create_dir_all(&there).unwrap();
        } else if path.is_dir() {
            copy_all(&path, &there, &[]);
        } else if name.contains(".sqlite") || name.ends_with(".lock") || fs::hard_link(&path, &there).is_err() {
            fs::copy(&path, &there).unwrap();
        }
    }
}

/// Writes a file anew: the old one may be linked to from another copy of the site.
pub(crate) fn rewrite(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

fn replace(path: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(old), "`{old}` is not in {}", path.display());
    rewrite(path, text.replacen(old, new, 1));
}

/// Flips one byte in the middle of the first file of this ending below a folder.
pub(crate) fn flip(folder: &Path, ending: &str) {
    let path = files(folder).into_iter().find(|path| path.to_string_lossy().ends_with(ending)).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    rewrite(&path, bytes);
}

/// What is done to a copy of the site before a case.
fn bend(what: &str, site: &Path) {
    match what {
        "nothing" => {}
        "site_file_wrong" => replace(&site.join("layak.toml"), "threads = 0", "thread = 0"),
        "grant_cut" => replace(&site.join("rules/operator.toml"), "\"decile\", \"member_count\"", "\"member_count\""),
        "rule_file_wrong" => replace(&site.join("rules/pkh.toml"), "[incumbent]\n", "[incumbent]\nmax_periods = 20\n"),
        "rules_changed" => replace(&site.join("rules/pkh.toml"), "\n[incumbent]\n", "\n# changed\n[incumbent]\n"),
        "lock_of_another_plugin" => {
            let lock = site.join("layak.lock");
            let text = fs::read_to_string(&lock).unwrap();
            let (before, pinned) = text.split_once("[programs.pkh]\nplugin = \"").unwrap();
            rewrite(&lock, format!("{before}[programs.pkh]\nplugin = \"{}{}", "0".repeat(64), &pinned[64..]));
        }
        "snapshot_changed" => flip(&site.join("snapshots"), "manifest.json"),
        "selection_changed" => flip(&site.join("runs"), "11.parquet"),
        "two_runs_alike" => {
            let ledger = rusqlite::Connection::open(site.join("ledger.sqlite")).unwrap();
            let twin = "INSERT INTO runs (run, period, snapshot, receipt, noted)
                SELECT substr(run, 1, 8) || 'twin', period, snapshot, receipt, noted FROM runs";
            ledger.execute(twin, []).unwrap();
        }
        other => {
            let mode = other.strip_prefix("adds_").unwrap_or_else(|| panic!("nobody knows how to `{other}`"));
            exits(0, site, &["program", "add", "given/hostile.toml", &format!("given/hostile_{mode}.wasm")]);
        }
    }
}

/// Every file that a refusal must leave as it is.
fn kept(site: &Path) -> BTreeMap<String, blake3::Hash> {
    let inside = |path: &Path| path.strip_prefix(site).unwrap().display().to_string();
    files(site)
        .into_iter()
        .filter(|path| !inside(path).starts_with("cache/"))
        // the journal and the half-made folder of a command beside this one may come and go
        .filter_map(|path| Some((inside(&path), blake3::hash(&fs::read(&path).ok()?))))
        .filter(|(path, _)| !path.ends_with("-journal") && !path.contains(".making-"))
        .collect()
}

/// What differs from machine to machine or with every change of a plugin.
fn masked(text: &str, site: &Path) -> String {
    let resolved = site.canonicalize().unwrap();
    let text = text.replace(&resolved.display().to_string(), "SITE").replace(&site.display().to_string(), "SITE");
    let run = &small().run;
    let text = [64, 12, 8].into_iter().fold(text, |text, len| text.replace(run.get(..len).unwrap(), "RUN"));
    let mut out = String::new();
    let mut word = String::new();
    for c in text.chars().chain(std::iter::once('\0')) {
        if c.is_ascii_hexdigit() && !c.is_ascii_uppercase() {
            word.push(c);
            continue;
        }
        out.push_str(if word.len() >= 12 && word != "0".repeat(12) { "HASH" } else { &word });
        word.clear();
        out.push(c);
    }
    out.trim_end_matches('\0').to_owned()
}

fn check(case: &Case, lang: &str) -> Option<String> {
    let small = small();
    let own = match (&case.bend, case.place.as_deref()) {
        (Some(what), _) => {
            let copy = small.copy();
            bend(what, copy.path());
            Some(copy)
        }
        (None, Some("nowhere")) => Some(tempfile::tempdir().unwrap()),
        // an import holds its site, and cases run side by side
        (None, _) if case.run.first().is_some_and(|verb| verb == "import") => Some(small.copy()),
        (None, _) => None,
    };
    let site = own.as_ref().map_or_else(|| small.dir(), |copy| copy.path().to_path_buf());
    let run8 = small.run.get(..8).unwrap();
    let filled =
        |word: &String| word.replace("{run}", &small.run).replace("{run8}", run8).replace("{family}", &small.family);
    let arguments: Vec<String> = case.run.iter().map(filled).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let before = if case.stays.unwrap_or(true) { kept(&site) } else { BTreeMap::new() };
    let mut command = layak(&site, &arguments);
    command.env("LAYAK_LANG", lang);
    let output = fed(command, &case.input);
    let name = format!("{} ({lang})", case.name);
    let said = String::from_utf8(output.stderr).unwrap();
    if output.status.code() != Some(case.code) {
        return Some(format!("{name}: exit {:?}, not {}\n{said}", output.status.code(), case.code));
    }
    if case.stays.unwrap_or(true) {
        if !output.stdout.is_empty() {
            return Some(format!("{name}: data in spite of a refusal: {}", String::from_utf8_lossy(&output.stdout)));
        }
        let changed: Vec<_> = kept(&site).into_iter().filter(|(path, hash)| before.get(path) != Some(hash)).collect();
        if !changed.is_empty() {
            return Some(format!("{name}: a refusal changed {changed:?}"));
        }
    }
    let said = format!("$ layak {}\n{}[exit {}]\n", case.run.join(" "), masked(&said, &site), case.code);
    let path = top().join(format!("tests/golden/{}.{lang}.txt", case.name));
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, said).unwrap();
        return None;
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    (golden != said).then(|| format!("{name} differs from {}; is now:\n{said}", path.display()))
}

fn cases() -> Vec<Case> {
    let text = fs::read_to_string(top().join("tests/golden/cases.toml")).unwrap();
    toml::from_str::<Cases>(&text).unwrap().case
}

#[test]
fn every_refusal_says_what_is_written_down() {
    // most of a case is waiting for a process to start and a disk to sync
    let cases = cases();
    let share = &|n: usize| {
        let mine = cases.iter().skip(n).step_by(4);
        mine.flat_map(|case| ["en", "id"].into_iter().filter_map(|lang| check(case, lang))).collect::<Vec<_>>()
    };
    small();
    let faults: Vec<String> = std::thread::scope(|scope| {
        let shares: Vec<_> = (0..4).map(|n| scope.spawn(move || share(n))).collect();
        shares.into_iter().flat_map(|one| one.join().unwrap()).collect()
    });
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let left: Vec<_> =
        files(&small().dir()).into_iter().filter(|path| path.display().to_string().contains(".making-")).collect();
    assert!(left.is_empty(), "half-made folders are left: {left:?}");
}

#[test]
fn every_golden_file_has_its_case_and_both_languages_differ() {
    let names: Vec<String> = cases().into_iter().map(|case| case.name).collect();
    for path in files(&top().join("tests/golden")).iter().filter(|path| path.extension().is_some_and(|e| e == "txt")) {
        let stem = path.file_name().unwrap().to_string_lossy();
        let name = stem.split('.').next().unwrap();
        assert!(names.iter().any(|known| known == name), "{} has no case", path.display());
        let text = |lang: &str| fs::read_to_string(path.with_file_name(format!("{name}.{lang}.txt"))).unwrap();
        assert_ne!(text("en"), text("id"), "{name}");
    }
}
