//! Ctrl-C: exit 130, nothing half-written, and the same result when run again.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{exits, files, json, layak};

/// Starts a command, sends SIGINT once `begun`, and gives the exit code.
fn interrupted(dir: &Path, arguments: &[&str], begun: impl Fn() -> bool) -> Option<i32> {
    let mut command = layak(dir, arguments);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let since = Instant::now();
    while !begun() && child.try_wait().unwrap().is_none() {
        assert!(since.elapsed() < Duration::from_secs(60), "{arguments:?} never began");
        std::thread::sleep(Duration::from_millis(1));
    }
    // gone already: its code says so
    let _gone = kill_process(Pid::from_child(&child), Signal::INT);
    child.wait().unwrap().code()
}

/// Whether a name below the folder begins or ends like this.
fn there(dir: &Path, part: &str) -> bool {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.file_name().to_string_lossy().contains(part))
}

#[test]
fn inventing_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("extracts");
    let arguments = ["synth", "--families", "3000000", "--out", "extracts"];
    assert_eq!(interrupted(folder.path(), &arguments, || there(&out, "synth-")), Some(130));
    assert_eq!(files(&out), Vec::<std::path::PathBuf>::new());
    exits(0, folder.path(), &["synth", "--families", "200", "--out", "extracts"]);
    assert!(files(&out).iter().all(|path| !path.to_string_lossy().contains("synth-")));
}

#[test]
fn an_import_a_freeze_and_a_run_can_be_stopped_and_done_again() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("key"), "6c".repeat(32)).unwrap();
    exits(0, folder.path(), &["synth", "--families", "40000", "--out", "extracts"]);
    for name in ["whole", "stopped"] {
        exits(0, folder.path(), &["init", name, "--key-file", "key"]);
    }
    let (whole, stopped) = (folder.path().join("whole"), folder.path().join("stopped"));
    let import = ["import", "../extracts"];
    let freeze = ["freeze", "2026Q3", "--as-of", "2026-09-20"];
    let run = ["run", "2026Q3"];
    json(&whole, &import);
    let (frozen, ran) = (json(&whole, &freeze), json(&whole, &run));

    let journal = || fs::metadata(stopped.join("registry.sqlite-journal")).is_ok_and(|file| file.len() > 0);
    assert_eq!(interrupted(&stopped, &import, journal), Some(130));
    assert_eq!(exits(2, &stopped, &freeze), "", "what was not imported cannot be frozen");
    json(&stopped, &import);

    assert_eq!(interrupted(&stopped, &freeze, || there(&stopped.join("snapshots"), ".")), Some(130));
    assert_eq!(files(&stopped.join("snapshots")), Vec::<std::path::PathBuf>::new());
    assert_eq!(json(&stopped, &freeze), frozen);

    assert_eq!(interrupted(&stopped, &run, || there(&stopped.join("runs"), ".making-")), Some(130));
    assert_eq!(files(&stopped.join("runs")), Vec::<std::path::PathBuf>::new());
    assert_eq!(json(&stopped, &run), ran);
}
