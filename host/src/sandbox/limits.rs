//! What a plugin may use: sizes that the gate refuses, and budgets that a run
//! enforces.
//!
//! Every number here is fixed by Layak or set by the operator; a plugin cannot
//! ask for more. `Limits::default()` is what the bundled programs run with.

use std::time::Duration;

/// Bytes of a component.
pub const COMPONENT_BYTES: usize = 4 << 20;
/// Functions in all modules of a component.
pub const FUNCTIONS: u64 = 20_000;
/// Bytes of one function body.
pub const BODY_BYTES: usize = 256 << 10;
/// Locals of one function.
pub const LOCALS: u64 = 2_000;
/// Core modules inside a component.
pub const MODULES: u64 = 4;
/// Components inside a component: `wit-component` makes one per exported interface.
pub const COMPONENTS: u64 = 16;
/// Tables of a module.
pub const TABLES: u64 = 4;
/// Elements of a table.
pub const TABLE_ELEMENTS: u64 = 10_000;
/// Bytes of linear memory that a plugin may ever hold.
pub const MEMORY_BYTES: usize = 64 << 20;
/// Bytes of wasm stack.
pub const STACK_BYTES: usize = 512 << 10;
/// Criteria of a program: one bit each.
pub const CRITERIA: usize = 64;
/// Columns, settings, components or score parts of a program.
pub const WISHES: usize = 256;
/// Bytes of a name, code, unit or version.
pub const NAME_BYTES: usize = 64;
/// Options of a choice; choices are a bit mask of 63 bits at most.
pub const OPTIONS: usize = 63;
/// Problems that `configure` may name.
pub const PROBLEMS: usize = 32;
/// Bytes of the text of one problem.
pub const TEXT_BYTES: usize = 4 << 10;

/// What one plugin may use. The operator may lower or raise it; the same
/// limits and the same input give the same outcome on every machine, except
/// for `wall` and the limits of compiling, which are watchdogs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Fuel of a call before any row.
    pub fuel_base: u64,
    /// Fuel per family of a batch.
    pub fuel_per_family: u64,
    /// Fuel per member of a batch.
    pub fuel_per_member: u64,
    /// Wall clock of one call: a watchdog far above what the fuel allows.
    pub wall: Duration,
    /// Batches that may be judged at the same time, at least 1.
    pub workers: u32,
    /// Address space of the compiling child, in bytes.
    pub compile_memory: u64,
    /// CPU seconds of the compiling child.
    pub compile_cpu: u64,
    /// Wall clock of the compiling child.
    pub compile_wall: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            fuel_base: 20_000_000,
            fuel_per_family: 10_000,
            fuel_per_member: 5_000,
            wall: Duration::from_secs(20),
            workers: std::thread::available_parallelism().map_or(2, |cores| u32::try_from(cores.get()).unwrap_or(2)),
            compile_memory: 3 << 30,
            compile_cpu: 30,
            compile_wall: Duration::from_secs(60),
        }
    }
}

impl Limits {
    /// The fuel that one batch may burn.
    #[must_use]
    pub fn fuel(&self, families: u32, members: u32) -> u64 {
        let families = self.fuel_per_family.saturating_mul(u64::from(families));
        let members = self.fuel_per_member.saturating_mul(u64::from(members));
        self.fuel_base.saturating_add(families).saturating_add(members)
    }
}
