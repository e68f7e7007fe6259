//! The store of compiled plugins: one private folder per plugin and engine.
//!
//! Takes a gated component; gives a `Component` loaded from a cache entry that
//! a killable child made and this site's key has sealed. wasmtime's cache keeps
//! no checksum, so an entry whose seal does not fit (cut, swapped, foreign) is
//! thrown away and made anew, never loaded. Compiled code never comes from
//! anywhere else.

use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use wasmtime::Engine;
use wasmtime::component::Component;

use super::child;
use super::limits::Limits;
use super::settings::Settings;
use super::shape::{refused, shown};
use crate::error::{Error, Fault, Result};
use crate::say;

/// The file beside a cache entry that holds its keyed hash.
const SEAL: &str = "seal";

/// Compiled plugins under one folder, and who compiles them.
#[derive(Debug, Clone)]
pub(super) struct Store {
    folder: PathBuf,
    key: [u8; 32],
    /// The binary that understands `compile-child`.
    compiler: PathBuf,
    limits: Limits,
}

impl Store {
    pub(super) fn open(folder: &Path, compiler: PathBuf, limits: Limits) -> Result<Store> {
        private(folder)?;
        let folder = fs::canonicalize(folder).map_err(|cause| Error::storage(folder, cause))?;
        let key = site_key(&folder.join("key"))?;
        Ok(Store { folder, key, compiler, limits })
    }

    /// The component's code, compiled now or earlier, in an engine of its own.
    pub(super) fn load(&self, bytes: &[u8], digest: &blake3::Hash) -> Result<(Engine, Component)> {
        let settings = Settings::running(self.limits.workers);
        let folder = self.folder.join(format!("{}-{}", digest.to_hex(), fingerprint(&settings)?));
        if !self.sealed(&folder, digest) {
            self.compile(bytes, digest, &folder)?;
        }
        match open(&settings, bytes, &folder)? {
            Some(loaded) => Ok(loaded),
            None => {
                // sealed, and yet not what this engine looks for: made anew once
                remove(&folder)?;
                self.compile(bytes, digest, &folder)?;
                open(&settings, bytes, &folder)?
                    .ok_or_else(|| Error::bug("a plugin compiled by the child process is not found in its cache"))
            }
        }
    }

    fn sealed(&self, folder: &Path, digest: &blake3::Hash) -> bool {
        let Ok(written) = fs::read_to_string(folder.join(SEAL)) else { return false };
        let Ok(seal) = self.seal(folder, digest) else { return false };
        blake3::Hash::from_hex(written.trim()).is_ok_and(|written| written == seal)
    }

    /// The keyed hash over the plugin's digest, the entry's name and its bytes.
    fn seal(&self, folder: &Path, digest: &blake3::Hash) -> Result<blake3::Hash> {
        let entry = entry(folder)?;
        let name = entry.strip_prefix(folder).map_err(Error::bug)?.as_os_str().as_encoded_bytes().to_vec();
        let bytes = fs::read(&entry).map_err(|cause| Error::storage(&entry, cause))?;
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(digest.as_bytes()).update(&(name.len() as u64).to_le_bytes()).update(&name).update(&bytes);
        Ok(hasher.finalize())
    }

    /// Compiles in a child, seals what it made, and moves the folder into place.
    fn compile(&self, bytes: &[u8], digest: &blake3::Hash, folder: &Path) -> Result<()> {
        let fresh = tempfile::Builder::new()
            .prefix("making-")
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir_in(&self.folder)
            .map_err(|cause| Error::storage(&self.folder, cause))?;
        self.run_child(bytes, fresh.path())?;
        let seal = self.seal(fresh.path(), digest)?;
        let path = fresh.path().join(SEAL);
        fs::write(&path, seal.to_hex().as_str()).map_err(|cause| Error::storage(&path, cause))?;
        if self.sealed(folder, digest) {
            return Ok(()); // another process was first
        }
        remove(folder)?;
        match fs::rename(fresh.path(), folder) {
            Ok(()) => Ok(()),
            Err(_) if self.sealed(folder, digest) => Ok(()),
            Err(cause) => Err(Error::storage(folder, cause)),
        }
    }

    fn run_child(&self, bytes: &[u8], folder: &Path) -> Result<()> {
        let trouble = |cause: std::io::Error| Error::storage(folder, cause);
        let mut input = tempfile::tempfile().map_err(trouble)?;
        input.write_all(bytes).and_then(|()| input.rewind()).map_err(trouble)?;
        let mut said = tempfile::tempfile().map_err(trouble)?;
        let child = Command::new(&self.compiler)
            .arg(child::VERB)
            .arg(folder)
            .arg(self.limits.compile_memory.to_string())
            .arg(self.limits.compile_cpu.to_string())
            .env_clear()
            .current_dir(folder)
            .stdin(Stdio::from(input))
            .stdout(Stdio::null())
            .stderr(Stdio::from(said.try_clone().map_err(trouble)?))
            .spawn()
            .map_err(|cause| Error::storage(&self.compiler, cause))?;
        let status = wait(child, self.limits.compile_wall)?;
        if status.is_some_and(|status| status.success()) {
            return Ok(());
        }
        let mut text = String::new();
        if said.rewind().is_ok() {
            let mut raw = Vec::new();
            if said.take(4096).read_to_end(&mut raw).is_ok() {
                text = String::from_utf8_lossy(&raw).trim().to_owned();
            }
        }
        Err(not_compiled(status, &text))
    }
}

/// Why the child ended: `None` if it was killed for the wall clock.
fn not_compiled(status: Option<ExitStatus>, said: &str) -> Error {
    let (code, id, en) = match status {
        None => ("compile_time", "melewati batas waktu".to_owned(), "it took too long".to_owned()),
        Some(status) => match status.signal() {
            Some(9 | 24) => {
                ("compile_time", "melewati batas waktu CPU".to_owned(), "it took too much CPU time".to_owned())
            }
            Some(6) => ("compile_memory", "melewati batas memori".to_owned(), "it took too much memory".to_owned()),
            Some(signal) => ("compile", format!("dihentikan sinyal {signal}"), format!("ended by signal {signal}")),
            None => ("compile", "tidak dapat dikompilasi".to_owned(), "it does not compile".to_owned()),
        },
    };
    let error = refused(
        code,
        say!("plugin ditolak saat dikompilasi: {id}", "plugin refused while compiling: {en}"),
        say!(
            "sederhanakan fungsi yang besar di dalam plugin, lalu bangun ulang dengan `--release`",
            "simplify the large functions of the plugin and build it again with `--release`"
        ),
    );
    if said.is_empty() { error } else { error.because(shown(said)) }
}

/// Waits, and kills when the time is over.
fn wait(mut child: Child, wall: Duration) -> Result<Option<ExitStatus>> {
    let started = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(Some(status)),
            Ok(None) if started.elapsed() >= wall => {
                let killed = child.kill().and_then(|()| child.wait());
                return killed.map(|_| None).map_err(Error::bug);
            }
            Ok(None) => std::thread::sleep(pause),
            Err(cause) => return Err(Error::bug(cause)),
        }
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}

/// Loads from the cache; `None` on a miss, whose freshly compiled code is dropped.
fn open(settings: &Settings, bytes: &[u8], folder: &Path) -> Result<Option<(Engine, Component)>> {
    let mut config = settings.config();
    let cache = child::with_cache(&mut config, folder).map_err(|cause| Error::storage(folder, format!("{cause:#}")))?;
    // its settings were tried by the child: what is left to fail is room for the pool
    let engine = Engine::new(&config).map_err(|cause| no_room(&cause))?;
    // the child compiled it: what is refused here is more than the pool has room for
    let component = Component::new(&engine, bytes).map_err(|cause| {
        refused(
            "instances",
            say!(
                "plugin ditolak: ia meminta lebih banyak instans, tabel, atau memori dari yang ada",
                "plugin refused: it asks for more instances, tables or memories than there are"
            ),
            say!(
                "bangun plugin dengan `kit`: satu modul sudah cukup",
                "build the plugin with `kit`: one module is enough"
            ),
        )
        .because(shown(&cause.root_cause().to_string()))
    })?;
    let hit = cache.cache_misses() == 0 && cache.cache_hits() == 1;
    Ok(hit.then_some((engine, component)))
}

fn no_room(cause: &wasmtime::Error) -> Error {
    Error::new(
        Fault::Storage,
        say!("ruang alamat memori untuk plugin tidak cukup", "there is not enough address space for a plugin's memory"),
    )
    .because(shown(&format!("{cause:#}")))
    .fix(say!(
        "longgarkan batas memori proses ini (`ulimit -v unlimited`), lalu ulangi",
        "widen the limit on this process's memory (`ulimit -v unlimited`), then try again"
    ))
}

/// The one compiled entry below a folder; wasmtime's `.stats` beside it are not code.
fn entry(folder: &Path) -> Result<PathBuf> {
    let mut found = Vec::new();
    let modules = folder.join("modules");
    let list = |path: &Path| -> Result<Vec<PathBuf>> {
        let entries = fs::read_dir(path).map_err(|cause| Error::storage(path, cause))?;
        entries.map(|entry| entry.map(|entry| entry.path()).map_err(|cause| Error::storage(path, cause))).collect()
    };
    for compiler in list(&modules)? {
        found.extend(list(&compiler)?.into_iter().filter(|path| path.extension().is_none()));
    }
    match <[PathBuf; 1]>::try_from(found) {
        Ok([entry]) => Ok(entry),
        Err(found) => Err(Error::storage(&modules, format!("{} compiled entries instead of 1", found.len()))),
    }
}

/// What a compiled entry depends on besides the component: engine settings,
/// wasmtime, CPU, and this version of Layak.
fn fingerprint(settings: &Settings) -> Result<String> {
    struct Bytes(blake3::Hasher);
    impl Hasher for Bytes {
        fn finish(&self) -> u64 {
            0 // never asked: the whole hash is taken below
        }
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
    }
    let engine = Engine::new(&Settings { pool: None, ..settings.clone() }.config())
        .map_err(|cause| Error::bug(format!("{cause:#}")))?;
    let mut hasher = Bytes(blake3::Hasher::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.write(env!("CARGO_PKG_VERSION").as_bytes());
    Ok(hasher.0.finalize().to_hex().chars().take(16).collect())
}

/// A folder that only this user may look into.
fn private(folder: &Path) -> Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|cause| Error::storage(folder, cause))?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(|cause| Error::storage(folder, cause))
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(Error::storage(folder, cause)),
        _ => Ok(()),
    }
}

/// The site's key for seals, drawn at first use.
fn site_key(path: &Path) -> Result<[u8; 32]> {
    let trouble = |cause: std::io::Error| Error::storage(path, cause);
    if let Ok(bytes) = fs::read(path)
        && let Ok(key) = <[u8; 32]>::try_from(bytes)
    {
        return Ok(key);
    }
    let mut key = [0; 32];
    fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut key)).map_err(trouble)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    // private from the start, under a name that no other thread or process has
    let mut fresh = tempfile::NamedTempFile::new_in(folder).map_err(trouble)?;
    fresh.write_all(&key).map_err(trouble)?;
    // whoever is first wins, so that two starts agree on one key
    match fresh.persist_noclobber(path) {
        Ok(_) => Ok(key),
        Err(lost) if lost.error.kind() == std::io::ErrorKind::AlreadyExists => {
            let bytes = fs::read(path).map_err(trouble)?;
            match <[u8; 32]>::try_from(bytes) {
                Ok(key) => Ok(key),
                Err(_) => fs::write(path, key).map(|()| key).map_err(trouble),
            }
        }
        Err(lost) => Err(trouble(lost.error)),
    }
}
