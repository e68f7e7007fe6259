//! Seats to rows: steps 3 and 4 of design 4.6.
//!
//! Takes rows in total order, area by area, and seats; gives each row the kind
//! of seat that it got. `fill_area` is the law of one area and knows nothing
//! else; the rest applies it to the nation, to the areas of each partition and
//! to the areas above them. An area lies in one partition.

use std::collections::BTreeMap;
use std::ops::Range;

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::program::{Program, Ratio};

use super::areas::{SeatPlan, reserved};
use super::spill::{HELD, LISTED, Spill};

/// The kind of seat that a row got.
pub mod seat {
    /// None.
    pub const NONE: u8 = 0;
    /// A general seat of its area.
    pub const GENERAL: u8 = 1;
    /// A seat that an area below could not fill.
    pub const FLOW: u8 = 2;
    /// Kept from the run that is promoted from.
    pub const HELD: u8 = 3;
    /// The first reserve in the order of filling; the next ones follow.
    pub const RESERVE: u8 = 16;
}

/// A seat kind for each eligible row, by row group.
pub(super) type Chosen = Vec<Vec<u8>>;

/// An eligible row where seats are filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Rank in the total order; candidates of an area come ascending.
    pub rank: u32,
    /// Bit n: in the group of reserve n. The two highest bits are the list promoted from.
    pub marks: u16,
    /// Seats that it takes.
    pub weight: u64,
}

/// What became of one area.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AreaFill {
    /// Kind of seat by candidate, see `seat`.
    pub seat: Vec<u8>,
    /// Seats left over.
    pub left: u64,
    /// Where seats of a kind ran out: rank of the last row served, rank of the first that
    /// was not. Only the order of rows between two such ranks matters to who is chosen.
    pub edges: Vec<(u32, u32)>,
}

/// Fills the seats of one area: reserves in the order of filling, each with the best of its
/// group, then the general seats with the best of those left. A row that needs more than
/// what is left ends the filling of that kind. `listed`: only rows of the list that is
/// promoted from, after those who held a seat there.
#[must_use]
pub fn fill_area(rows: &[Candidate], seats: u64, reserves: &[u64], listed: bool) -> AreaFill {
    let mut fill = AreaFill { seat: vec![seat::NONE; rows.len()], left: seats, edges: Vec::new() };
    for (row, slot) in rows.iter().zip(&mut fill.seat).filter(|(row, _)| listed && row.marks & HELD != 0) {
        *slot = seat::HELD;
        fill.left = fill.left.saturating_sub(row.weight);
    }
    for (code, (at, wanted)) in (seat::RESERVE..).zip(reserves.iter().enumerate()) {
        let mut left = (*wanted).min(fill.left);
        fill.left -= left;
        fill.serve(rows, code, &mut left, |row| row.marks >> at & 1 == 1);
        fill.left += left;
    }
    let mut left = fill.left;
    fill.serve(rows, seat::GENERAL, &mut left, |row| !listed || row.marks & LISTED != 0);
    fill.left = left;
    fill
}

impl AreaFill {
    fn serve(&mut self, rows: &[Candidate], code: u8, left: &mut u64, admits: impl Fn(&Candidate) -> bool) {
        let (some, mut last) = (*left > 0, None);
        for (row, slot) in rows.iter().zip(&mut self.seat).filter(|(row, slot)| **slot == seat::NONE && admits(row)) {
            if row.weight > *left {
                // with nothing left it does not matter whom it would have met first
                let before = if *left > 0 { Some(row.rank) } else { last };
                self.edges.extend(before.filter(|_| some).map(|before| (before, row.rank)));
                break;
            }
            (*slot, last) = (code, Some(row.rank));
            *left -= row.weight;
        }
    }
}

/// Everything that filling needs beside the ranked rows.
pub(super) struct Filling<'a> {
    pub(super) program: &'a Program,
    pub(super) scale: Ratio,
    pub(super) plan: &'a SeatPlan,
    /// Row groups of each partition.
    pub(super) partitions: &'a [(String, Range<usize>)],
    /// The areas above each area, lowest level first; empty = nothing flows.
    pub(super) above: Option<&'a [Vec<u32>]>,
    /// Only the list of an earlier run is served.
    pub(super) listed: bool,
}

/// Seats filled over the nation.
pub(super) struct Filled {
    pub(super) chosen: Chosen,
    /// See `AreaFill::edges`.
    pub(super) edges: Vec<(u32, u32)>,
    /// Seats that nobody took, areas outside the snapshot not counted.
    pub(super) left: u64,
}

/// A row of an area: area, rank, row group, eligible row.
pub(super) type Placed = (u32, u32, u32, u32);

/// The eligible rows of a partition that are admitted, by area and then in total order.
pub(super) fn by_area(
    spills: &[Spill],
    range: &Range<usize>,
    area: impl Fn(usize, usize, u32) -> Option<u32>,
) -> Vec<Placed> {
    let mut all = Vec::new();
    for group in range.clone() {
        let Some(spill) = spills.get(group) else { continue };
        for (row, rank) in spill.ranks().enumerate() {
            if let Some(area) = area(group, row, spill.area(row))
                && let (Ok(group), Ok(row)) = (u32::try_from(group), u32::try_from(row))
            {
                all.push((area, rank, group, row));
            }
        }
    }
    all.par_sort_unstable();
    all
}

impl Filling<'_> {
    pub(super) fn fill(&self, spills: &[Spill]) -> Result<Filled> {
        let blank = || spills.iter().map(|spill| vec![seat::NONE; spill.ranks.len()]).collect();
        let mut filled = Filled { chosen: blank(), edges: Vec::new(), left: 0 };
        match self.plan {
            SeatPlan::Unlimited if !self.listed => {
                filled.chosen.par_iter_mut().for_each(|seats| seats.fill(seat::GENERAL));
            }
            SeatPlan::Unlimited => self.nation(spills, u64::MAX, &mut filled),
            SeatPlan::Nation(seats) => self.nation(spills, *seats, &mut filled),
            SeatPlan::Areas { seats, .. } => {
                let left = self.areas(spills, seats, &mut filled)?;
                filled.left = left.iter().sum();
                if let Some(above) = self.above {
                    self.flow(spills, &left, above, &mut filled)?;
                }
            }
        }
        Ok(filled)
    }

    /// The nation as one area: cuts in the total order instead of a list of rows.
    fn nation(&self, spills: &[Spill], seats: u64, filled: &mut Filled) {
        filled.left = seats;
        if self.listed {
            let held = spills.par_iter().zip(&mut filled.chosen).map(|(spill, chosen)| {
                let rows = chosen.iter_mut().enumerate().filter(|(row, _)| spill.mark(*row) & HELD != 0);
                rows.map(|(row, slot)| {
                    *slot = seat::HELD;
                    spill.weight(row)
                })
                .sum::<u64>()
            });
            let held: u64 = held.sum();
            filled.left = filled.left.saturating_sub(held);
        } else {
            let reserves = reserved(self.program, self.scale, seats);
            for (code, (at, wanted)) in (seat::RESERVE..).zip(reserves.into_iter().enumerate()) {
                let wanted = wanted.min(filled.left);
                let left = take_best(spills, wanted, code, filled, |spill, row| spill.mark(row) >> at & 1 == 1);
                filled.left = filled.left - wanted + left;
            }
        }
        let listed = |spill: &Spill, row: usize| !self.listed || spill.mark(row) & LISTED != 0;
        filled.left = take_best(spills, filled.left, seat::GENERAL, filled, listed);
    }

    /// Each area's seats; gives what is left of each.
    fn areas(&self, spills: &[Spill], seats: &[u64], filled: &mut Filled) -> Result<Vec<u64>> {
        let one = |area: u32| {
            let seats = seats.get(area as usize).copied().unwrap_or(0);
            let reserves = if self.listed { Vec::new() } else { reserved(self.program, self.scale, seats) };
            (seats, reserves)
        };
        let code = |code| code;
        let met = self.each_area(spills, filled, |_, _, area| Some(area), one, code)?;
        let mut left = seats.to_vec();
        for (area, rest) in met {
            if let Some(slot) = left.get_mut(area as usize) {
                *slot = rest;
            }
        }
        Ok(left)
    }

    /// Fills areas partition by partition; gives what is left of each area that has rows.
    fn each_area(
        &self,
        spills: &[Spill],
        filled: &mut Filled,
        admit: impl Fn(usize, usize, u32) -> Option<u32> + Sync,
        seats: impl Fn(u32) -> (u64, Vec<u64>) + Sync,
        code: impl Fn(u8) -> u8 + Sync,
    ) -> Result<BTreeMap<u32, u64>> {
        let parts: Vec<&mut [Vec<u8>]> = split(&mut filled.chosen, self.partitions);
        let work = |((_, range), chosen): (&(String, Range<usize>), &mut [Vec<u8>])| {
            let (mut met, mut edges, mut rows) = (Vec::new(), Vec::new(), Vec::new());
            let free = |group: usize, row: usize| {
                chosen.get(group - range.start).and_then(|seats| seats.get(row)) == Some(&seat::NONE)
            };
            let placed =
                by_area(spills, range, |group, row, area| admit(group, row, area).filter(|_| free(group, row)));
            for of_area in placed.chunk_by(|a, b| a.0 == b.0) {
                let Some((area, ..)) = of_area.first() else { continue };
                rows.clear();
                rows.extend(of_area.iter().map(|(_, rank, group, row)| candidate(spills, *rank, *group, *row)));
                let (seats, reserves) = seats(*area);
                let fill = fill_area(&rows, seats, &reserves, self.listed);
                for ((_, _, group, row), kind) in of_area.iter().zip(&fill.seat) {
                    let slots = chosen.get_mut(*group as usize - range.start);
                    if let Some(slot) = slots.and_then(|seats| seats.get_mut(*row as usize)) {
                        *slot = code(*kind);
                    }
                }
                met.push((*area, seats, fill.left));
                edges.extend(fill.edges);
            }
            (met, edges)
        };
        let done: Vec<_> = self.partitions.par_iter().zip(parts).map(work).collect();
        let mut left = BTreeMap::new();
        for (met, edges) in done {
            filled.edges.extend(edges);
            // those in no area are in every partition, and have no seats
            for (area, _, rest) in met.into_iter().filter(|(_, seats, _)| *seats > 0) {
                if left.insert(area, rest).is_some() {
                    return Err(Error::bug("an area lies in one partition"));
                }
            }
        }
        Ok(left)
    }

    /// Seats left over, bottom to top: to the waiting rows of the area above, then of the one
    /// above it, and at last of the nation. Who is in no area has no part in it.
    fn flow(&self, spills: &[Spill], left: &[u64], above: &[Vec<u32>], filled: &mut Filled) -> Result<()> {
        let areas = left.len();
        let mut rest: Vec<u64> = left.to_vec();
        for parents in above {
            let mut pool: BTreeMap<u32, u64> = BTreeMap::new();
            for (parent, rest) in parents.iter().zip(&mut rest) {
                *pool.entry(*parent).or_default() += std::mem::take(rest);
            }
            let seats = |area: u32| (pool.get(&area).copied().unwrap_or(0), Vec::new());
            let open = |_: usize, _: usize, area: u32| {
                let parent = parents.get(area as usize).copied().filter(|parent| *parent != u32::MAX)?;
                (pool.get(&parent).copied().unwrap_or(0) > 0).then_some(parent)
            };
            let code = |code: u8| if code == seat::GENERAL { seat::FLOW } else { code };
            pool.extend(self.each_area(spills, filled, open, seats, code)?);
            // what is left of an area above stands with the first of those below it
            for (parent, slot) in parents.iter().zip(&mut rest) {
                *slot = pool.remove(parent).unwrap_or(0);
            }
        }
        let wanted = rest.iter().sum();
        let waits = |spill: &Spill, row: usize| {
            let listed = !self.listed || spill.mark(row) & LISTED != 0;
            listed && (spill.area(row) as usize) < areas
        };
        filled.left = take_best(spills, wanted, seat::FLOW, filled, waits);
        Ok(())
    }
}

/// The row groups of each partition, apart.
fn split<'c>(mut chosen: &'c mut [Vec<u8>], partitions: &[(String, Range<usize>)]) -> Vec<&'c mut [Vec<u8>]> {
    let mut parts = Vec::with_capacity(partitions.len());
    for (_, range) in partitions {
        let (part, rest) = chosen.split_at_mut(range.len().min(chosen.len()));
        parts.push(part);
        chosen = rest;
    }
    parts
}

fn candidate(spills: &[Spill], rank: u32, group: u32, row: u32) -> Candidate {
    let (spill, row) = (spills.get(group as usize), row as usize);
    Candidate {
        rank,
        marks: spill.map_or(0, |spill| spill.mark(row)),
        weight: spill.map_or(1, |spill| spill.weight(row)),
    }
}

/// Ranks counted at once when looking for the end of the seats.
const BLOCK: u32 = 1 << 16;

/// Gives `seats` to the best rows of the nation that have none and are admitted; gives what
/// is left. Counts blocks of ranks, then looks inside the one where the seats end.
fn take_best(
    spills: &[Spill],
    seats: u64,
    code: u8,
    filled: &mut Filled,
    admits: impl Fn(&Spill, usize) -> bool + Sync,
) -> u64 {
    if seats == 0 {
        return 0;
    }
    let open = |(spill, chosen): (&Spill, &Vec<u8>), each: &mut dyn FnMut(u32, u64)| {
        for (row, (rank, kind)) in spill.ranks().zip(chosen).enumerate() {
            if *kind == seat::NONE && admits(spill, row) {
                each(rank, spill.weight(row));
            }
        }
    };
    let most: u32 = spills.iter().map(|spill| u32::try_from(spill.ranks.len()).unwrap_or(u32::MAX)).sum();
    let blank = || vec![0u64; (most / BLOCK) as usize + 1];
    let counted = spills.par_iter().zip(&filled.chosen).fold(blank, |mut blocks, one| {
        open(one, &mut |rank, weight| {
            if let Some(block) = blocks.get_mut((rank / BLOCK) as usize) {
                *block += weight;
            }
        });
        blocks
    });
    let blocks = counted.reduce(blank, |mut all, part| {
        all.iter_mut().zip(part).for_each(|(sum, count)| *sum += count);
        all
    });
    let (mut left, mut last, mut refused) = (seats, 0, None);
    for (block, count) in (0u32..).zip(blocks) {
        if count <= left && left != count {
            (left, last) = (left - count, block * BLOCK + (BLOCK - 1));
            continue;
        }
        // the last row served and the first one that is not lie from here on
        let inside = |one: (&Spill, &Vec<u8>)| {
            let mut rows = Vec::new();
            open(one, &mut |rank, weight| {
                if rank / BLOCK == block {
                    rows.push((rank, weight));
                }
            });
            rows
        };
        let mut rows: Vec<(u32, u64)> = spills.par_iter().zip(&filled.chosen).flat_map_iter(inside).collect();
        rows.sort_unstable();
        let mut before = (last > 0).then_some(last);
        for (rank, weight) in rows {
            if weight > left {
                refused = Some((if left > 0 { Some(rank) } else { before }, rank));
                break;
            }
            (left, last, before) = (left - weight, rank, Some(rank));
        }
        if refused.is_none() && left == 0 {
            // the block ended with the seats: nobody behind it is served
            refused = Some((before, last + 1));
        }
        if refused.is_some() {
            break;
        }
    }
    let end = refused.map_or(u32::MAX, |_| last);
    filled.edges.extend(refused.and_then(|(before, rank)| Some((before?, rank))));
    spills.par_iter().zip(&mut filled.chosen).for_each(|(spill, chosen)| {
        for (row, (rank, kind)) in spill.ranks().zip(chosen).enumerate() {
            if *kind == seat::NONE && rank <= end && admits(spill, row) {
                *kind = code;
            }
        }
    });
    left
}
