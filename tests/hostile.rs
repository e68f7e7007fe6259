//! Hostile plugins in real runs beside the four programs: the host stays up, the
//! others finish with the lists that they had before, what is ordered after the
//! hostile one is not run, the run names the reason, and nothing of it is written.
//!
//! All at once by default. Each alone, the slow ones too (about six minutes):
//! `cargo test --release -p layak --test all hostile -- --ignored`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use layak::sandbox::{gate, pack};
use serde::Deserialize;
use serde_json::Value;

use crate::sandbox::built::{component_named, core, core_named};
use crate::sandbox::graft::{Grafted, jumps, leb, tangle};
use crate::support::{exits, files, json, run};
use crate::tidy::top;

const FOUR: [&str; 4] = ["blt_dd", "pbi_jkn", "pkh", "sembako"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    module: Vec<Module>,
}

/// See the top of `tests/hostile/table.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Module {
    class: String,
    name: String,
    does: String,
    code: Option<String>,
    at: Option<String>,
    exit: Option<i32>,
    #[serde(default)]
    slow: bool,
    #[serde(default)]
    deep: bool,
    mode: Option<u32>,
    wat: Option<String>,
    before: Option<(String, String)>,
    graft: Option<String>,
}

fn table() -> Vec<Module> {
    let text = fs::read_to_string(top().join("tests/hostile/table.toml")).unwrap();
    toml::from_str::<Table>(&text).unwrap().module
}

/// `{{n|x}}` is x n times; `{{deep|n}}` is n types, each a list of the one before.
fn expanded(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, more)) = rest.split_once("{{") {
        let (inside, after) = more.split_once("}}").unwrap();
        let (count, what) = inside.split_once('|').unwrap();
        out.push_str(before);
        if count == "deep" {
            let depth: usize = what.parse().unwrap();
            (1..depth).for_each(|at| out.push_str(&format!("(type $t{at} (list $t{}))", at - 1)));
        } else {
            out.push_str(&what.repeat(count.parse().unwrap()));
        }
        rest = after;
    }
    out + rest
}

/// A component with more core instances than a plugin may have.
fn many_instances(mut component: Vec<u8>, count: usize) -> Vec<u8> {
    let module = gate::check(&component).unwrap().modules;
    component.extend([1, 8]);
    component.extend(b"\0asm\x01\0\0\0");
    let one = [vec![0], leb(module), vec![0]].concat();
    let section = [leb(count as u64), one.repeat(count)].concat();
    component.push(2);
    component.extend(leb(section.len() as u64));
    component.extend(section);
    component
}

impl Module {
    /// The bytes of the plugin, under this name where it says one.
    fn bytes(&self, name: &str) -> Vec<u8> {
        let honest = || Grafted::of(&core_named(100, name));
        // what cannot even be packed is refused at the same door
        let packed = |grafted: Grafted| pack(&grafted.bytes()).unwrap_or_else(|_| grafted.bytes());
        if let Some(mode) = self.mode {
            return component_named(100 + mode, name);
        }
        if let Some(text) = &self.wat {
            return wat::parse_str(expanded(text)).unwrap();
        }
        if let Some((function, code)) = &self.before {
            let export = match function.as_str() {
                "realloc" => "cabi_realloc".to_owned(),
                "post" => "cabi_post_layak:program/rules@1.0.0#judge".to_owned(),
                other => format!("layak:program/rules@1.0.0#{other}"),
            };
            let code: Vec<u8> =
                (0..code.len()).step_by(2).map(|at| u8::from_str_radix(&code[at..at + 2], 16).unwrap()).collect();
            let mut grafted = honest();
            grafted.prepend(grafted.exported(&export), &code);
            return packed(grafted);
        }
        let words: Vec<&str> = self.graft.as_ref().unwrap().split(' ').collect();
        let number = |at: usize| words[at].parse::<usize>().unwrap();
        match words[0] {
            "instances" => many_instances(component_named(100, name), number(1)),
            "jumps" => packed(honest().functions(&[jumps(number(1), number(2))])),
            "tangle" => {
                let bodies: Vec<Vec<u8>> = (0..number(1)).map(|salt| tangle(240 << 10, salt as u8)).collect();
                packed(honest().functions(&bodies))
            }
            "data" => packed(honest().data(number(1), number(2))),
            "exports" => packed(honest().exports(number(1))),
            "core" => core().to_vec(),
            "half" => {
                let whole = component_named(100, name);
                whole[..whole.len() / 2].to_vec()
            }
            "text" => b"[settings]\nmax_decile = 4\n".to_vec(),
            "empty" => Vec::new(),
            other => panic!("no graft `{other}`"),
        }
    }

    fn codes(&self) -> Option<Vec<&str>> {
        self.code.as_ref().map(|codes| codes.split('|').collect())
    }
}

#[test]
fn the_table_holds_every_class() {
    let table = table();
    let mut classes: BTreeMap<&str, usize> = BTreeMap::new();
    table.iter().for_each(|module| *classes.entry(module.class.as_str()).or_default() += 1);
    let wanted: BTreeSet<String> = (1..=12).map(|at| format!("H{at}")).collect();
    assert_eq!(classes.keys().map(|class| (*class).to_owned()).collect::<BTreeSet<_>>(), wanted);
    let names: BTreeSet<&str> = table.iter().map(|module| module.name.as_str()).collect();
    assert_eq!(names.len(), table.len(), "a name stands twice");
    assert!(table.len() >= 60 && table.iter().all(|module| !module.does.is_empty()), "{classes:?}");
}

/// A frozen site with one run of the four programs, and that run.
struct Start {
    site: PathBuf,
    before: Value,
    _dir: tempfile::TempDir,
}

fn start() -> &'static Start {
    static START: OnceLock<Start> = OnceLock::new();
    START.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        exits(0, dir.path(), &["init", "site"]);
        let site = dir.path().join("site");
        exits(0, &site, &["synth", "--families", "1000", "--seed", "5", "--out", "extracts"]);
        exits(0, &site, &["import", "extracts"]);
        exits(0, &site, &["freeze", "2026Q3", "--as-of", "2026-09-20"]);
        let before = json(&site, &["run", "2026Q3"]);
        Start { site, before, _dir: dir }
    })
}

/// A copy of the site with these modules put in by hand, as somebody with the
/// keys of the site could: `program add` would not let most of them in.
fn besieged(modules: &[(String, &Module)]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let copied = Command::new("cp").arg("-a").arg(&start().site).arg(dir.path()).status().unwrap();
    assert!(copied.success());
    let site = dir.path().join("site");
    let plugins = site.join("rules/plugins");
    fs::create_dir_all(&plugins).unwrap();
    let rules = fs::read_to_string(top().join("tests/golden/hostile.toml")).unwrap();
    let mut grants = fs::read_to_string(site.join("rules/operator.toml")).unwrap();
    let mut program = |id: &str, plugin: &str, after: &str| {
        let text = rules.replace("plugin = \"hostile\"", &format!("plugin = \"{plugin}\""));
        fs::write(site.join(format!("rules/{id}.toml")), text.replace("after = []", after)).unwrap();
        grants.push_str(&format!("\n[grants.{id}]\ncolumns = [\"decile\"]\n"));
    };
    program("honest", "honest", "after = []");
    for (id, _) in modules {
        program(id, id, "after = []");
        program(&format!("after_{id}"), "honest", &format!("after = [\"{id}\"]"));
    }
    // enough fuel to get as far as the limits of memory, and a short patience with compiling
    grants.push_str("\n[limits]\nfuel_base = 300_000_000\ncompile_seconds = 4\n");
    fs::write(site.join("rules/operator.toml"), grants).unwrap();
    fs::write(plugins.join("honest.wasm"), component_named(100, "honest")).unwrap();
    for (id, module) in modules {
        fs::write(plugins.join(format!("{id}.wasm")), module.bytes(id)).unwrap();
    }
    (dir, site)
}

fn line<'a>(ran: &'a Value, program: &str) -> &'a Value {
    ran["programs"].as_array().unwrap().iter().find(|line| line["program"] == program).unwrap()
}

/// The four and the honest one are as they were without anybody hostile.
fn others_stand(ran: &Value) {
    for name in FOUR {
        assert_eq!(line(ran, name), line(&start().before, name), "{name} noticed");
    }
    assert_eq!(line(ran, "honest")["status"], "done");
}

fn held(site: &Path, modules: &[(String, &Module)]) {
    let output = run(site, &["run", "2026Q3", "--update-lock", "--json"]);
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(!talk.chars().any(|c| c.is_control() && c != '\n'), "control characters reach the terminal: {talk:?}");
    let refused = |module: &Module| module.code.is_some() && module.at.is_none();
    let worst = modules.iter().filter(|(_, module)| refused(module)).map(|(_, module)| module.exit.unwrap_or(14)).max();
    let ran: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no run: {talk}"));
    let id = ran["run"].as_str().unwrap();
    let folder = site.join("runs").join(id);
    let mut faults = Vec::new();
    let mut quiet = true;
    for (own, module) in modules {
        let (said, after) = (line(&ran, own), line(&ran, &format!("after_{own}")));
        let known = module.codes();
        let code = said["code"].as_str().unwrap_or_default();
        let fits = match (&known, module.at.is_some()) {
            (None, _) | (_, true) => said["status"] == "done" && after["status"] == "done",
            (Some(codes), _) => {
                let failed = said["status"] == "failed"
                    && said["reason"]["en"].is_string()
                    && said["reason"]["id"].is_string()
                    && after["status"] == "not_run"
                    && after["reason"]["en"] == format!("`{own}` failed")
                    && !folder.join(own).exists()
                    && !folder.join(format!("after_{own}")).exists();
                quiet &= !failed;
                failed && !code.is_empty() && (codes.contains(&code) || codes == &["*"])
            }
        };
        if !fits {
            faults.push(format!("{} {}: {said} | {after}", module.class, module.name));
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), modules.len(), faults.join("\n"));
    assert_eq!(output.status.code(), if quiet { Some(0) } else { worst }, "{talk}");
    others_stand(&ran);
    let made: Vec<PathBuf> = files(&site.join("runs"));
    assert!(made.iter().all(|path| !path.to_string_lossy().contains(".making-")), "half a run is left");
    assert_eq!(json(site, &["verify", id])["ok"], true);
    again(site, &ran);
    exported(site, id, modules);
}

/// The same on one thread: neither lists nor reasons depend on who came first.
fn again(site: &Path, ran: &Value) {
    let output = run(site, &["run", "2026Q3", "--threads", "1", "--json"]);
    let second: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(second["run"], ran["run"]);
    assert_eq!(second["programs"], ran["programs"]);
}

/// What lies only when it explains itself fails when its list is exported, and no list is left.
fn exported(site: &Path, id: &str, modules: &[(String, &Module)]) {
    for (own, module) in modules.iter().filter(|(_, module)| module.at.is_some()) {
        let output = run(site, &["export", id, "--program", own, "--format", "csv,parquet"]);
        let talk = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(14), "{}: {talk}", module.name);
        assert!(module.codes().unwrap().iter().any(|words| talk.contains(words)), "{}: {talk}", module.name);
        assert_eq!(files(&site.join("lists")), Vec::<PathBuf>::new(), "{}: a list is left", module.name);
    }
    exits(0, site, &["export", id, "--program", "honest"]);
    // judged and explained again, exactly those are named
    let output = run(site, &["verify", id, "--deep", "--json"]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let named: BTreeSet<&str> =
        found["failures"].as_array().unwrap().iter().map(|one| one["file"].as_str().unwrap()).collect();
    let liars = modules.iter().filter(|(_, module)| module.at.is_some() || module.deep);
    let liars: BTreeSet<&str> = liars.map(|(own, _)| own.as_str()).collect();
    let of = |file: &&str| file.split('/').nth(2).unwrap().to_owned();
    assert_eq!(named.iter().map(of).collect::<BTreeSet<_>>(), liars.iter().map(|own| (*own).to_owned()).collect());
    assert_eq!(output.status.code(), Some(if liars.is_empty() { 0 } else { 15 }));
}

fn numbered(table: &[Module]) -> Vec<(String, &Module)> {
    table.iter().enumerate().map(|(at, module)| (format!("x{at:03}"), module)).collect()
}

#[test]
fn all_of_them_at_once_spoil_only_themselves() {
    let table = table();
    let quick = numbered(&table).into_iter().filter(|(_, module)| !module.slow);
    // those that lie when they explain themselves stand apart: each export loads all plugins again
    let (late, early): (Vec<_>, Vec<_>) = quick.partition(|(_, module)| module.at.is_some());
    for some in [early, late] {
        let (_dir, site) = besieged(&some);
        held(&site, &some);
    }
}

#[test]
#[ignore = "takes minutes: each hostile plugin in a run of its own"]
fn each_of_them_alone_spoils_only_itself() {
    let table = table();
    for one in numbered(&table) {
        let one = [one];
        let (_dir, site) = besieged(&one);
        held(&site, &one);
    }
}
