//! Cuts the rows of one program, in the order of design 4.6: incumbents (in the
//! order itself), seats, filling, flow, ceiling, waiting list.
//!
//! Takes the judged row groups; gives the selection and who receives. What the
//! rule of incumbents did is found by cutting once more without it, which needs
//! no whole order: only buckets that a cut falls into are ordered.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::program::{Incumbents, Program, Unfilled, scale_total};
use crate::snapshot::batch::bit;

use super::areas::{self, SeatPlan, seats};
use super::fill::{Chosen, Filled, Filling, seat};
use super::funnel::{Binds, CriterionCount, Funnel, Luck, PromotionCount, rupiah};
use super::hand_out::{Areas, HandOut};
use super::judge::{Judged, Level, places};
use super::luck::AreaCount;
use super::order::Order;
use super::promote::Earlier;
use super::rank::Steps;
use super::received::{Received, set_bit};
use super::spill::Spill;
use super::{AreaLevel, Depth, Selection};

/// Ranks, cuts and hands the selection to the sink.
pub(super) fn rank_and_cut(level: &Level<'_>, at: usize, judged: Judged<'_>) -> Result<(Selection, Received)> {
    let entry = level.entries.get(at).ok_or_else(|| Error::bug("a level holds positions of entries"))?;
    let Judged { plan, mut spills } = judged;
    let partitions = partitions(level);
    let seat_plan = seat_plan(entry.program, level, &spills, plan.earlier)?;
    let above = match entry.program.quota.unfilled {
        Unfilled::Flow => Some(areas::above(entry.program.quota.level, level.frame)),
        Unfilled::Stay => None,
    };
    let filling = Filling {
        program: entry.program,
        scale: level.frame.scale,
        plan: &seat_plan,
        partitions: &partitions,
        above: above.as_deref(),
        listed: plan.earlier.is_some(),
    };
    let money = Money::of(entry.program, level);
    let incumbents = entry.program.incumbents != Incumbents::None && plan.earlier.is_none();
    let fresh = if incumbents { Some(cut_alone(&spills, &plan.order.fresh(), &filling, money)?) } else { None };
    let fresh = fresh.map(|(fresh, _)| bits_of(&fresh.filled.chosen));
    let (cut, steps) = match level.depth {
        Depth::Whole => {
            let steps = Steps::of(&spills, &plan.order)?;
            steps.order_whole(&mut spills, &plan.order);
            (Cut::of(&spills, &filling, money, steps.eligible)?, steps)
        }
        Depth::Cut => cut_alone(&spills, &plan.order, &filling, money)?,
    };
    let mut funnel = Funnel {
        seats: seat_plan.total(),
        ceiling: money.map(|money| money.limit),
        over_ceiling: rupiah(cut.over)?,
        binds: cut.binds,
        ranked: u64::from(steps.eligible),
        unfilled: cut.filled.left,
        ..Funnel::default()
    };
    let reserves = entry.program.quota.reserves.len();
    let chosen = &cut.filled.chosen;
    let ordered = level.depth == Depth::Whole;
    let (spills, partitions) = (spills.as_slice(), partitions.as_slice());
    let places = places(level.rows);
    let hand_out = HandOut { level, at, spills, partitions, chosen, steps: &steps, reserves, ordered, places };
    let (areas, parts) = hand_out.all()?;
    funnel.partitions = parts;
    funnel.promotion = plan.earlier.map(|earlier| promotion(earlier, chosen));
    by_area(entry.program, level, &seat_plan, areas, &mut funnel);
    let groups = total(spills, chosen, fresh.as_deref(), &mut funnel)?;
    if !ordered {
        funnel.last_rank = 0;
    }
    funnel.check()?;
    let fuel = spills.iter().map(|spill| spill.fuel).fold(0u64, u64::saturating_add);
    Ok((Selection { funnel, fuel }, Received { unit: plan.unit, groups }))
}

fn seat_plan(program: &Program, level: &Level<'_>, spills: &[Spill], earlier: Option<&Earlier>) -> Result<SeatPlan> {
    if let Some(earlier) = earlier {
        let held = earlier.seats();
        let total = held.values().sum();
        let table = level.frame.areas.get(&program.quota.level).filter(|_| program.quota.level != AreaLevel::National);
        return Ok(match table {
            None => SeatPlan::Nation(total),
            Some(table) => {
                let seats = (0u32..).zip(&table.codes).map(|(at, _)| held.get(&at).copied().unwrap_or(0)).collect();
                SeatPlan::Areas { seats, total }
            }
        });
    }
    let mut base: BTreeMap<u32, u64> = BTreeMap::new();
    for (area, rows) in spills.iter().flat_map(|spill| &spill.base) {
        *base.entry(*area).or_default() += rows;
    }
    seats(program, level.frame, &base)
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

/// A ceiling after scaling.
#[derive(Debug, Clone, Copy)]
struct Money {
    limit: i64,
    binding: bool,
}

impl Money {
    fn of(program: &Program, level: &Level<'_>) -> Option<Money> {
        program.ceiling.map(|ceiling| {
            let scaled = scale_total(u64::try_from(ceiling.period).unwrap_or(0), level.frame.scale);
            Money { limit: i64::try_from(scaled).unwrap_or(i64::MAX), binding: ceiling.binding }
        })
    }
}

/// Who is served, and what set the limit.
struct Cut {
    filled: Filled,
    binds: Binds,
    /// Rupiah past a ceiling that only reports.
    over: i128,
    /// First rank that the ceiling leaves out.
    end: Option<u32>,
}

impl Cut {
    /// Fills seats and holds the cost against the ceiling, on rows that have ranks.
    fn of(spills: &[Spill], filling: &Filling<'_>, money: Option<Money>, eligible: u32) -> Result<Cut> {
        let filled = filling.fill(spills)?;
        let served: u64 = filled.chosen.par_iter().map(|kinds| kinds.iter().filter(|k| **k != 0).count() as u64).sum();
        let binds = if served < u64::from(eligible) { Binds::Quota } else { Binds::None };
        let mut cut = Cut { filled, binds, over: 0, end: None };
        let Some(money) = money else { return Ok(cut) };
        let cost = cost(spills, &cut.filled.chosen);
        if cost <= i128::from(money.limit) {
            return Ok(cut);
        }
        if money.binding {
            let end = first_unpaid(spills, &cut.filled.chosen, i128::from(money.limit), eligible);
            (cut.binds, cut.end) = (Binds::Ceiling, Some(end));
            spills.par_iter().zip(&mut cut.filled.chosen).for_each(|(spill, kinds)| {
                spill.ranks().zip(kinds).filter(|(rank, _)| *rank >= end).for_each(|(_, kind)| *kind = seat::NONE);
            });
        } else {
            cut.over = cost - i128::from(money.limit);
        }
        Ok(cut)
    }
}

/// The cut without the whole order: rows of a bucket are put in order only if a cut falls
/// into it. Leaves ranks that are right in those buckets alone; lots stay as they are.
fn cut_alone(spills: &[Spill], order: &Order, filling: &Filling<'_>, money: Option<Money>) -> Result<(Cut, Steps)> {
    let steps = Steps::of(spills, order)?;
    steps.order_loosely(spills);
    let mut known: BTreeSet<usize> = BTreeSet::new();
    loop {
        let cut = Cut::of(spills, filling, money, steps.eligible)?;
        let edges = cut.filled.edges.iter().map(|(last, next)| (steps.at(*last), steps.at(*next)));
        let parted = edges.filter(|(last, next)| last == next).map(|(_, next)| next);
        let parted: BTreeSet<usize> =
            parted.chain(cut.end.map(|end| steps.at(end))).filter(|at| !known.contains(at)).collect();
        if parted.is_empty() {
            return Ok((cut, steps));
        }
        steps.order_some(spills, order, &parted);
        known.extend(parted);
    }
}

/// One bit per eligible row that is served.
fn bits_of(chosen: &Chosen) -> Vec<Vec<u8>> {
    let of = |kinds: &Vec<u8>| {
        let mut bits = vec![0u8; kinds.len().div_ceil(8)];
        kinds.iter().enumerate().filter(|(_, kind)| **kind != 0).for_each(|(row, _)| set_bit(&mut bits, row));
        bits
    };
    chosen.par_iter().map(of).collect()
}

/// Rank and rupiah of the rows served in one group.
fn paid<'a>(spill: &'a Spill, kinds: &'a [u8]) -> impl Iterator<Item = (u32, i128)> + 'a {
    let rows = spill.ranks().zip(spill.amounts.iter()).zip(kinds).enumerate();
    rows.filter(|(_, (_, kind))| **kind != seat::NONE)
        .map(|(row, ((rank, amount), _))| (rank, i128::from(amount) * i128::from(spill.weight(row))))
}

fn cost(spills: &[Spill], chosen: &Chosen) -> i128 {
    let sum = |(spill, kinds): (&Spill, &Vec<u8>)| paid(spill, kinds).map(|(_, amount)| amount).sum::<i128>();
    spills.par_iter().zip(chosen).map(sum).sum()
}

/// Ranks summed at once when looking for the end of the money.
const BLOCK: u32 = 1 << 16;

/// The first rank, down the total order of the chosen, whose amount does not fit.
/// Sums blocks of ranks first, then looks inside the one where the money ends.
fn first_unpaid(spills: &[Spill], chosen: &Chosen, limit: i128, eligible: u32) -> u32 {
    let mut blocks = vec![0i128; (eligible / BLOCK) as usize + 1];
    for (rank, amount) in spills.iter().zip(chosen).flat_map(|(spill, kinds)| paid(spill, kinds)) {
        if let Some(block) = blocks.get_mut((rank / BLOCK) as usize) {
            *block += amount;
        }
    }
    let mut left = limit;
    for (block, sum) in (0u32..).zip(blocks) {
        if sum <= left {
            left -= sum;
            continue;
        }
        let all = spills.iter().zip(chosen).flat_map(|(spill, kinds)| paid(spill, kinds));
        let mut inside: Vec<(u32, i128)> = all.filter(|(rank, _)| rank / BLOCK == block).collect();
        inside.sort_unstable();
        for (rank, amount) in inside {
            if amount > left {
                return rank;
            }
            left -= amount;
        }
    }
    u32::MAX
}

/// Areas with their codes and seats, and what they sum to.
fn by_area(program: &Program, level: &Level<'_>, plan: &SeatPlan, mut areas: Areas, funnel: &mut Funnel) {
    let reserved = |seats: u64| areas::reserved(program, level.frame.scale, seats);
    let mut put = |mut count: AreaCount, code: &str, seats: Option<u64>| {
        code.clone_into(&mut count.code);
        count.seats = seats;
        count.reserves.resize_with(program.quota.reserves.len(), Default::default);
        let numbers = if funnel.promotion.is_some() { Vec::new() } else { reserved(seats.unwrap_or(0)) };
        count.reserves.iter_mut().zip(numbers).for_each(|(reserve, seats)| reserve.seats = seats);
        let draw = count.draw;
        funnel.flowed += count.flowed;
        funnel.luck = Luck {
            areas: funnel.luck.areas + u64::from(count.drawn > 0),
            candidates: funnel.luck.candidates + draw.map_or(0, |draw| draw.candidates),
            places: funnel.luck.places + draw.map_or(0, |draw| draw.places),
            recipients: funnel.luck.recipients + count.drawn,
        };
        funnel.areas.push(count);
    };
    match plan {
        SeatPlan::Areas { seats, .. } => {
            let empty = Vec::new();
            let codes = level.frame.areas.get(&program.quota.level).map_or(&empty, |table| &table.codes);
            for ((at, code), seats) in (0u32..).zip(codes).zip(seats) {
                match areas.remove(&at) {
                    None if *seats == 0 => {}
                    count => put(count.unwrap_or_default(), code, Some(*seats)),
                }
            }
            areas.into_values().for_each(|nowhere| put(nowhere, "", Some(0)));
        }
        plan => put(areas.remove(&0).unwrap_or_default(), "", plan.total()),
    }
}

/// The nation's counts, from the row groups and apart from the partitions' counts; gives
/// one bit per row that receives.
fn total(spills: &[Spill], chosen: &Chosen, fresh: Option<&[Vec<u8>]>, funnel: &mut Funnel) -> Result<Vec<Vec<u8>>> {
    let mut received = Vec::with_capacity(spills.len());
    for (group, (spill, kinds)) in spills.iter().zip(chosen).enumerate() {
        funnel.registered += spill.rows as u64;
        funnel.judged += spill.rows as u64;
        funnel.criteria.resize(spill.criteria.len(), CriterionCount::default());
        for (all, part) in funnel.criteria.iter_mut().zip(&spill.criteria) {
            all.failed += part.failed;
            all.unknown += part.unknown;
            all.not_checked += part.not_checked;
            all.review += part.review;
        }
        let ones = |bits: &[u8]| bits.iter().map(|byte| u64::from(byte.count_ones())).sum::<u64>();
        let (eligible, review, refused) = (ones(&spill.eligible), ones(&spill.review), ones(&spill.refused));
        funnel.eligible += eligible;
        funnel.review += review;
        funnel.refused_unknown += refused;
        funnel.failed += spill.rows as u64 - eligible - review - refused;
        funnel.incumbents.last += ones(&spill.previous);
        let mut bits = vec![0u8; spill.rows.div_ceil(8)];
        let rows = (0..spill.rows).filter(|row| bit(&spill.eligible, *row));
        for (at, ((row, kind), rank)) in rows.zip(kinds).zip(spill.ranks()).enumerate() {
            let (taken, before) = (*kind != seat::NONE, bit(&spill.previous, row));
            funnel.incumbents.eligible += u64::from(before);
            if taken {
                set_bit(&mut bits, row);
                funnel.recipients += 1;
                funnel.last_rank = funnel.last_rank.max(rank);
                let given = fresh.is_none_or(|fresh| fresh.get(group).is_some_and(|bits| bit(bits, at)));
                funnel.incumbents.kept += u64::from(before);
                funnel.incumbents.held += u64::from(before && !given);
            } else {
                funnel.waiting += 1;
            }
        }
        received.push(bits);
    }
    funnel.incumbents.gone = funnel.incumbents.last - funnel.incumbents.eligible;
    // the cost of the nation is summed from the amounts, partitions from theirs
    let rows = spills.par_iter().zip(chosen).map(|(spill, kinds)| {
        let all = spill.amounts.iter().zip(kinds).filter(|(_, kind)| **kind != seat::NONE);
        all.map(|(amount, _)| i128::from(amount)).sum::<i128>()
    });
    funnel.cost_period = rupiah(rows.sum())?;
    Ok(received)
}

/// What a promotion did.
fn promotion(earlier: &Earlier, chosen: &Chosen) -> PromotionCount {
    let last: u64 = earlier.seats().values().sum();
    let kinds =
        |wanted: fn(u8) -> bool| -> u64 { chosen.iter().flatten().filter(|kind| wanted(**kind)).count() as u64 };
    let stayed = kinds(|kind| kind == seat::HELD);
    let promoted = kinds(|kind| kind != seat::HELD && kind != seat::NONE);
    let left = last - stayed;
    PromotionCount { last, stayed, left, promoted, open: left.saturating_sub(promoted) }
}
