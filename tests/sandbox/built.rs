//! The hostile plugin, built once, with the attack written into its bytes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use layak::error::Error;
use layak::sandbox::{Judge, Limits, Plugin, Sandbox, Value, pack};
use layak::terms::{Date, Lang};

use crate::tidy::top;

/// The binary that understands `compile-child`.
pub(crate) fn compiler() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_layak"))
}

/// The nested cargo's target folder, shared with the bundled programs.
fn target() -> PathBuf {
    compiler().ancestors().nth(2).unwrap().join("plugins")
}

/// Builds a folder's crate for wasm with the flags that the bundled programs were built with.
pub(crate) fn build(folder: &Path, more: &[&str]) {
    let home = std::env::var("CARGO_HOME").unwrap_or_else(|_| format!("{}/.cargo", std::env::var("HOME").unwrap()));
    let flags = format!("--remap-path-prefix={home}=/cargo\u{1f}--remap-path-prefix={}=/layak", top().display());
    let mut cargo = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    for (name, _) in std::env::vars() {
        if name.starts_with("CARGO") && name != "CARGO_HOME" {
            cargo.env_remove(name);
        }
    }
    let output = cargo
        .current_dir(folder)
        .env("CARGO_ENCODED_RUSTFLAGS", flags)
        .env("CARGO_INCREMENTAL", "0")
        .args(["build", "--release", "--locked", "--target", "wasm32-unknown-unknown"])
        .args(["--config", "profile.release.debug=false"])
        .args(more)
        .arg("--target-dir")
        .arg(target())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Where `build` puts the core module of this crate.
pub(crate) fn built(name: &str) -> PathBuf {
    target().join(format!("wasm32-unknown-unknown/release/{name}.wasm"))
}

/// The hostile core module as cargo built it.
pub(crate) fn core() -> &'static [u8] {
    static CORE: OnceLock<Vec<u8>> = OnceLock::new();
    CORE.get_or_init(|| {
        build(&top(), &["--package", "hostile"]);
        std::fs::read(built("hostile")).unwrap()
    })
}

/// The hostile core module with this attack, under this name of at most 12 letters.
pub(crate) fn core_named(mode: u32, name: &str) -> Vec<u8> {
    let mut core = core().to_vec();
    let mut put = |mark: &str, text: &[u8]| {
        let found = core.windows(mark.len()).position(|part| part == mark.as_bytes());
        let at = found.expect("the mark is in the module") + mark.len();
        core[at..at + text.len()].copy_from_slice(text);
    };
    put("LAYAK-HOSTILE-MODE-", format!("{mode:03}").as_bytes());
    put("LAYAK-HOSTILE-NAME-", format!("{name:12}").as_bytes());
    core
}

pub(crate) fn component_named(mode: u32, name: &str) -> Vec<u8> {
    pack(&core_named(mode, name)).unwrap()
}

/// The hostile component with this attack.
pub(crate) fn component(mode: u32) -> Vec<u8> {
    component_named(mode, "hostile")
}

/// One cache for all tests: the folder is per plugin digest anyway.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    FOLDER.get_or_init(|| tempfile::tempdir().unwrap()).path()
}

/// Limits that make a runaway short, and a watchdog that a busy machine does not reach.
pub(crate) fn limits() -> Limits {
    Limits { fuel_base: 300_000_000, wall: Duration::from_secs(120), ..Limits::default() }
}

pub(crate) fn sandbox() -> Sandbox {
    Sandbox::with_compiler(limits(), folder(), compiler()).unwrap()
}

pub(crate) fn load(mode: u32) -> Result<Plugin, Error> {
    sandbox().load(&component(mode))
}

pub(crate) fn configure(plugin: &Plugin) -> Result<Judge, Error> {
    let present = vec![true; plugin.description().columns.len()];
    plugin.configure(&[Value::Integer(4)], &present, Date(20_000), Date(19_900))
}

pub(crate) fn judge(mode: u32) -> Judge {
    configure(&load(mode).unwrap()).unwrap()
}

/// The English line of an error and its fix: what a test compares.
pub(crate) fn text(error: &Error) -> String {
    assert!(error.fix.is_some(), "no fix: {error}");
    assert!(!error.message.id.is_empty() && error.message.id != error.message.en, "one language only: {error}");
    let line = error.line(Lang::En);
    assert!(!line.chars().any(char::is_control), "control characters reach the reader: {line:?}");
    format!("{line} | {}", error.fix.as_ref().unwrap().en)
}
