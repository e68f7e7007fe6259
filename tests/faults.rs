//! Import, freeze and run while the disk fails, fills up, or the process is
//! killed: nothing half made is taken for whole, and the same command then
//! completes to the same bytes.
//!
//! Which operation fails is counted by a shim before libc (`faults/shim.c`), so
//! that every point is met on purpose and none depends on time. A sample by
//! default. 200 kills, N = 1 to 200, 20 levels of a full disk, ten ceilings of
//! memory, for each verb (about half an hour, `nice` it):
//! `cargo test --release -p layak --test all faults -- --ignored`; counts go to `layak-faults.txt` in the
//! folder of temporary files.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use layak::snapshot::Snapshot;
use serde_json::Value;

use crate::sandbox::built::component;
use crate::support::{exits, files, layak};
use crate::tidy::top;

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Killed in place of this operation.
    Kill(u64),
    /// This operation fails, with this error.
    Nth(u64, i32),
    /// The disk is full after so many bytes.
    Full(u64),
    /// Kibibytes of address space.
    Ceiling(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Import,
    Freeze,
    Run,
}

impl Step {
    fn words(self) -> &'static [&'static str] {
        match self {
            Step::Import => &["import", "../extracts"],
            Step::Freeze => &["freeze", "2026Q3", "--as-of", "2026-09-20"],
            Step::Run => &["run", "2026Q3"],
        }
    }
}

/// Sites before each step, what each step gives, and how many operations and bytes it takes.
struct Start {
    place: PathBuf,
    shim: PathBuf,
    gives: BTreeMap<Step, Value>,
    takes: BTreeMap<Step, (u64, u64)>,
    _dir: tempfile::TempDir,
}

/// In memory where there is such a place: a kill does not lose what was written,
/// so that syncing to a real disk would only take time.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

const STEPS: [Step; 3] = [Step::Import, Step::Freeze, Step::Run];

fn start() -> &'static Start {
    static START: OnceLock<Start> = OnceLock::new();
    START.get_or_init(|| {
        let dir = folder();
        let place = dir.path().to_path_buf();
        let shim = place.join("shim.so");
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&shim);
        let built = cc.arg(top().join("tests/faults/shim.c")).arg("-ldl").status().expect("a C compiler, `cc`");
        assert!(built.success());
        let families = std::env::var("LAYAK_FAULT_FAMILIES").unwrap_or_else(|_| "200".to_owned());
        exits(0, &place, &["synth", "--families", &families, "--seed", "11", "--faults", "3%", "--out", "extracts"]);
        fs::write(place.join("key"), "6c".repeat(32)).unwrap();
        exits(0, &place, &["init", "site", "--key-file", "key"]);
        let site = place.join("site");
        // plugins are compiled beforehand: compiling is not what is tried here
        exits(0, &site, &["program", "list"]);
        let (mut gives, mut takes) = (BTreeMap::new(), BTreeMap::new());
        for step in STEPS {
            copy(&site, &place.join(format!("{step:?}")));
            let count = place.join("count");
            let mut command = layak(&site, step.words());
            let output = command.arg("--json").env("LD_PRELOAD", &shim).env("FAULT_COUNT", &count).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            gives.insert(step, serde_json::from_slice(&output.stdout).unwrap());
            let counted = fs::read_to_string(&count).unwrap();
            let (operations, bytes) = counted.trim().split_once(' ').unwrap();
            takes.insert(step, (operations.parse().unwrap(), bytes.parse().unwrap()));
            fs::remove_file(&count).unwrap();
        }
        // runs of the other steps find the extracts where this one did
        Start { place, shim, gives, takes, _dir: dir }
    })
}

fn command(site: &Path, step: Step, fault: Fault) -> Output {
    let mut command = match fault {
        Fault::Ceiling(kib) => {
            let mut shell = Command::new("sh");
            let words = step.words().join(" ");
            shell.arg("-c").arg(format!("ulimit -v {kib}; exec \"$LAYAK\" {words}"));
            shell.env("LAYAK", env!("CARGO_BIN_EXE_layak")).current_dir(site).env("LAYAK_LANG", "en");
            return shell.output().unwrap();
        }
        _ => layak(site, step.words()),
    };
    command.env("LD_PRELOAD", &start().shim);
    match fault {
        Fault::Kill(at) => command.env("FAULT_KILL", at.to_string()),
        Fault::Nth(at, errno) => command.env("FAULT_AT", at.to_string()).env("FAULT_ERRNO", errno.to_string()),
        Fault::Full(bytes) => command.env("FAULT_BYTES", bytes.to_string()),
        Fault::Ceiling(_) => &mut command,
    };
    command.output().unwrap()
}

/// Killed, out of memory, or an exit that says storage or interrupted.
fn fits(fault: Fault, status: ExitStatus) -> bool {
    match (fault, status.code(), status.signal()) {
        (_, Some(0 | 74 | 130), _) => true,
        (Fault::Kill(_), None, Some(9)) => true,
        // an allocation that fails ends the process
        (Fault::Ceiling(_), None, Some(6 | 9 | 11)) | (Fault::Ceiling(_), Some(127), _) => true,
        _ => false,
    }
}

/// What must hold right after: only whole snapshots, only whole runs, unless
/// killed no leavings.
fn whole(site: &Path, killed: bool) -> Result<(), String> {
    for folder in ["snapshots", "runs"] {
        for entry in fs::read_dir(site.join(folder)).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                if !killed {
                    return Err(format!("{folder}/{name} is left"));
                }
                continue;
            }
            if folder == "snapshots" {
                let snapshot = Snapshot::open(entry.path()).map_err(|error| error.to_string())?;
                if let Some(first) = snapshot.verify().failures.first() {
                    return Err(format!("half a snapshot: {first}"));
                }
            } else if !entry.path().join("receipt.json").is_file() {
                return Err(format!("half a run: {name}"));
            }
        }
    }
    Ok(())
}

fn without(value: &mut Value, key: &str) {
    match value {
        Value::Object(map) => {
            map.remove(key);
            map.values_mut().for_each(|inside| without(inside, key));
        }
        Value::Array(list) => list.iter_mut().for_each(|inside| without(inside, key)),
        _ => {}
    }
}

/// One fault, then the same command again without it, then the steps behind it.
fn survives(step: Step, fault: Fault) -> Result<bool, String> {
    let start = start();
    let dir = folder();
    copy(&start.place.join(format!("{step:?}")), dir.path());
    let site = dir.path().join("site");
    fs::rename(dir.path().join(format!("{step:?}")), &site).unwrap();
    std::os::unix::fs::symlink(start.place.join("extracts"), dir.path().join("extracts")).unwrap();
    let output = command(&site, step, fault);
    let talk = String::from_utf8_lossy(&output.stderr).into_owned();
    if !fits(fault, output.status) {
        return Err(format!("{step:?} {fault:?}: {} {talk}", output.status));
    }
    let failed = !output.status.success();
    let killed = output.status.signal().is_some();
    whole(&site, killed).map_err(|what| format!("{step:?} {fault:?} ({}): {what}", output.status))?;
    for behind in STEPS.into_iter().filter(|behind| *behind >= step) {
        let again = layak(&site, behind.words()).arg("--json").output().unwrap();
        let shown = String::from_utf8_lossy(&again.stderr).into_owned();
        if !again.status.success() {
            return Err(format!("{step:?} {fault:?} ({}): {behind:?} again: {shown}", output.status));
        }
        let mut said: Value = serde_json::from_slice(&again.stdout).unwrap();
        let mut wanted = start.gives[&behind].clone();
        for one in [&mut said, &mut wanted] {
            // whether it was done before may differ, and nothing else
            without(one, "already");
        }
        if said != wanted {
            return Err(format!("{step:?} {fault:?} ({}): {behind:?} gives {said}, not {wanted}", output.status));
        }
    }
    if step == Step::Run {
        exits(0, &site, &["verify", "latest"]);
    }
    Ok(failed)
}

/// Tries all faults on four threads; gives how many of them stopped the command.
fn all_survive(faults: &[(Step, Fault)]) -> usize {
    start();
    let (next, stopped) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let broken: Vec<String> = std::thread::scope(|scope| {
        let work = || {
            let mut broken = Vec::new();
            while let Some((step, fault)) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                match survives(*step, *fault) {
                    Ok(failed) => drop(stopped.fetch_add(usize::from(failed), Ordering::Relaxed)),
                    Err(what) => broken.push(what),
                }
            }
            broken
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(broken.is_empty(), "{} of {}:\n{}", broken.len(), faults.len(), broken.join("\n"));
    stopped.into_inner()
}

/// So many points spread over a step's operations or bytes, the first and the last among them.
fn spread(most: u64, count: u64) -> impl Iterator<Item = u64> {
    (0..count).map(move |at| 1 + (most - 1) * at / (count - 1))
}

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

fn faults(kills: u64, nth: u64, levels: u64, ceilings: &[u64]) -> Vec<(Step, Fault)> {
    let mut all = Vec::new();
    for step in STEPS {
        let (operations, bytes) = start().takes[&step];
        all.extend(spread(operations, kills).map(|at| (step, Fault::Kill(at))));
        all.extend(spread(operations, nth).map(|at| (step, Fault::Nth(at, if at % 2 == 0 { EIO } else { ENOSPC }))));
        all.extend(spread(bytes, levels).map(|at| (step, Fault::Full(at - 1))));
        all.extend(ceilings.iter().map(|kib| (step, Fault::Ceiling(*kib))));
    }
    all
}

#[test]
fn a_sample_of_faults_is_survived() {
    let faults = faults(4, 4, 2, &[400_000]);
    let stopped = all_survive(&faults);
    assert!(stopped * 4 >= faults.len() * 3, "only {stopped} of {} faults stopped anything", faults.len());
}

#[test]
#[ignore = "takes half an hour"]
fn every_fault_is_survived() {
    let mut all = faults(67, 2, 20, &[50_000, 100_000, 200_000, 400_000, 800_000, 1_600_000, 3_200_000, 12_800_000]);
    for step in STEPS {
        let (operations, _) = start().takes[&step];
        all.extend((1..=operations.min(200)).map(|at| (step, Fault::Nth(at, if at % 2 == 0 { EIO } else { ENOSPC }))));
    }
    let stopped = all_survive(&all);
    let takes = &start().takes;
    let report =
        format!("{} faults, {stopped} of them stopped the command; operations and bytes: {takes:?}", all.len());
    fs::write(std::env::temp_dir().join("layak-faults.txt"), report).unwrap();
    assert!(files(&start().place.join("extracts")).len() > 2);
}

/// Killed at each of its operations, `program add` has added the program or nothing.
#[test]
fn a_program_is_added_or_not() {
    let start = start();
    let given = folder();
    let at = |name: &str| given.path().join(name).display().to_string();
    fs::copy(top().join("tests/golden/hostile.toml"), at("hostile.toml")).unwrap();
    fs::write(at("hostile.wasm"), component(100)).unwrap();
    let (rules, plugin) = (at("hostile.toml"), at("hostile.wasm"));
    let add = ["program", "add", rules.as_str(), plugin.as_str()];
    let (mut whole, mut absent) = (0, 0);
    for operation in 1.. {
        let dir = folder();
        copy(&start.place.join("Run"), dir.path());
        let site = dir.path().join("Run");
        let mut command = layak(&site, &add);
        command.env("LD_PRELOAD", &start.shim).env("FAULT_KILL", operation.to_string());
        let output = command.output().unwrap();
        let listed = exits(0, &site, &["program", "list"]);
        assert!(!site.join("rules/.adding").exists());
        if listed.contains("hostile") {
            whole += 1;
        } else {
            absent += 1;
            assert!(!site.join("rules/plugins/hostile.wasm").exists(), "operation {operation} leaves a plugin");
            exits(0, &site, &add);
        }
        exits(0, &site, &["program", "show", "hostile"]);
        if output.status.success() {
            break;
        }
        assert_eq!(output.status.signal(), Some(9), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(absent > 5 && whole > 0, "{absent} absent, {whole} whole");
}

#[test]
fn the_shim_counts() {
    for (step, (operations, bytes)) in &start().takes {
        assert!(*operations > 20 && *bytes > 10_000, "{step:?}: {operations} operations, {bytes} bytes");
    }
}
