//! What remains of a program's rows after judging, one row group at a time.
//!
//! Half a byte for every row of the unit, and for every eligible one a rank
//! (4 bytes), where members stand together a place in the family (2), for areas
//! (4), for reserves (2), for amounts that differ (2), beside 16 for its lot.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use super::amounts::Amounts;
use super::funnel::CriterionCount;
use super::order::{Lot, Standing};

/// Bit of a row's marks: holds a seat of the run that is promoted from.
pub(super) const HELD: u16 = 1 << 15;
/// Bit of a row's marks: stands on the list of the run that is promoted from.
pub(super) const LISTED: u16 = 1 << 14;

/// Lots of rows of one standing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) standing: Standing,
    /// Where its lots begin.
    pub(super) start: u32,
    /// How many lots.
    pub(super) len: u32,
    /// How many rows they hold.
    pub(super) rows: u32,
}

/// What remains of one row group of one program after judging. `rows` count every row of
/// the unit, everything else only the eligible ones, in the same order.
#[derive(Default)]
pub(super) struct Spill {
    /// Rows of the unit.
    pub(super) rows: usize,
    /// One bit per row.
    pub(super) eligible: Vec<u8>,
    /// One bit per row: set aside for review.
    pub(super) review: Vec<u8>,
    /// One bit per row: refused for an unknown.
    pub(super) refused: Vec<u8>,
    /// One bit per row: received in the period before.
    pub(super) previous: Vec<u8>,
    /// Lots, worst standing first.
    pub(super) lots: Vec<Lot>,
    /// Runs of `lots`.
    pub(super) runs: Vec<Run>,
    /// Rank, once ordered.
    pub(super) ranks: Vec<AtomicU32>,
    /// Place among the eligible members of the family; empty where each stands alone.
    pub(super) within: Vec<u16>,
    /// Area; empty for the nation.
    pub(super) areas: Vec<u32>,
    /// One bit per reserve, `HELD` and `LISTED`; empty without reserves and promotion.
    pub(super) marks: Vec<u16>,
    /// Seats that a row takes; empty = one each.
    pub(super) weights: Vec<u32>,
    /// Amounts.
    pub(super) amounts: Amounts,
    /// Rows by area of the share-out base.
    pub(super) base: BTreeMap<u32, u64>,
    /// By criterion.
    pub(super) criteria: Vec<CriterionCount>,
    /// Fuel spent.
    pub(super) fuel: u64,
}

impl Spill {
    /// Lots of a run.
    pub(super) fn lots_of(&self, run: usize) -> &[Lot] {
        let range = self.runs.get(run).map(|run| run.start as usize..(run.start + run.len) as usize);
        range.and_then(|range| self.lots.get(range)).unwrap_or_default()
    }

    /// Gives back the memory of the lots from this run on.
    pub(super) fn free_from(&mut self, run: usize) {
        let start = self.runs.get(run).map_or(0, |run| run.start as usize);
        self.lots.truncate(start);
        if self.lots.capacity() > 4096 && self.lots.len() * 2 < self.lots.capacity() {
            self.lots.shrink_to_fit();
        }
    }

    /// Rank of an eligible row.
    pub(super) fn rank(&self, row: usize) -> u32 {
        self.ranks.get(row).map_or(0, |rank| rank.load(Ordering::Relaxed))
    }

    pub(super) fn set_rank(&self, row: u32, rank: u32) {
        if let Some(slot) = self.ranks.get(row as usize) {
            slot.store(rank, Ordering::Relaxed);
        }
    }

    /// Ranks of the eligible rows in order.
    pub(super) fn ranks(&self) -> impl Iterator<Item = u32> + '_ {
        self.ranks.iter().map(|rank| rank.load(Ordering::Relaxed))
    }

    pub(super) fn within(&self, row: u32) -> u16 {
        self.within.get(row as usize).copied().unwrap_or(0)
    }

    /// Marks of an eligible row.
    pub(super) fn mark(&self, row: usize) -> u16 {
        self.marks.get(row).copied().unwrap_or(0)
    }

    /// Seats that an eligible row takes.
    pub(super) fn weight(&self, row: usize) -> u64 {
        self.weights.get(row).map_or(1, |weight| u64::from(*weight))
    }

    /// Area of an eligible row; 0 for the nation.
    pub(super) fn area(&self, row: usize) -> u32 {
        self.areas.get(row).copied().unwrap_or(0)
    }
}
