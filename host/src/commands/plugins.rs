//! Where a site's plugins come from: the binary, or `rules/plugins/<name>.wasm`.
//!
//! Takes a name; gives the loaded plugin, loaded once. A site's own file of a
//! bundled name is refused, so that nobody swaps a program in silence.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::site::Site;
use crate::error::{Error, Fault, Result};
use crate::program::check::{Found, Plugins};
use crate::program::operator::Operator;
use crate::sandbox::{Limits, Plugin, Sandbox, bundled, bundled_names};
use crate::say;

/// The plugins of one site, loaded when first asked for.
#[derive(Debug)]
pub(crate) struct SitePlugins {
    sandbox: Sandbox,
    folder: PathBuf,
    /// Refusals are kept too: a plugin is asked once.
    loaded: Mutex<BTreeMap<String, Result<Plugin>>>,
}

/// The sandbox's limits as the operator sets them.
fn limits(operator: &Operator, threads: usize) -> Limits {
    let own = Limits::default();
    let set = operator.limits;
    Limits {
        fuel_base: set.fuel_base.unwrap_or(own.fuel_base),
        fuel_per_family: set.fuel_per_family.unwrap_or(own.fuel_per_family),
        fuel_per_member: set.fuel_per_member.unwrap_or(own.fuel_per_member),
        wall: set.wall_seconds.map_or(own.wall, Duration::from_secs),
        compile_memory: set.compile_memory_mib.map_or(own.compile_memory, |mib| mib.saturating_mul(1 << 20)),
        compile_cpu: set.compile_seconds.unwrap_or(own.compile_cpu),
        // the clock on the wall is the last resort, for a machine that is busy with other things
        compile_wall: own.compile_wall.max(Duration::from_secs(set.compile_seconds.unwrap_or(0).saturating_mul(2))),
        workers: u32::try_from(threads).ok().filter(|n| *n > 0).unwrap_or(own.workers),
    }
}

/// Where a site keeps the plugins of outside programs.
pub(crate) fn folder(rules: &Path) -> PathBuf {
    rules.join("plugins")
}

impl SitePlugins {
    /// The plugins of a site; `threads` batches may be judged at a time (0 = all cores).
    pub(crate) fn new(site: &Site, operator: &Operator, threads: usize) -> Result<SitePlugins> {
        let sandbox = Sandbox::new(limits(operator, threads), &site.cache.join("plugins"))?;
        Ok(SitePlugins { sandbox, folder: folder(&site.rules), loaded: Mutex::default() })
    }

    /// Only the bundled ones, for work outside a site.
    pub(crate) fn bundled_only(cache: &Path) -> Result<SitePlugins> {
        let sandbox = Sandbox::new(Limits::default(), cache)?;
        Ok(SitePlugins { sandbox, folder: PathBuf::from("plugins"), loaded: Mutex::default() })
    }

    /// A plugin that lies elsewhere: in a run that used it.
    pub(crate) fn load(&self, bytes: &[u8]) -> Result<Plugin> {
        self.sandbox.load(bytes)
    }

    /// The loaded plugin of this name.
    pub(crate) fn get(&self, name: &str) -> Result<Option<Plugin>> {
        if let Some(plugin) = self.loaded.lock().unwrap_or_else(PoisonError::into_inner).get(name) {
            return plugin.clone().map(Some);
        }
        let Some(bytes) = self.bytes(name)? else { return Ok(None) };
        let plugin = self.sandbox.load(&bytes).and_then(|plugin| own_name(name, plugin));
        let plugin = plugin.map_err(|error| match bundled(name) {
            Some(_) => error,
            None => error.file(self.folder.join(format!("{name}.wasm"))),
        });
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), plugin.clone());
        plugin.map(Some)
    }

    /// The component of this name, as it is.
    pub(crate) fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.folder.join(format!("{name}.wasm"));
        let own = match std::fs::read(&path) {
            Ok(bytes) => Some(bytes),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => None,
            Err(cause) => return Err(Error::storage(&path, cause)),
        };
        match (own, bundled(name)) {
            (Some(_), Some(_)) => Err(Error::new(
                Fault::Rules,
                say!("plugin `{name}` sudah ada di dalam layak", "the plugin `{name}` already ships inside layak"),
            )
            .file(path)
            .fix(say!("beri nama lain pada plugin ini", "give this plugin another name"))),
            (Some(bytes), None) => Ok(Some(bytes)),
            (None, bytes) => Ok(bytes.map(<[u8]>::to_vec)),
        }
    }
}

/// A plugin that calls itself otherwise than its file is called is another plugin.
fn own_name(name: &str, plugin: Plugin) -> Result<Plugin> {
    let said = &plugin.description().name;
    if said == name {
        return Ok(plugin);
    }
    Err(Error::new(
        Fault::Plugin,
        say!("plugin ditolak: ia menyebut dirinya `{said}`", "plugin refused: it calls itself `{said}`"),
    )
    .code("other_name")
    .fix(say!(
        "periksa asalnya; tambahkan dengan `layak program add`, yang memberi berkas itu namanya sendiri",
        "find out where it comes from; add it with `layak program add`, which gives the file its own name"
    )))
}

impl Plugins for SitePlugins {
    fn digest(&self, name: &str) -> String {
        self.bytes(name).ok().flatten().map(|bytes| blake3::hash(&bytes).to_hex().to_string()).unwrap_or_default()
    }

    fn find(&self, name: &str) -> Result<Option<Found>> {
        let plugin = self.get(name)?;
        Ok(plugin.map(|plugin| Found {
            description: plugin.description().clone(),
            digest: plugin.digest().to_hex().to_string(),
        }))
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = bundled_names().map(str::to_owned).collect();
        for entry in std::fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|ending| ending == "wasm") {
                names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
            }
        }
        names.sort();
        names
    }
}
