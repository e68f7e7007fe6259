//! The compiling child: a process of our own binary that may die.
//!
//! Takes a component on standard input, a cache folder and limits as arguments;
//! leaves one compiled entry in that folder. It sets its own limits before it
//! reads a byte, knows no site and no key, and says on standard error why a
//! component does not compile. Called by the hidden subcommand `compile-child`.

use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, setrlimit};
use wasmtime::component::Component;
use wasmtime::{Cache, CacheConfig, Config, Engine};

use super::limits;
use super::settings::Settings;

/// The hidden subcommand's name.
pub const VERB: &str = "compile-child";
/// The exit code of a component that does not compile.
pub const REFUSED: u8 = 14;
/// Stack of a compiling thread: deep expressions recurse in the compiler.
const STACK: usize = 16 << 20;
/// Bytes of the largest file that the child may write.
const FILE_BYTES: u64 = 256 << 20;

/// Runs the child: `FOLDER ADDRESS_SPACE CPU_SECONDS`, the component on standard input.
pub fn main(arguments: impl IntoIterator<Item = String>) -> ExitCode {
    let arguments: Vec<String> = arguments.into_iter().collect();
    let outcome = match arguments.as_slice() {
        [folder, memory, cpu] => run(Path::new(folder), memory, cpu),
        _ => Err("usage: compile-child FOLDER ADDRESS_SPACE CPU_SECONDS".to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            // nobody is left to tell if this fails too
            let _ = writeln!(std::io::stderr(), "{cause}");
            ExitCode::from(REFUSED)
        }
    }
}

fn run(folder: &Path, memory: &str, cpu: &str) -> Result<(), String> {
    let say = |cause: &dyn std::fmt::Display| cause.to_string();
    let memory: u64 = memory.parse().map_err(|cause| say(&cause))?;
    let cpu: u64 = cpu.parse().map_err(|cause| say(&cause))?;
    for (resource, limit) in
        [(Resource::As, memory), (Resource::Cpu, cpu), (Resource::Fsize, FILE_BYTES), (Resource::Core, 0)]
    {
        setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) }).map_err(|cause| say(&cause))?;
    }
    let mut bytes = Vec::new();
    let most = limits::COMPONENT_BYTES as u64 + 1;
    std::io::stdin().take(most).read_to_end(&mut bytes).map_err(|cause| say(&cause))?;
    let mut config = Settings::compiling().config();
    with_cache(&mut config, folder).map_err(|cause| format!("{cause:#}"))?;
    let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(4));
    let pool =
        rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build().map_err(|cause| say(&cause))?;
    pool.install(|| {
        let engine = Engine::new(&config).map_err(|cause| format!("{cause:#}"))?;
        Component::new(&engine, &bytes).map(drop).map_err(|cause| format!("{cause:#}"))
    })
}

/// Points an engine's cache at a folder of ours, and keeps wasmtime's own
/// housekeeping from ever changing or dropping a sealed entry.
pub(super) fn with_cache(config: &mut Config, folder: &Path) -> wasmtime::Result<Cache> {
    let year = std::time::Duration::from_secs(365 * 86_400);
    let mut cache = CacheConfig::new();
    cache
        .with_directory(folder)
        .with_baseline_compression_level(1)
        .with_optimized_compression_level(1)
        .with_optimized_compression_usage_counter_threshold(u64::MAX)
        .with_cleanup_interval(year)
        .with_file_count_soft_limit(1 << 32)
        .with_files_total_size_soft_limit(1 << 40);
    let cache = Cache::new(cache)?;
    config.cache(Some(cache.clone()));
    Ok(cache)
}
