//! Hands every row's outcome to the sink, and counts areas and partitions.
//!
//! Takes the ranked rows with the seats that they got; gives status, rank, place
//! on the waiting list and kind of seat, row group by row group, and one count
//! per area and partition. Nothing is decided here.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::snapshot::batch::bit;

use super::fill::{Chosen, by_area, seat};
use super::funnel::{PartitionCount, rupiah};
use super::judge::{Level, in_order};
use super::luck::{AreaCount, AreaTally};
use super::rank::Steps;
use super::spill::Spill;
use super::{GroupRows, Place, Selected, status};

/// What is handed out.
pub(super) struct HandOut<'a> {
    pub(super) level: &'a Level<'a>,
    /// Position of the program.
    pub(super) at: usize,
    pub(super) spills: &'a [Spill],
    pub(super) partitions: &'a [(String, std::ops::Range<usize>)],
    pub(super) chosen: &'a Chosen,
    pub(super) steps: &'a Steps,
    pub(super) reserves: usize,
    /// Whether ranks and places mean anything: a cut alone has none.
    pub(super) ordered: bool,
    /// Where each row group is.
    pub(super) places: Vec<(Place, GroupRows)>,
}

/// Counts by area position; the nation is area 0.
pub(super) type Areas = BTreeMap<u32, AreaCount>;

impl HandOut<'_> {
    /// Hands everything out; gives counts by area and by partition.
    pub(super) fn all(&self) -> Result<(Areas, Vec<PartitionCount>)> {
        let counts: Mutex<BTreeMap<usize, (PartitionCount, i128)>> = Mutex::new(BTreeMap::new());
        let in_areas = self.spills.iter().any(|spill| !spill.areas.is_empty());
        let areas = if in_areas { self.by_area(&counts)? } else { self.nation(&counts)? };
        let mut counts = counts.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut partitions = Vec::new();
        for (partition, (code, _)) in self.partitions.iter().enumerate() {
            let (mut count, cost) = counts.remove(&partition).unwrap_or_default();
            count.code.clone_from(code);
            count.cost_period = rupiah(cost)?;
            partitions.push(count);
        }
        Ok((areas, partitions))
    }

    fn kind(&self, group: usize, row: usize) -> u8 {
        self.chosen.get(group).and_then(|seats| seats.get(row)).copied().unwrap_or(seat::NONE)
    }

    /// One row group to the sink; `waiting` gives the place of an eligible row by its rank.
    fn group(
        &self,
        group: usize,
        counts: &Mutex<BTreeMap<usize, (PartitionCount, i128)>>,
        waiting: &dyn Fn(usize, u32) -> u32,
    ) -> Result<()> {
        let (Some(spill), Some((place, _))) = (self.spills.get(group), self.places.get(group)) else {
            return Err(Error::bug("every row group was judged"));
        };
        let (mut rows, count, cost) = self.rows_of(spill, group, waiting);
        if !self.ordered {
            rows.rank.fill(0);
            rows.place.fill(0);
        }
        self.level.sink.selected(self.at, *place, &rows)?;
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        let (sum, total) = counts.entry(place.partition).or_default();
        sum.add(&count);
        *total += cost;
        Ok(())
    }

    fn rows_of(
        &self,
        spill: &Spill,
        group: usize,
        waiting: &dyn Fn(usize, u32) -> u32,
    ) -> (Selected, PartitionCount, i128) {
        let rows = spill.rows;
        let mut out =
            Selected { status: vec![0; rows], rank: vec![0; rows], place: vec![0; rows], seat: vec![0; rows] };
        let mut count = PartitionCount { registered: rows as u64, ..PartitionCount::default() };
        let (mut eligible, mut cost) = (0usize, 0i128);
        let mut amounts = spill.amounts.iter();
        let slots = out.status.iter_mut().zip(&mut out.rank).zip(&mut out.place).zip(&mut out.seat);
        for (row, (((status, rank), place), kind)) in slots.enumerate() {
            if bit(&spill.eligible, row) {
                let amount = amounts.next().unwrap_or(0);
                (*kind, *rank) = (self.kind(group, eligible), spill.rank(eligible));
                if *kind == seat::NONE {
                    (*status, *place) = (status::WAITING, waiting(eligible, *rank));
                    count.waiting += 1;
                } else {
                    *status = status::RECIPIENT;
                    count.recipients += 1;
                    cost += i128::from(amount);
                }
                eligible += 1;
            } else if bit(&spill.review, row) {
                *status = status::REVIEW;
                count.review += 1;
            } else if bit(&spill.refused, row) {
                *status = status::REFUSED_UNKNOWN;
                count.refused_unknown += 1;
            } else {
                count.failed += 1;
            }
        }
        count.eligible = count.recipients + count.waiting;
        (out, count, cost)
    }

    fn by_area(&self, counts: &Mutex<BTreeMap<usize, (PartitionCount, i128)>>) -> Result<Areas> {
        let areas: Mutex<BTreeMap<u32, AreaCount>> = Mutex::new(BTreeMap::new());
        in_order(self.partitions.len(), self.level.cancel, |partition| {
            let Some((_, range)) = self.partitions.get(partition) else { return Ok(()) };
            let blank = |group: usize| vec![0u32; self.spills.get(group).map_or(0, |spill| spill.ranks.len())];
            let mut places: Vec<Vec<u32>> = range.clone().map(blank).collect();
            for rows in by_area(self.spills, range, |_, _, area| Some(area)).chunk_by(|a, b| a.0 == b.0) {
                let Some((area, ..)) = rows.first() else { continue };
                let count = self.area(rows, range.start, &mut places);
                let mut areas = areas.lock().unwrap_or_else(PoisonError::into_inner);
                // rows in no area are in every partition
                areas.entry(*area).or_default().join(&count);
            }
            range.clone().try_for_each(|group| {
                let of_group = places.get(group - range.start);
                self.group(group, counts, &|row, _| of_group.and_then(|all| all.get(row)).copied().unwrap_or(0))
            })
        })?;
        Ok(areas.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// One area's rows in total order: its counts, and places on its waiting list.
    fn area(&self, rows: &[(u32, u32, u32, u32)], first: usize, places: &mut [Vec<u32>]) -> AreaCount {
        let kind = |row: &(u32, u32, u32, u32)| self.kind(row.2 as usize, row.3 as usize);
        let first_waiting = rows.iter().find(|row| kind(row) == seat::NONE).map_or(0, |row| row.1);
        let last_served = rows.iter().rev().find(|row| kind(row) != seat::NONE).map_or(0, |row| row.1);
        let mut tally = AreaTally::new(self.steps, self.reserves, first_waiting, last_served);
        let mut place = 0;
        for row in rows {
            let (kind, (_, rank, group, at)) = (kind(row), *row);
            let marks = self.spills.get(group as usize).map_or(0, |spill| spill.mark(at as usize));
            tally.add(rank, marks, kind);
            if kind == seat::NONE {
                place += 1;
                let slots = places.get_mut(group as usize - first);
                if let Some(slot) = slots.and_then(|all| all.get_mut(at as usize)) {
                    *slot = place;
                }
            }
        }
        tally.finish()
    }

    fn nation(&self, counts: &Mutex<BTreeMap<usize, (PartitionCount, i128)>>) -> Result<Areas> {
        // first waiting and last served row, and how many are served
        let ends = |(spill, chosen): (&Spill, &Vec<u8>)| {
            spill.ranks().zip(chosen).fold((u32::MAX, 0u32, 0u32), |(waits, serves, count), (rank, kind)| {
                if *kind == seat::NONE {
                    (waits.min(rank), serves, count)
                } else {
                    (waits, serves.max(rank), count + 1)
                }
            })
        };
        let join = |a: (u32, u32, u32), b: (u32, u32, u32)| (a.0.min(b.0), a.1.max(b.1), a.2 + b.2);
        let pairs = self.spills.par_iter().zip(self.chosen);
        let (waits, serves, served) = pairs.map(ends).reduce(|| (u32::MAX, 0, 0), join);
        let waits = if waits == u32::MAX { 0 } else { waits };
        let tally = || AreaTally::new(self.steps, self.reserves, waits, serves);
        let counted = self.spills.par_iter().zip(self.chosen).fold(tally, |mut tally, (spill, chosen)| {
            for (row, (rank, kind)) in spill.ranks().zip(chosen).enumerate() {
                tally.add(rank, spill.mark(row), *kind);
            }
            tally
        });
        let count = counted
            .reduce(tally, |mut all, part| {
                all.merge(part);
                all
            })
            .finish();
        let groups = self.places.len();
        if serves == served || !self.ordered {
            // the best are served, so the waiting list starts right after them
            in_order(groups, self.level.cancel, |group| {
                self.group(group, counts, &|_, rank| rank.saturating_sub(served))
            })?;
        } else {
            let queue = Queue::of(self.spills, self.chosen, self.steps.eligible);
            in_order(groups, self.level.cancel, |group| self.group(group, counts, &|_, rank| queue.place(rank)))?;
        }
        Ok(BTreeMap::from([(0, count)]))
    }
}

/// The waiting ranks of the nation, one bit each, with counts of those before each word.
struct Queue {
    bits: Vec<u64>,
    before: Vec<u32>,
}

impl Queue {
    fn of(spills: &[Spill], chosen: &Chosen, eligible: u32) -> Queue {
        let mut bits = vec![0u64; eligible as usize / 64 + 1];
        for (rank, kind) in spills.iter().zip(chosen).flat_map(|(spill, kinds)| spill.ranks().zip(kinds)) {
            if let Some(word) = bits.get_mut(rank as usize / 64).filter(|_| *kind == seat::NONE) {
                *word |= 1 << (rank % 64);
            }
        }
        let before = bits.iter().scan(0u32, |sum, word| {
            let before = *sum;
            *sum += word.count_ones();
            Some(before)
        });
        let before = before.collect();
        Queue { bits, before }
    }

    /// How many wait up to this rank.
    fn place(&self, rank: u32) -> u32 {
        let at = rank as usize / 64;
        let up_to = u64::MAX >> (63 - rank % 64);
        let word = self.bits.get(at).copied().unwrap_or(0);
        self.before.get(at).copied().unwrap_or(0) + (word & up_to).count_ones()
    }
}
