//! Places in the total order, bucket by bucket of equal standing.
//!
//! Takes the row groups with their lots; gives every eligible row a rank and a
//! table of where each bucket begins. Ordered whole, lots are freed as they are
//! placed. Ordered loosely, rows of a bucket stand in any order until somebody
//! asks for that bucket: what a cut needs, since a bucket that no cut falls into
//! is taken or left as a whole. Threads change nothing.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::Ordering;

use rayon::prelude::*;

use crate::error::{Error, Result};

use super::order::{Bucket, Lot, Order, order_hash};
use super::spill::{Run, Spill};

/// Lots that one thread places at once.
const PIECE: usize = 1 << 14;

/// One bucket of the nation.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) bucket: Bucket,
    /// Rank of its first row.
    pub(super) first: u32,
    /// (row group, run) of its rows: positions in the index.
    runs: Range<usize>,
}

/// All buckets in order, best first.
#[derive(Debug, Clone, Default)]
pub(super) struct Steps {
    steps: Vec<Step>,
    /// (row group, run in it) by bucket, then by position.
    index: Vec<(u32, u32)>,
    /// Eligible rows.
    pub(super) eligible: u32,
}

impl Steps {
    /// Counts rows by bucket under an order.
    pub(super) fn of(spills: &[Spill], order: &Order) -> Result<Steps> {
        let mut all: Vec<(Bucket, u32, u32)> = Vec::new();
        for (group, spill) in (0u32..).zip(spills) {
            all.extend((0u32..).zip(&spill.runs).map(|(run, of)| (order.bucket(of.standing), group, run)));
        }
        all.par_sort_unstable();
        let (mut steps, mut next, mut start) = (Vec::new(), 1u32, 0usize);
        for same in all.chunk_by(|a, b| a.0 == b.0) {
            let Some((bucket, ..)) = same.first() else { continue };
            let mut rows = same.iter().filter_map(|(_, group, run)| run_of(spills, *group, *run)).map(|run| run.rows);
            let end = rows.try_fold(next, u32::checked_add);
            let runs = start..start + same.len();
            start = runs.end;
            steps.push(Step { bucket: *bucket, first: next, runs });
            next = end.ok_or_else(|| Error::bug("at most 4,294,967,294 eligible rows"))?;
        }
        let index = all.into_iter().map(|(_, group, run)| (group, run)).collect();
        Ok(Steps { steps, index, eligible: next - 1 })
    }

    /// The position of the bucket that holds a rank.
    pub(super) fn at(&self, rank: u32) -> usize {
        self.steps.partition_point(|step| step.first <= rank).saturating_sub(1)
    }

    /// A bucket by its position.
    pub(super) fn get(&self, at: usize) -> Option<&Step> {
        self.steps.get(at)
    }

    /// Ranks of a bucket.
    pub(super) fn ranks(&self, at: usize) -> Range<u32> {
        let first = self.steps.get(at).map_or(self.eligible + 1, |step| step.first);
        let end = self.steps.get(at + 1).map_or(self.eligible + 1, |step| step.first);
        first..end
    }

    fn runs(&self, at: usize) -> &[(u32, u32)] {
        self.steps.get(at).and_then(|step| self.index.get(step.runs.clone())).unwrap_or_default()
    }

    /// Gives every eligible row its rank in the total order, and frees the lots.
    pub(super) fn order_whole(&self, spills: &mut [Spill], order: &Order) {
        let mut lots: Vec<Lot> = Vec::new();
        for at in 0..self.steps.len() {
            self.collect(spills, at, &mut lots);
            // a group's runs of its own order lie worst first, so the best ones are the last
            for (group, run) in self.runs(at) {
                if let Some(spill) = spills.get_mut(*group as usize) {
                    spill.free_from(*run as usize);
                }
            }
            self.place(spills, order, at, &mut lots);
        }
        spills.iter_mut().for_each(|spill| spill.lots = Vec::new());
    }

    /// Gives every eligible row a rank inside its bucket, in no meant order.
    pub(super) fn order_loosely(&self, spills: &[Spill]) {
        let mut by_group: Vec<Vec<(u32, u32)>> = vec![Vec::new(); spills.len()];
        for step in &self.steps {
            let mut next = step.first;
            for (group, run) in self.index.get(step.runs.clone()).unwrap_or_default() {
                if let Some(slots) = by_group.get_mut(*group as usize) {
                    slots.push((*run, next));
                }
                next += run_of(spills, *group, *run).map_or(0, |run| run.rows);
            }
        }
        spills.par_iter().zip(by_group).for_each(|(spill, runs)| {
            for (run, first) in runs {
                let rows = spill.lots_of(run as usize).iter().flat_map(|lot| lot.rows());
                for (rank, row) in (first..).zip(rows) {
                    spill.set_rank(row, rank);
                }
            }
        });
    }

    /// Gives the rows of these buckets their true rank; the lots stay.
    pub(super) fn order_some(&self, spills: &[Spill], order: &Order, wanted: &BTreeSet<usize>) {
        let mut lots: Vec<Lot> = Vec::new();
        for at in wanted {
            self.collect(spills, *at, &mut lots);
            self.place(spills, order, *at, &mut lots);
        }
    }

    fn collect(&self, spills: &[Spill], at: usize, lots: &mut Vec<Lot>) {
        lots.clear();
        for (group, run) in self.runs(at) {
            if let Some(spill) = spills.get(*group as usize) {
                lots.extend_from_slice(spill.lots_of(*run as usize));
            }
        }
    }

    /// Hashes, sorts and ranks the lots of one bucket.
    fn place(&self, spills: &[Spill], order: &Order, at: usize, lots: &mut [Lot]) {
        let Some(step) = self.steps.get(at) else { return };
        if step.bucket.unlisted {
            let hash = |lot: &mut Lot| lot.key = order_hash(&order.key, lot.key);
            if lots.len() > PIECE { lots.par_iter_mut().for_each(hash) } else { lots.iter_mut().for_each(hash) }
        }
        if lots.len() <= PIECE {
            lots.sort_unstable();
            rank_lots(spills, lots, step.first);
            return;
        }
        lots.par_sort_unstable();
        let (mut pieces, mut rest): (Vec<&[Lot]>, &[Lot]) = (Vec::new(), lots);
        while !rest.is_empty() {
            // lots of equal key are one family: never part them
            let mut end = PIECE.min(rest.len());
            while end < rest.len() && rest.get(end).map(|lot| lot.key) == rest.get(end - 1).map(|lot| lot.key) {
                end += 1;
            }
            let (piece, behind) = rest.split_at(end);
            pieces.push(piece);
            rest = behind;
        }
        let rows = |piece: &&[Lot]| piece.iter().map(|lot| lot.mask.count_ones()).sum::<u32>();
        let counts: Vec<u32> = pieces.par_iter().map(rows).collect();
        let firsts: Vec<u32> = counts
            .iter()
            .scan(step.first, |next, rows| {
                let first = *next;
                *next += rows;
                Some(first)
            })
            .collect();
        pieces.par_iter().zip(firsts).for_each(|(piece, first)| rank_lots(spills, piece, first));
    }
}

fn run_of(spills: &[Spill], group: u32, run: u32) -> Option<&Run> {
    spills.get(group as usize)?.runs.get(run as usize)
}

/// Ranks sorted lots from `next` on; rows of equal key by their place in the family.
fn rank_lots(spills: &[Spill], lots: &[Lot], mut next: u32) {
    let mut members: Vec<(u16, u16, u32)> = Vec::new();
    for family in lots.chunk_by(|a, b| a.key == b.key) {
        members.clear();
        for lot in family {
            let within = |row: u32| spills.get(usize::from(lot.group)).map_or(0, |spill| spill.within(row));
            members.extend(lot.rows().map(|row| (within(row), lot.group, row)));
        }
        if members.len() > 1 {
            members.sort_unstable();
        }
        for (_, group, row) in &members {
            if let Some(slot) = spills.get(usize::from(*group)).and_then(|spill| spill.ranks.get(*row as usize)) {
                slot.store(next, Ordering::Relaxed);
            }
            next += 1;
        }
    }
}
