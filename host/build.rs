//! Builds the bundled programs for `wasm32-unknown-unknown` with a nested cargo,
//! wraps them into components and embeds them.
//!
//! Takes `plugins/*` and `schema/program.wit`; gives `bundled.rs` in `OUT_DIR`.
//! The nested cargo has its own target folder and none of the outer cargo's
//! environment, so that the same sources give the same bytes in any folder.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PROGRAMS: [&str; 4] = ["blt_dd", "pbi_jkn", "pkh", "sembako"];
const TARGET: &str = "wasm32-unknown-unknown";
/// A component that carries this name exports the world of `schema/program.wit`.
const EXPORT: &[u8] = b"layak:program/rules@1.0.0";

/// Vectors of integers, the same on every CPU; and memory for a whole batch from
/// the start, so that no instance has to ask for more pages.
const FOR_SPEED: [&str; 2] = ["-Ctarget-feature=+simd128", "-Clink-arg=--initial-memory=8388608"];

type Fallible<T> = Result<T, Box<dyn Error>>;

fn main() -> Fallible<()> {
    let host = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let top = host.parent().ok_or("the host crate lies in no workspace")?.to_path_buf();
    let out = PathBuf::from(env::var("OUT_DIR")?);
    watch(&top);
    let target = nested_target(&out)?;
    build(&top, &target)?;

    let mut list = String::from("pub(super) static BUNDLED: &[(&str, &[u8])] = &[\n");
    for program in PROGRAMS {
        let core = target.join(TARGET).join("release").join(format!("{program}.wasm"));
        let component = wrap(&core).map_err(|cause| format!("`{program}` cannot be bundled: {cause}"))?;
        let path = out.join(format!("{program}.wasm"));
        fs::write(&path, component)?;
        writeln!(list, "    ({program:?}, include_bytes!({:?})),", path.display().to_string())?;
    }
    list.push_str("];\n");
    fs::write(out.join("bundled.rs"), list)?;
    Ok(())
}

/// What the components are made of, and nothing else.
fn watch(top: &Path) {
    let mut paths = vec!["host/build.rs".to_owned(), "schema/program.wit".to_owned()];
    paths.extend(["Cargo.lock", "Cargo.toml", "rust-toolchain.toml"].map(str::to_owned));
    for plugin in PROGRAMS.iter().chain(&["kit"]) {
        paths.push(format!("plugins/{plugin}/src"));
        paths.push(format!("plugins/{plugin}/Cargo.toml"));
    }
    for path in paths {
        println!("cargo::rerun-if-changed={}", top.join(path).display());
    }
}

/// `target/plugins` for an `OUT_DIR` of `target/[triple/]release/build/layak-*/out`.
fn nested_target(out: &Path) -> Fallible<PathBuf> {
    let build = out.ancestors().find(|at| at.file_name().is_some_and(|name| name == "build"));
    let target = build.and_then(Path::parent).and_then(Path::parent).ok_or("OUT_DIR has an unknown shape")?;
    Ok(target.join("plugins"))
}

fn build(top: &Path, target: &Path) -> Fallible<()> {
    needs_target()?;
    let home = env::var("CARGO_HOME").or_else(|_| env::var("HOME").map(|home| format!("{home}/.cargo")))?;
    let mut flags =
        vec![format!("--remap-path-prefix={home}=/cargo"), format!("--remap-path-prefix={}=/layak", top.display())];
    flags.extend(FOR_SPEED.map(str::to_owned));
    let mut cargo = Command::new(env::var("CARGO")?);
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(scrubbed) {
            cargo.env_remove(&name);
        }
    }
    cargo
        .current_dir(top)
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
        // an incremental build may share out code differently
        .env("CARGO_INCREMENTAL", "0")
        .args(["build", "--release", "--locked", "--target", TARGET, "--config", "profile.release.debug=false"])
        .arg("--target-dir")
        .arg(target);
    for program in PROGRAMS {
        cargo.args(["--package", program]);
    }
    let output = cargo.output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("the bundled programs do not build for {TARGET}:\n{said}").into());
    }
    Ok(())
}

/// The outer cargo's own variables would reach into the nested build; where to
/// find crates (home, network, registries) stays.
fn scrubbed(name: &str) -> bool {
    let kept = ["CARGO_HOME", "CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTR", "CARGO_SOURCE_"];
    let cargo = name.starts_with("CARGO") && !kept.iter().any(|kept| name.starts_with(kept));
    let compiler = name.starts_with("RUSTC") || name.starts_with("RUSTDOC") || name == "RUSTFLAGS";
    let outer = ["TARGET", "HOST", "PROFILE", "OPT_LEVEL", "DEBUG", "NUM_JOBS", "OUT_DIR", "MAKEFLAGS", "MFLAGS"];
    cargo || compiler || name.starts_with("CLIPPY") || name.starts_with("DEP_") || outer.contains(&name)
}

fn needs_target() -> Fallible<()> {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output()?;
    let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() && Path::new(&folder).is_dir() {
        return Ok(());
    }
    Err(format!("the programs are built for {TARGET}, which this toolchain lacks: run `rustup target add {TARGET}`")
        .into())
}

fn wrap(core: &Path) -> Fallible<Vec<u8>> {
    let module = fs::read(core).map_err(|cause| format!("{}: {cause}", core.display()))?;
    let component = wit_component::ComponentEncoder::default()
        .module(&module)
        .and_then(|encoder| encoder.validate(true).encode())
        .map_err(|cause| format!("{cause:#}"))?;
    if component.windows(EXPORT.len()).any(|part| part == EXPORT) {
        Ok(component)
    } else {
        Err("it does not export the world of schema/program.wit".into())
    }
}
