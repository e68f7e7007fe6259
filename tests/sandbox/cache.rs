//! The store of compiled plugins: made once, by a child that may die, and never
//! loaded when somebody touched it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use layak::error::Fault;
use layak::sandbox::{Limits, Sandbox};

use super::batches::{batch, places};
use super::built::{compiler, component, configure, limits, text};

fn entry(folder: &Path) -> PathBuf {
    let mut open = vec![folder.to_path_buf()];
    let mut found = Vec::new();
    while let Some(at) = open.pop() {
        if at.is_dir() {
            open.extend(fs::read_dir(&at).unwrap().map(|entry| entry.unwrap().path()));
        } else if at.components().any(|part| part.as_os_str() == "modules") && at.extension().is_none() {
            found.push(at);
        }
    }
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn with_compiler(folder: &Path) -> Sandbox {
    Sandbox::with_compiler(limits(), folder, compiler()).unwrap()
}

/// A sandbox that cannot compile: whatever it loads was compiled before.
fn without_compiler(folder: &Path) -> Sandbox {
    Sandbox::with_compiler(limits(), folder, PathBuf::from("/nonexistent/layak")).unwrap()
}

#[test]
fn a_second_start_compiles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = component(0);
    with_compiler(folder.path()).load(&bytes).unwrap();
    let started = Instant::now();
    let plugin = without_compiler(folder.path()).load(&bytes).unwrap();
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert!(configure(&plugin).unwrap().judge(&batch(64), &places()).is_ok());
    let mode =
        |path: &Path| std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o777;
    assert_eq!(mode(folder.path()), 0o700);
    assert_eq!(mode(&folder.path().join("key")), 0o600);
    for inside in fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        assert_eq!(mode(&inside), 0o700, "{}", inside.display());
    }
}

#[test]
fn a_touched_entry_is_never_loaded_and_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = component(0);
    with_compiler(folder.path()).load(&bytes).unwrap();
    let path = entry(folder.path());
    let good = fs::read(&path).unwrap();
    let flips = (0..12).map(|step| {
        let mut bad = good.clone();
        let at = step * (bad.len() - 1) / 11;
        bad[at] ^= 1 << (step % 8);
        bad
    });
    let cuts = [good[..good.len() / 2].to_vec(), Vec::new(), [good.clone(), vec![0]].concat()];
    for bad in flips.chain(cuts) {
        fs::write(&path, &bad).unwrap();
        assert!(without_compiler(folder.path()).load(&bytes).is_err(), "a touched entry was loaded");
    }
    with_compiler(folder.path()).load(&bytes).unwrap();
    assert!(without_compiler(folder.path()).load(&bytes).is_ok());
}

#[test]
fn a_swapped_or_foreign_entry_is_noticed() {
    let (mine, other, foreign) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let bytes = component(0);
    with_compiler(mine.path()).load(&bytes).unwrap();
    with_compiler(other.path()).load(&component(62)).unwrap();
    with_compiler(foreign.path()).load(&bytes).unwrap();
    let path = entry(mine.path());
    // another plugin's code under this plugin's name
    fs::copy(entry(other.path()), &path).unwrap();
    assert!(without_compiler(mine.path()).load(&bytes).is_err());
    // this plugin's folder as another site made it, with that site's seal
    let folder = path.ancestors().nth(3).unwrap();
    fs::copy(entry(foreign.path()), &path).unwrap();
    let seal = entry(foreign.path()).ancestors().nth(3).unwrap().join("seal");
    fs::copy(seal, folder.join("seal")).unwrap();
    assert!(without_compiler(mine.path()).load(&bytes).is_err());
    fs::remove_file(folder.join("seal")).unwrap();
    assert!(without_compiler(mine.path()).load(&bytes).is_err());
    with_compiler(mine.path()).load(&bytes).unwrap();
}

#[test]
fn a_child_that_takes_too_much_is_stopped() {
    let bytes = component(0);
    for (limits, words) in [
        (Limits { compile_wall: Duration::ZERO, ..limits() }, "took too long"),
        (Limits { compile_memory: 60 << 20, ..limits() }, "while compiling"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::with_compiler(limits, folder.path(), compiler()).unwrap();
        let error = sandbox.load(&bytes).unwrap_err();
        assert_eq!(error.fault, Fault::Plugin, "{error}");
        assert!(text(&error).contains(words), "{}", text(&error));
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["key"], "something half-made is left");
    }
}

#[test]
fn two_starts_at_once_agree() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = component(0);
    std::thread::scope(|scope| {
        let starts: Vec<_> =
            (0..4).map(|_| scope.spawn(|| with_compiler(folder.path()).load(&bytes).map(drop))).collect();
        for start in starts {
            start.join().unwrap().unwrap();
        }
    });
    assert!(without_compiler(folder.path()).load(&bytes).is_ok());
}

/// The child sets its limits before it reads a byte of the component.
#[test]
fn the_child_limits_itself_before_it_reads() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = std::process::Command::new(compiler())
        .args(["compile-child".into(), folder.path().join("code"), "987654144".into(), "7".into()])
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let path = format!("/proc/{}/limits", child.id());
    let expected = [("Max cpu time", "7"), ("Max address space", "987654144"), ("Max core file size", "0")];
    let started = Instant::now();
    loop {
        let limits = fs::read_to_string(&path).unwrap();
        let holds = |(name, value): &(&str, &str)| {
            let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
            let rest: Vec<&str> = line[name.len()..].split_whitespace().collect();
            rest[0] == *value && rest[1] == *value
        };
        if expected.iter().all(holds) {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "{limits}");
        std::thread::sleep(Duration::from_millis(5));
    }
    // an empty component: refused, not hung
    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(14));
}
