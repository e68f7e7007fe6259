//! A fifth program, built outside the workspace from a copy of `tests/outside`,
//! through the binary: packed, inspected, added, run beside the four, explained.
//! A program that traps fails alone; a refusal changes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::cases::cases_through;
use crate::sandbox::built::{build, built};
use crate::support::{exits, files, json, layak, run};
use crate::tidy::top;

const FOUR: [&str; 4] = ["blt_dd", "pbi_jkn", "pkh", "sembako"];

/// The settings of the workspace's profile: cargo then takes what the bundled
/// programs were built with, and builds only kit and the program itself.
const PROFILE: [&str; 16] = [
    "--config",
    "profile.release.codegen-units=16",
    "--config",
    "profile.release.incremental=true",
    "--config",
    "profile.release.package.\"*\".debug=false",
    "--config",
    "profile.release.build-override.opt-level=3",
    "--config",
    "profile.release.build-override.codegen-units=16",
    "--config",
    "profile.release.build-override.overflow-checks=true",
    "--config",
    "profile.release.build-override.incremental=true",
    "--config",
    "profile.release.build-override.debug='line-tables-only'",
];

/// What all tests of this module start from. `place` holds a frozen site, the
/// packed programs `lansia.wasm` and `cacat.wasm` and rule files beside them.
struct Start {
    place: PathBuf,
    _dir: tempfile::TempDir,
}

fn start() -> &'static Start {
    static START: OnceLock<Start> = OnceLock::new();
    START.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().to_path_buf();
        exits(0, &place, &["init", "site"]);
        let site = place.join("site");
        exits(0, &site, &["synth", "--families", "2000", "--seed", "3", "--out", "extracts"]);
        exits(0, &site, &["import", "extracts"]);
        exits(0, &site, &["freeze", "2026Q3", "--as-of", "2026-09-20"]);
        // fills the cache of compiled plugins that the copies below share
        exits(0, &site, &["program", "list"]);
        pack_outside(&place, "lansia", |code| code);
        // traps at the first family
        let reading = "*family = Family {";
        pack_outside(&place, "cacat", |code| {
            assert!(code.contains(reading));
            code.replace(reading, &format!("assert!(row.family > u32::MAX as usize, \"always\");\n{reading}"))
        });
        rule_files(&place);
        Start { place, _dir: dir }
    })
}

/// Copies the template out of the workspace under a name, builds and packs it.
fn pack_outside(place: &Path, name: &str, code: impl Fn(String) -> String) {
    let (from, to) = (top().join("tests/outside"), place.join(name));
    fs::create_dir_all(to.join("src")).unwrap();
    let renamed = |file: &str| fs::read_to_string(from.join(file)).unwrap().replace("\"lansia\"", &format!("{name:?}"));
    let kit = top().join("plugins/kit").display().to_string();
    fs::write(to.join("Cargo.toml"), renamed("Cargo.toml").replace("../../plugins/kit", &kit)).unwrap();
    fs::write(to.join("Cargo.lock"), renamed("Cargo.lock")).unwrap();
    fs::write(to.join("src/lib.rs"), code(renamed("src/lib.rs"))).unwrap();
    build(&to, &PROFILE);
    let core = built(name).display().to_string();
    exits(0, place, &["plugin", "pack", &core, "-o", &format!("{name}.wasm")]);
}

/// `lansia` as it is; `cacat` on the plugin that traps; `susulan` on the plugin
/// of lansia, after cacat; one with a wrong key; one named like a bundled program.
fn rule_files(place: &Path) {
    let lansia = fs::read_to_string(top().join("tests/outside/lansia.toml")).unwrap();
    let cacat = lansia.replace("plugin = \"lansia\"", "plugin = \"cacat\"");
    let late = lansia.replace("after = []", "after = [\"cacat\"]");
    let wrong = lansia.replace("months_paid = 3", "month_paid = 3");
    for (name, text) in [("cacat", &cacat), ("susulan", &late), ("keliru", &wrong), ("pkh", &lansia)] {
        assert!(name == "pkh" || *text != lansia);
        fs::write(place.join(format!("{name}.toml")), text).unwrap();
    }
    fs::write(place.join("lansia.toml"), lansia).unwrap();
}

/// A copy of the frozen site for a test that changes it.
fn site() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let copied = Command::new("cp").arg("-a").arg(start().place.join("site")).arg(dir.path()).status().unwrap();
    assert!(copied.success());
    let site = dir.path().join("site");
    (dir, site)
}

fn at(name: &str) -> String {
    start().place.join(name).display().to_string()
}

fn add(site: &Path, name: &str, plugin: &str) -> Value {
    json(site, &["program", "add", &at(&format!("{name}.toml")), &at(&format!("{plugin}.wasm"))])
}

/// Status and reason by program of a run's JSON.
fn statuses(ran: &Value) -> BTreeMap<String, (String, Value)> {
    let programs = ran["programs"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    programs.map(|p| (text(&p["program"]), (text(&p["status"]), p["reason"].clone()))).collect()
}

fn names(list: &Value, key: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one[key].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_fifth_program_runs_beside_the_four() {
    let (_dir, site) = site();
    let inspected = json(&site, &["plugin", "inspect", &at("lansia.wasm")]);
    assert_eq!((&inspected["name"], &inspected["unit"]), (&"lansia".into(), &"family".into()));
    assert_eq!(names(&inspected["columns"], "name"), ["decile", "dead", "birth_date"]);
    assert_eq!(names(&inspected["criteria"], "code"), ["decile_within", "old_member"]);

    let added = add(&site, "lansia", "lansia");
    assert_eq!(added["plugin_digest"], inspected["digest"]);
    assert_eq!(added["granted"], serde_json::json!(["decile", "dead", "birth_date"]));

    let listed = json(&site, &["program", "list"]);
    assert_eq!(names(&listed["programs"], "program").len(), 5);
    assert!(names(&listed["programs"], "program").contains(&"lansia".to_owned()));
    let shown = json(&site, &["program", "show", "lansia"]);
    assert_eq!(shown["plugin_digest"], inspected["digest"]);
    assert_eq!(shown["settings"]["old_age"]["value"], 75);
    assert_eq!(shown["quota_total"], 500_000);

    let before = json(&start().place.join("site"), &["run", "2026Q3"]);
    let ran = json(&site, &["run", "2026Q3"]);
    let done = statuses(&ran);
    assert_eq!(done.len(), 5);
    assert!(done.values().all(|(status, _)| status == "done"), "{done:?}");
    let line = |ran: &Value, name: &str| {
        ran["programs"].as_array().unwrap().iter().find(|p| p["program"] == name).cloned().unwrap()
    };
    for name in FOUR {
        assert_eq!(line(&ran, name)["list"], line(&before, name)["list"], "{name} does not notice a fifth program");
    }
    let lansia = line(&ran, "lansia");
    // 500,000 seats of 95,006,179 families, scaled to 2,000
    assert_eq!((&lansia["recipients"], &lansia["cost_period"]), (&10.into(), &6_000_000.into()));
    let id = ran["run"].as_str().unwrap();
    assert_eq!(json(&site, &["verify", id])["ok"], true);
    explained(&site, id);
}

/// Exports the fifth program's list and explains its first family by NIK.
fn explained(site: &Path, id: &str) {
    let exported = json(site, &["export", id, "--program", "lansia"]);
    assert_eq!((&exported["rows"], &exported["rupiah"]), (&10.into(), &6_000_000.into()));
    let mut list = csv::Reader::from_path(exported["files"][0]["file"].as_str().unwrap()).unwrap();
    let column = list.headers().unwrap().iter().position(|name| name == "nik").unwrap();
    let nik = list.records().next().unwrap().unwrap()[column].to_owned();
    let arguments = ["explain", "--run", id, "--program", "lansia", "--json"];
    let mut child = layak(site, &arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(nik.as_bytes()).unwrap();
    let said: Value = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
    let family = said["family"].as_str().unwrap();
    let page = exits(0, site, &["explain", family, "--program", "lansia"]);
    assert!(page.contains("Food Parcel for the Very Old"), "{page}");
    assert!(page.contains("a member is 75 or older"), "{page}");
    assert!(page.contains("Rp600,000"), "{page}");
    let all = exits(0, site, &["explain", family]);
    assert!(all.contains("Food Parcel for the Very Old") && all.contains("Family Hope Program"), "{all}");
}

#[test]
fn its_cases_hold_in_the_sandbox() {
    cases_through(&fs::read(at("lansia.wasm")).unwrap(), &top().join("tests/outside/cases.toml"));
}

#[test]
fn a_program_that_traps_fails_alone() {
    let (_dir, site) = site();
    add(&site, "lansia", "lansia");
    add(&site, "cacat", "cacat");
    // a second program on a plugin that is there already
    add(&site, "susulan", "lansia");
    let output = run(&site, &["run", "2026Q3", "--json"]);
    let talk = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(14), "{talk}");
    let ran: Value = serde_json::from_slice(&output.stdout).unwrap();
    let said = statuses(&ran);
    for name in FOUR.iter().chain(&["lansia"]) {
        assert_eq!(said[*name].0, "done", "{said:?}");
    }
    assert_eq!(said["cacat"].0, "failed");
    assert!(said["cacat"].1["en"].is_string() && said["cacat"].1["id"].is_string(), "{said:?}");
    assert_eq!(said["susulan"].0, "not_run");
    assert_eq!(said["susulan"].1["en"], "`cacat` failed");
    assert!(talk.contains("cacat"), "the error names the program: {talk}");

    let folder = site.join("runs").join(ran["run"].as_str().unwrap());
    assert!(folder.join("lansia").is_dir());
    assert!(!folder.join("cacat").exists() && !folder.join("susulan").exists());
    let id = ran["run"].as_str().unwrap();
    assert_eq!(json(&site, &["verify", id])["ok"], true);
    let refused = run(&site, &["export", id, "--program", "cacat"]);
    assert_eq!(refused.status.code(), Some(2), "{}", String::from_utf8_lossy(&refused.stderr));
    exits(0, &site, &["export", id, "--program", "pkh"]);
}

/// Every file of a site but compiled plugins, with its bytes, and every folder.
fn all_of(site: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let kept = files(site).into_iter().filter(|path| !path.starts_with(site.join("cache")));
    kept.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Refuses with this code, names this in the refusal, and leaves the site as it was.
fn refuses(site: &Path, code: i32, arguments: &[&str], named: &str) {
    let (before, folder) = (all_of(site), site.join("rules/plugins"));
    let had_plugins = folder.exists();
    let output = run(site, arguments);
    let talk = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {talk}");
    assert!(talk.contains(named), "{arguments:?} does not say `{named}`: {talk}");
    assert!(all_of(site) == before, "{arguments:?} changed the site");
    assert_eq!(folder.exists(), had_plugins, "{arguments:?} left a folder");
}

#[test]
fn a_refusal_leaves_the_site_as_it_was() {
    let (dir, site) = site();
    let plugin = at("lansia.wasm");
    let adds = |rules: &str, plugin: &str| ["program".to_owned(), "add".to_owned(), at(rules), plugin.to_owned()];
    let refuses = |code, words: &[String], named: &str| {
        refuses(&site, code, &words.iter().map(String::as_str).collect::<Vec<_>>(), named);
    };
    refuses(2, &adds("pkh.toml", &plugin), "pkh.toml` is already there");
    // the refusal points into the file that was given, not into a copy that is gone
    refuses(10, &adds("keliru.toml", &plugin), &format!("{}:", at("keliru.toml")));
    refuses(10, &adds("keliru.toml", &plugin), "did you mean `months_paid`?");
    refuses(10, &adds("cacat.toml", &plugin), "cacat");
    refuses(10, &adds("susulan.toml", &plugin), "`after` names the program `cacat`");
    refuses(14, &adds("lansia.toml", &built("lansia").display().to_string()), "layak plugin pack");
    refuses(2, &adds("lansia.toml", "tidak-ada.wasm"), "tidak-ada.wasm");

    let reaching = dir.path().join("reaching.wasm");
    let core = "(module (import \"env\" \"now\" (func (result i64))) (memory (export \"memory\") 1))";
    fs::write(&reaching, wat::parse_str(core).unwrap()).unwrap();
    let (from, to) = (reaching.display().to_string(), dir.path().join("out.wasm"));
    refuses(14, &["plugin", "pack", &from, "-o", &to.display().to_string()].map(str::to_owned), "reaching.wasm");
    assert!(!to.exists());

    add(&site, "lansia", "lansia");
    refuses(2, &adds("lansia.toml", &plugin), "lansia.toml` is already there");
    // a wrong rule file on a plugin that is in use takes that plugin with it never
    refuses(10, &adds("keliru.toml", &plugin), "month_paid");
    exits(0, &site, &["program", "show", "lansia"]);
}
