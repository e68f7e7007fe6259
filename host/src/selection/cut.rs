//! Cuts the ranked rows of one program, in the order of design 4.6: incumbents
//! (in the order itself), seats, filling, ceiling, waiting list.
//!
//! Each step takes the marks of the row groups and the chosen rows so far;
//! an area lies in one partition, so areas are filled partition by partition.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::program::scale_total;
use crate::snapshot::batch::bit;

use super::areas::{SeatPlan, seats};
use super::funnel::{Binds, Funnel, PartitionCount, rupiah};
use super::gather::Spill;
use super::judge::{Judged, Level, in_order, places};
use super::order::{REFUSED, REVIEW, is_rank, rank};
use super::received::{Received, set_bit};
use super::{Selected, Selection, status};

/// Chosen rows: one bitmap per row group.
type Chosen = Vec<Vec<u8>>;

/// Ranks, cuts and hands the selection to the sink.
pub(super) fn rank_and_cut(level: &Level<'_>, at: usize, judged: Judged) -> Result<(Selection, Received)> {
    let entry = level.entries.get(at).ok_or_else(|| Error::bug("a level holds positions of entries"))?;
    let Judged { plan, mut spills } = judged;
    let eligible = rank(&mut spills)?;
    let mut base: BTreeMap<u32, u64> = BTreeMap::new();
    for (area, rows) in spills.iter().flat_map(|spill| &spill.base) {
        *base.entry(*area).or_default() += rows;
    }
    let partitions = partitions(level);
    let seat_plan = seats(entry.program, level.frame, &base)?;
    let mut chosen = fill(&spills, &partitions, &seat_plan)?;
    let filled = count(&chosen);
    let cost = cost(&spills, &chosen);
    let ceiling = entry.program.ceiling.map(|ceiling| {
        let scaled = scale_total(u64::try_from(ceiling.period).unwrap_or(0), level.frame.scale);
        (i64::try_from(scaled).unwrap_or(i64::MAX), ceiling.binding)
    });
    let mut binds = if filled < u64::from(eligible) { Binds::Quota } else { Binds::None };
    let mut over_ceiling = 0;
    if let Some((limit, binding)) = ceiling.filter(|(limit, _)| i128::from(*limit) < cost) {
        if binding {
            let end = first_unpaid(&spills, &chosen, i128::from(limit), eligible);
            keep_before(&spills, &mut chosen, end);
            binds = Binds::Ceiling;
        } else {
            over_ceiling = rupiah(cost - i128::from(limit))?;
        }
    }
    let mut funnel = Funnel {
        seats: match &seat_plan {
            SeatPlan::Unlimited => None,
            SeatPlan::Nation(seats) => Some(*seats),
            SeatPlan::Areas { total, .. } => Some(*total),
        },
        ceiling: ceiling.map(|(limit, _)| limit),
        over_ceiling,
        binds,
        ranked: u64::from(eligible),
        ..Funnel::default()
    };
    write(level, at, &spills, &partitions, &chosen, &mut funnel)?;
    total(&spills, &chosen, &mut funnel)?;
    funnel.check()?;
    let fuel = spills.iter().map(|spill| spill.fuel).fold(0u64, u64::saturating_add);
    Ok((Selection { funnel, fuel }, Received { unit: plan.unit, groups: chosen }))
}

/// Code and range of row groups of each partition.
fn partitions(level: &Level<'_>) -> Vec<(String, std::ops::Range<usize>)> {
    let mut start = 0;
    let all = level.rows.partitions().iter();
    all.map(|partition| {
        let range = start..start + partition.groups.len();
        start = range.end;
        (partition.code.clone(), range)
    })
    .collect()
}

/// Fills the seats of each area with the best of it.
fn fill(spills: &[Spill], partitions: &[(String, std::ops::Range<usize>)], plan: &SeatPlan) -> Result<Chosen> {
    let by_rank = |best: u64| -> Chosen {
        let choose = |spill: &Spill| pick(spill, |mark| is_rank(mark) && u64::from(mark) <= best);
        spills.par_iter().map(choose).collect()
    };
    match plan {
        SeatPlan::Unlimited => Ok(by_rank(u64::MAX)),
        SeatPlan::Nation(seats) => Ok(by_rank(*seats)),
        SeatPlan::Areas { seats, .. } => {
            let filled: Vec<(Chosen, Vec<u32>)> =
                partitions.par_iter().map(|(_, range)| fill_partition(spills, range, seats)).collect();
            let mut chosen = Vec::with_capacity(spills.len());
            let mut met: BTreeMap<u32, usize> = BTreeMap::new();
            for (partition, (bits, areas)) in filled.into_iter().enumerate() {
                chosen.extend(bits);
                let placed = areas.into_iter().filter(|area| (*area as usize) < seats.len());
                for area in placed {
                    if met.insert(area, partition).is_some() {
                        return Err(Error::bug("an area lies in one partition"));
                    }
                }
            }
            Ok(chosen)
        }
    }
}

fn pick(spill: &Spill, choose: impl Fn(u32) -> bool) -> Vec<u8> {
    let mut bits = vec![0u8; spill.marks.len().div_ceil(8)];
    spill.marks().enumerate().filter(|(_, mark)| choose(*mark)).for_each(|(row, _)| set_bit(&mut bits, row));
    bits
}

/// Eligible rows of a partition that `wanted` admits, by area and then in total order:
/// (area, rank, row group, row).
fn by_area(
    spills: &[Spill],
    range: &std::ops::Range<usize>,
    wanted: impl Fn(usize, usize) -> bool,
) -> Vec<(u32, u32, u32, u32)> {
    let mut all = Vec::new();
    for group in range.clone() {
        let Some(spill) = spills.get(group) else { continue };
        let ranked = spill.marks().enumerate().filter(|(_, mark)| is_rank(*mark));
        for ((row, mark), area) in ranked.zip(&spill.areas) {
            if wanted(group, row)
                && let (Ok(group), Ok(row)) = (u32::try_from(group), u32::try_from(row))
            {
                all.push((*area, mark, group, row));
            }
        }
    }
    all.par_sort_unstable();
    all
}

fn fill_partition(spills: &[Spill], range: &std::ops::Range<usize>, seats: &[u64]) -> (Chosen, Vec<u32>) {
    let blank = |group: usize| vec![0u8; spills.get(group).map_or(0, |spill| spill.marks.len().div_ceil(8))];
    let mut chosen: Chosen = range.clone().map(blank).collect();
    let mut areas = Vec::new();
    for rows in by_area(spills, range, |_, _| true).chunk_by(|a, b| a.0 == b.0) {
        let Some((area, ..)) = rows.first() else { continue };
        areas.push(*area);
        let best = seats.get(*area as usize).map_or(0, |seats| usize::try_from(*seats).unwrap_or(usize::MAX));
        for (_, _, group, row) in rows.iter().take(best) {
            if let Some(bits) = chosen.get_mut(*group as usize - range.start) {
                set_bit(bits, *row as usize);
            }
        }
    }
    (chosen, areas)
}

fn count(chosen: &Chosen) -> u64 {
    chosen.iter().flatten().map(|byte| u64::from(byte.count_ones())).sum()
}

/// Rank and amount of the chosen rows of one group, in row order.
fn paid<'a>(spill: &'a Spill, bits: &'a [u8]) -> impl Iterator<Item = (u32, i64)> + 'a {
    let ranked = spill.marks().enumerate().filter(|(_, mark)| is_rank(*mark));
    ranked.zip(spill.amounts.iter()).filter(|((row, _), _)| bit(bits, *row)).map(|((_, mark), amount)| (mark, amount))
}

fn cost(spills: &[Spill], chosen: &Chosen) -> i128 {
    let sum = |(spill, bits): (&Spill, &Vec<u8>)| paid(spill, bits).map(|(_, amount)| i128::from(amount)).sum::<i128>();
    spills.par_iter().zip(chosen).map(sum).sum()
}

/// Ranks summed at once when looking for the end of the money.
const BLOCK: u32 = 1 << 16;

/// The first rank, down the total order of the chosen, whose amount does not fit.
/// Sums blocks of ranks first, then looks inside the one where the money ends.
fn first_unpaid(spills: &[Spill], chosen: &Chosen, limit: i128, eligible: u32) -> u32 {
    let mut blocks = vec![0i128; (eligible / BLOCK) as usize + 1];
    for (rank, amount) in spills.iter().zip(chosen).flat_map(|(spill, bits)| paid(spill, bits)) {
        if let Some(block) = blocks.get_mut((rank / BLOCK) as usize) {
            *block += i128::from(amount);
        }
    }
    let mut left = limit;
    for (block, sum) in (0u32..).zip(blocks) {
        if sum <= left {
            left -= sum;
            continue;
        }
        let mut inside: Vec<(u32, i64)> = spills
            .iter()
            .zip(chosen)
            .flat_map(|(spill, bits)| paid(spill, bits))
            .filter(|(rank, _)| rank / BLOCK == block)
            .collect();
        inside.sort_unstable();
        for (rank, amount) in inside {
            if i128::from(amount) > left {
                return rank;
            }
            left -= i128::from(amount);
        }
    }
    u32::MAX
}

/// Nobody from rank `end` on is paid.
fn keep_before(spills: &[Spill], chosen: &mut Chosen, end: u32) {
    spills.par_iter().zip(chosen).for_each(|(spill, bits)| {
        let kept = pick(spill, |mark| is_rank(mark) && mark < end);
        bits.iter_mut().zip(kept).for_each(|(byte, keep)| *byte &= keep);
    });
}

/// Hands every row's status, rank and place to the sink, and counts partitions.
fn write(
    level: &Level<'_>,
    at: usize,
    spills: &[Spill],
    partitions: &[(String, std::ops::Range<usize>)],
    chosen: &Chosen,
    funnel: &mut Funnel,
) -> Result<()> {
    let in_areas = spills.iter().any(|spill| !spill.areas.is_empty());
    let first_waiting = u32::try_from(count(chosen)).map_err(|_| Error::bug("ranks fit in 32 bits"))?;
    let places = places(level.rows);
    let counts: Mutex<BTreeMap<usize, (PartitionCount, i128)>> = Mutex::new(BTreeMap::new());
    let one = |group: usize, waiting: &dyn Fn(usize, u32) -> u32| -> Result<()> {
        let (Some(spill), Some(bits), Some((place, _))) = (spills.get(group), chosen.get(group), places.get(group))
        else {
            return Err(Error::bug("every row group has marks"));
        };
        let (rows, count) = select_group(spill, bits, waiting);
        level.sink.selected(at, *place, &rows)?;
        let sum = paid(spill, bits).map(|(_, amount)| i128::from(amount)).sum::<i128>();
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        add(counts.entry(place.partition).or_default(), &count, sum);
        Ok(())
    };
    if in_areas {
        in_order(partitions.len(), level.cancel, |partition| {
            let Some((_, range)) = partitions.get(partition) else { return Ok(()) };
            let places = waiting_places(spills, range, chosen);
            range.clone().try_for_each(|group| {
                let of_group = places.get(group - range.start);
                one(group, &|row, _| of_group.and_then(|all| all.get(row)).copied().unwrap_or(0))
            })
        })?;
    } else {
        // one area: the chosen are the best, so the waiting list starts right after them
        in_order(places.len(), level.cancel, |group: usize| one(group, &|_, mark| mark.saturating_sub(first_waiting)))?;
    }
    let mut counts = counts.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (partition, (code, _)) in partitions.iter().enumerate() {
        let (mut count, cost) = counts.remove(&partition).unwrap_or_default();
        count.code.clone_from(code);
        count.cost_period = rupiah(cost)?;
        funnel.partitions.push(count);
    }
    Ok(())
}

/// Places on the waiting lists of a partition's areas, one per row of each group.
fn waiting_places(spills: &[Spill], range: &std::ops::Range<usize>, chosen: &Chosen) -> Vec<Vec<u32>> {
    let blank = |group: usize| vec![0u32; spills.get(group).map_or(0, |spill| spill.marks.len())];
    let mut places: Vec<Vec<u32>> = range.clone().map(blank).collect();
    let is_waiting = |group: usize, row: usize| chosen.get(group).is_some_and(|bits| !bit(bits, row));
    for rows in by_area(spills, range, is_waiting).chunk_by(|a, b| a.0 == b.0) {
        for (place, (_, _, group, row)) in (1u32..).zip(rows) {
            let slot = places.get_mut(*group as usize - range.start).and_then(|all| all.get_mut(*row as usize));
            if let Some(slot) = slot {
                *slot = place;
            }
        }
    }
    places
}

/// Status, rank and place of the rows of one group, and how many there are of each.
fn select_group(spill: &Spill, bits: &[u8], waiting: &dyn Fn(usize, u32) -> u32) -> (Selected, PartitionCount) {
    let rows = spill.marks.len();
    let mut out = Selected { status: vec![0; rows], rank: vec![0; rows], place: vec![0; rows] };
    let mut count = PartitionCount { registered: rows as u64, ..PartitionCount::default() };
    let slots = out.status.iter_mut().zip(&mut out.rank).zip(&mut out.place);
    for ((row, mark), ((status, rank), place)) in spill.marks().enumerate().zip(slots) {
        *status = match mark {
            0 => {
                count.failed += 1;
                status::NOT_ELIGIBLE
            }
            REVIEW => {
                count.review += 1;
                status::REVIEW
            }
            REFUSED => {
                count.refused_unknown += 1;
                status::REFUSED_UNKNOWN
            }
            _ if bit(bits, row) => {
                count.recipients += 1;
                *rank = mark;
                status::RECIPIENT
            }
            _ => {
                count.waiting += 1;
                (*rank, *place) = (mark, waiting(row, mark));
                status::WAITING
            }
        };
    }
    count.eligible = count.recipients + count.waiting;
    (out, count)
}

fn add(sum: &mut (PartitionCount, i128), part: &PartitionCount, cost: i128) {
    let (all, total) = sum;
    all.registered += part.registered;
    all.failed += part.failed;
    all.eligible += part.eligible;
    all.review += part.review;
    all.refused_unknown += part.refused_unknown;
    all.recipients += part.recipients;
    all.waiting += part.waiting;
    *total += cost;
}

/// The nation's counts, from the row groups and apart from the partitions' counts.
fn total(spills: &[Spill], chosen: &Chosen, funnel: &mut Funnel) -> Result<()> {
    for (spill, bits) in spills.iter().zip(chosen) {
        funnel.registered += spill.marks.len() as u64;
        funnel.judged += spill.marks.len() as u64;
        funnel.criteria.resize(spill.criteria.len(), super::CriterionCount::default());
        for (all, part) in funnel.criteria.iter_mut().zip(&spill.criteria) {
            all.failed += part.failed;
            all.unknown += part.unknown;
            all.not_checked += part.not_checked;
        }
        for (row, mark) in spill.marks().enumerate() {
            let (taken, before) = (bit(bits, row), bit(&spill.previous, row));
            match mark {
                0 => funnel.failed += 1,
                REVIEW => funnel.review += 1,
                REFUSED => funnel.refused_unknown += 1,
                rank => {
                    funnel.eligible += 1;
                    funnel.recipients += u64::from(taken);
                    funnel.waiting += u64::from(!taken);
                    funnel.incumbents.eligible += u64::from(before);
                    funnel.incumbents.kept += u64::from(before && taken);
                    if taken {
                        funnel.last_rank = funnel.last_rank.max(rank);
                    }
                }
            }
            funnel.incumbents.last += u64::from(before);
        }
    }
    funnel.incumbents.gone = funnel.incumbents.last - funnel.incumbents.eligible;
    // the cost of the nation is summed from the amounts, partitions from theirs
    funnel.cost_period = rupiah(cost(spills, chosen))?;
    Ok(())
}
