//! Loads, gates and runs plugins within limits, and checks what they return.
//!
//! Takes component bytes; gives a `Plugin` that describes itself and judges
//! batches. The only room that names wasmtime. A plugin gets no import, no
//! identity, no clock; a trap, a lie or a missing answer is an error of that
//! plugin alone.

mod bindings;
mod check;
pub mod child;
mod describe;
pub mod description;
pub mod gate;
mod judge;
pub mod limits;
mod lower;
mod pack;
mod plugin;
pub mod settings;
pub mod shape;
mod store;
mod ticker;
mod trap;
pub mod world;

pub use describe::{check as check_description, fits};
pub use description::{ColumnWish, Description, Part, SettingKind, SettingWish, Unit, Value};
pub use judge::Judge;
pub use limits::Limits;
pub use pack::{bundled, bundled_names, pack};
pub use plugin::{Inspection, Plugin, Sandbox};

/// What a plugin says of the rows of one batch, checked by the host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdicts {
    /// Bit n = criterion n failed.
    pub failed: Vec<u64>,
    /// Bit n = criterion n could not be put to the row.
    pub unknown: Vec<u64>,
    /// Higher is served first; 0 for a failed row.
    pub score: Vec<i64>,
    /// Rupiah per run period; 0 for a failed row.
    pub amount: Vec<i64>,
}

/// One line of a breakdown: an amount by component or a score by part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Row in the batch.
    pub row: u32,
    /// Member row in the batch, or `None` for the row as a whole.
    pub member: Option<u32>,
    /// Position among components, or number of components + position among score parts.
    pub part: u16,
    /// Rupiah or points.
    pub value: i64,
}
