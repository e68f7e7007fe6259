//! A plugin that passed the gate, compiled, and said what it is.
//!
//! Takes bytes; gives a `Plugin`, and from it a `Judge` with settings. One
//! engine per plugin, so that no slot of memory is ever shared by two.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use wasmtime::component::Linker;
use wasmtime::{Store, StoreLimits, StoreLimitsBuilder};

use super::bindings::{Program, ProgramPre};
use super::description::{Description, Value};
use super::judge::Judge;
use super::limits::{self, Limits};
use super::shape::Shape;
use super::ticker::{TICK, Ticker};
use super::{describe, gate, store, trap};
use crate::error::{Error, Result};
use crate::terms::{Date, Text};

/// Loads plugins under one set of limits, with one store of compiled code.
#[derive(Debug)]
pub struct Sandbox {
    store: store::Store,
    limits: Limits,
    ticker: Arc<Ticker>,
}

/// What `plugin inspect` prints.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// Bytes of the component.
    pub bytes: usize,
    /// BLAKE3 of the component, in hex.
    pub digest: String,
    /// Counts and names.
    pub shape: Shape,
    /// What the plugin says of itself.
    pub description: Description,
    /// What it may use.
    pub limits: Limits,
}

impl Sandbox {
    /// A sandbox whose compiled code lies under `cache_dir`; this very binary
    /// is the compiling child.
    ///
    /// # Errors
    /// `Fault::Storage` if the folder cannot be made private.
    pub fn new(limits: Limits, cache_dir: &Path) -> Result<Sandbox> {
        let own = std::env::current_exe().map_err(|cause| Error::storage("layak", cause))?;
        Sandbox::with_compiler(limits, cache_dir, own)
    }

    /// The same with another binary that understands `compile-child`.
    ///
    /// # Errors
    /// `Fault::Storage` if the folder cannot be made private.
    pub fn with_compiler(limits: Limits, cache_dir: &Path, compiler: PathBuf) -> Result<Sandbox> {
        let store = store::Store::open(cache_dir, compiler, limits)?;
        Ok(Sandbox { store, limits, ticker: Arc::new(Ticker::start()) })
    }

    /// Gates, compiles or finds compiled, and asks the plugin what it is.
    ///
    /// # Errors
    /// `Fault::Plugin` with what is wrong and how to fix it.
    pub fn load(&self, bytes: &[u8]) -> Result<Plugin> {
        gate::check(bytes)?;
        let digest = blake3::hash(bytes);
        // until it said its name, a plugin is known by its digest
        let nameless: String = digest.to_hex().chars().take(12).collect();
        let (engine, component) = self.store.load(bytes, &digest)?;
        self.ticker.watch(&engine);
        let pre = Linker::new(&engine)
            .instantiate_pre(&component)
            .and_then(ProgramPre::new)
            .map_err(|cause| trap::failed(&nameless, "load", &cause))?;
        let runner = Runner {
            pre,
            limits: self.limits,
            slots: Slots::new(self.limits.workers.max(1)),
            _ticker: Arc::clone(&self.ticker),
        };
        let said = runner.call(&nameless, "describe", self.limits.fuel_base, DESCRIBE_BYTES, |program, store| {
            program.layak_program_rules().call_describe(store)
        })?;
        let description = describe::read(said.0)?;
        Ok(Plugin { inner: Arc::new(Inner { runner, description, digest }) })
    }

    /// What a plugin is and may use.
    ///
    /// # Errors
    /// As `load`.
    pub fn inspect(&self, bytes: &[u8]) -> Result<Inspection> {
        let shape = gate::check(bytes)?;
        let plugin = self.load(bytes)?;
        Ok(Inspection {
            bytes: bytes.len(),
            digest: plugin.digest().to_hex().to_string(),
            shape,
            description: plugin.description().clone(),
            limits: self.limits,
        })
    }
}

/// Bytes that a description may bring into the host.
const DESCRIBE_BYTES: usize = 1 << 20;

/// A loaded plugin; cheap to clone.
#[derive(Debug, Clone)]
pub struct Plugin {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) runner: Runner,
    pub(super) description: Description,
    digest: blake3::Hash,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plugin({} {})", self.description.name, self.digest)
    }
}

impl Plugin {
    /// What the plugin says of itself, checked.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.inner.description
    }

    /// BLAKE3 of the component.
    #[must_use]
    pub fn digest(&self) -> blake3::Hash {
        self.inner.digest
    }

    /// Has the plugin check its settings; `settings` and `present` are in the
    /// order of the description, `present` says which columns will cross.
    ///
    /// # Errors
    /// `Fault::Rules` naming each setting that the plugin does not accept;
    /// `Fault::Plugin` if it traps.
    pub fn configure(&self, settings: &[Value], present: &[bool], as_of: Date, period_start: Date) -> Result<Judge> {
        Judge::new(self.clone(), settings, present, as_of, period_start)
    }
}

impl Plugin {
    /// Each setting that the plugin does not accept, with its reason; see `configure`.
    ///
    /// # Errors
    /// `Fault::Plugin` if it traps.
    pub fn refusals(
        &self,
        settings: &[Value],
        present: &[bool],
        as_of: Date,
        period_start: Date,
    ) -> Result<Vec<(String, Text)>> {
        Judge::asked(self.clone(), settings, present, as_of, period_start).map(|(_, problems)| problems)
    }
}

/// Makes fresh instances with limits.
pub(super) struct Runner {
    pre: ProgramPre<StoreLimits>,
    pub(super) limits: Limits,
    slots: Slots,
    /// Keeps the watchdog's clock alive as long as the plugin.
    _ticker: Arc<Ticker>,
}

impl Runner {
    /// One call in a fresh instance: its answer and the fuel that it burnt.
    /// `answer` bytes may come back.
    pub(super) fn call<R>(
        &self,
        plugin: &str,
        name: &str,
        fuel: u64,
        answer: usize,
        work: impl FnOnce(&Program, &mut Store<StoreLimits>) -> wasmtime::Result<R>,
    ) -> Result<(R, u64)> {
        let _slot = self.slots.take();
        let caps = StoreLimitsBuilder::new()
            .memory_size(limits::MEMORY_BYTES)
            .memories(1)
            .table_elements(usize::try_from(limits::TABLE_ELEMENTS).unwrap_or(usize::MAX))
            .tables(16)
            .instances(16)
            .trap_on_grow_failure(true)
            .build();
        let mut store = Store::new(self.pre.engine(), caps);
        store.limiter(|caps| caps);
        store.set_hostcall_fuel(answer);
        store.set_epoch_deadline(
            u64::try_from(self.limits.wall.as_millis() / TICK.as_millis()).unwrap_or(u64::MAX >> 1),
        );
        let outcome = store
            .set_fuel(fuel)
            .and_then(|()| self.pre.instantiate(&mut store))
            .and_then(|program| work(&program, &mut store))
            .map_err(|cause| trap::failed(plugin, name, &cause))?;
        let left = store.get_fuel().map_err(|cause| Error::bug(format!("{cause:#}")))?;
        Ok((outcome, fuel.saturating_sub(left)))
    }
}

/// As many calls at a time as the pool has room for; others wait.
struct Slots {
    free: Mutex<u32>,
    freed: Condvar,
}

struct Slot<'s>(&'s Slots);

impl Slots {
    fn new(free: u32) -> Slots {
        Slots { free: Mutex::new(free.min(64)), freed: Condvar::new() }
    }

    fn take(&self) -> Slot<'_> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free == 0 {
            free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        Slot(self)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}
