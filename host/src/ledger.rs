//! Runs, receipts, verification, recipient lists.
//!
//! Takes selections as they come; gives `runs/<run>/` with a receipt, complete or
//! absent, and lists joined with the vault. What anchors them (which period has
//! which snapshot, each receipt's own hash, each export) stands in
//! `ledger.sqlite`, apart from the hashed files. Only `export` meets identities.

mod anchors;
mod areas;
mod counts;
mod deep;
mod export;
mod lists;
mod look;
mod promote;
mod receipt;
mod run;
mod sink;
mod table;
mod used;
mod verify;

use std::path::PathBuf;

use crate::columns::ColumnId;
use crate::error::Result;
use crate::sandbox::{Judge, Line, Verdicts};
use crate::selection::Judging;
use crate::snapshot::Batch;

pub use anchors::{Ledger, RunEntry};
pub use areas::{AreaLine, NATION, NOWHERE};
pub use deep::deep;
pub use export::{Export, Exported, ListFile, ListOf, Vault, export};
pub use lists::ListFormat;
pub use look::{Look, RunView, Spot};
pub use receipt::{Receipt, read_receipt};
pub use run::{Candidate, Made, ProgramLine, RunRequest, received, receives_columns, run, selected_rows};
pub use used::Used;
pub use verify::{Failure, Verified, verify};

/// The folders of a site that the ledger works in.
#[derive(Debug, Clone)]
pub struct Folders {
    /// Holds `ledger.sqlite`.
    pub root: PathBuf,
    /// Sealed snapshots.
    pub snapshots: PathBuf,
    /// Runs.
    pub runs: PathBuf,
    /// Exported lists.
    pub lists: PathBuf,
}

/// What explains amounts: a plugin with its settings.
pub trait Explaining {
    /// Lines by row and component of the rows of a batch that did not fail.
    ///
    /// # Errors
    /// The plugin's fault.
    fn breakdown(&self, batch: &Batch) -> Result<Vec<Line>>;
}

/// A configured plugin with the columns that its program was granted.
#[derive(Debug, Clone)]
pub struct PluginJudge {
    judge: Judge,
    columns: Vec<Option<ColumnId>>,
}

impl PluginJudge {
    /// `columns` as in `Program::columns`.
    #[must_use]
    pub fn new(judge: Judge, columns: Vec<Option<ColumnId>>) -> PluginJudge {
        PluginJudge { judge, columns }
    }

    /// The columns that the program was granted and the snapshot holds.
    #[must_use]
    pub fn columns(&self) -> &[Option<ColumnId>] {
        &self.columns
    }
}

impl Judging for PluginJudge {
    fn judge(&self, batch: &Batch) -> Result<(Verdicts, u64)> {
        self.judge.judge(batch, &self.columns)
    }
}

impl Explaining for PluginJudge {
    fn breakdown(&self, batch: &Batch) -> Result<Vec<Line>> {
        self.judge.breakdown(batch, &self.columns)
    }
}
