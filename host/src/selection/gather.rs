//! Takes the verdicts of one program on one row group; gives what ranking and
//! cutting need of it: order keys of the eligible rows, amounts, areas, counts.
//!
//! Eligibility is decided here, by the host, from the masks and the rule
//! file's reading of unknowns. Only eligible rows are hashed.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::columns::{ColumnId, Entity};
use crate::error::{Error, Fault, Result};
use crate::program::{Base, Program, Seats, SubKey, UnknownRule};
use crate::sandbox::{Unit, Verdicts};
use crate::say;
use crate::snapshot::batch::{Batch, BatchColumn, Values, bit};

use super::amounts::Amounts;
use super::areas::AreaOf;
use super::funnel::CriterionCount;
use super::order::{self, Ages, Bucket, Lot, Order, REFUSED, REVIEW};
use super::{Entry, Frame};

/// How one program's rows are read and counted.
pub(super) struct Plan {
    pub(super) unit: Unit,
    pub(super) order: Order,
    pub(super) area_of: AreaOf,
    ages: Ages,
    refuse: u64,
    review: u64,
    criteria: usize,
    base: Option<Base>,
    previous: Option<ColumnId>,
    decile: Option<ColumnId>,
    birth_date: Option<ColumnId>,
}

impl Plan {
    pub(super) fn of(entry: &Entry<'_>, frame: &Frame) -> Result<Plan> {
        let program: &Program = entry.program;
        let base = match program.quota.seats {
            Seats::Total { base, .. } => Some(base),
            _ => None,
        };
        Ok(Plan {
            unit: program.unit(),
            order: Order::of(program),
            area_of: AreaOf::of(program, frame)?,
            ages: Ages::at(frame.as_of),
            refuse: program.unknown_bits(UnknownRule::Refuse),
            review: program.unknown_bits(UnknownRule::Review),
            criteria: program.description.criteria.len().min(64),
            base,
            previous: entry.previous,
            decile: frame.decile,
            birth_date: frame.birth_date,
        })
    }

    /// Columns that the host reads for this program.
    pub(super) fn columns(&self) -> Vec<(Entity, ColumnId)> {
        let unit = match self.unit {
            Unit::Family => Entity::Family,
            Unit::Person => Entity::Member,
        };
        let family = |id: Option<ColumnId>| id.map(|id| (Entity::Family, id));
        let mut all: Vec<_> = self.previous.map(|id| (unit, id)).into_iter().collect();
        all.extend(family(self.area_of.column()));
        all.extend(family(self.area_of.kind_column()));
        if self.base == Some(Base::D1D4) && self.area_of.column().is_some() {
            all.extend(family(self.decile));
        }
        if self.unit == Unit::Person && self.order.needs_age() {
            all.extend(self.birth_date.map(|id| (Entity::Member, id)));
        }
        all
    }
}

/// What remains of one row group of one program after judging.
#[derive(Default)]
pub(super) struct Spill {
    /// Lots of the eligible rows, worst bucket first.
    lots: Vec<Lot>,
    /// Lengths of the buckets in `lots`, in the same order.
    runs: Vec<(Bucket, u32)>,
    /// Per row: 0 = failed, `REVIEW`, `REFUSED`, or (later) the rank.
    pub(super) marks: Vec<AtomicU32>,
    /// Areas of the eligible rows in row order; empty for the nation.
    pub(super) areas: Vec<u32>,
    /// Amounts of the eligible rows in row order.
    pub(super) amounts: Amounts,
    /// One bit per row: received in the period before.
    pub(super) previous: Vec<u8>,
    /// Rows by area of the share-out base.
    pub(super) base: BTreeMap<u32, u64>,
    /// By criterion.
    pub(super) criteria: Vec<CriterionCount>,
    /// Fuel spent.
    pub(super) fuel: u64,
}

impl Spill {
    /// The best bucket left.
    pub(super) fn best(&self) -> Option<Bucket> {
        self.runs.last().map(|(bucket, _)| *bucket)
    }

    /// Moves the lots of the best bucket left, and gives memory back.
    pub(super) fn take_best(&mut self, into: &mut Vec<Lot>) {
        let Some((_, len)) = self.runs.pop() else { return };
        let start = self.lots.len().saturating_sub(len as usize);
        into.extend(self.lots.drain(start..));
        if self.lots.capacity() > 4096 && self.lots.len() * 2 < self.lots.capacity() {
            self.lots.shrink_to_fit();
        }
    }

    /// The marks as plain numbers, in row order.
    pub(super) fn marks(&self) -> impl Iterator<Item = u32> + '_ {
        self.marks.iter().map(|mark| mark.load(Ordering::Relaxed))
    }
}

/// Collects one row group batch by batch.
pub(super) struct Gather<'a> {
    plan: &'a Plan,
    group: u16,
    spill: Spill,
    keyed: Vec<(Bucket, Lot)>,
    verdicts: Verdicts,
    family: Vec<(u16, u64, u32)>,
}

/// A number of a column's row, if known.
fn number(column: Option<&BatchColumn>, row: usize) -> Option<i64> {
    let column = column?;
    if column.valid.as_ref().is_some_and(|known| !bit(known, row)) {
        return None;
    }
    match &column.values {
        Values::Bits(bits) => Some(i64::from(bit(bits, row))),
        Values::U8(all) => all.get(row).map(|v| i64::from(*v)),
        Values::U16(all) => all.get(row).map(|v| i64::from(*v)),
        Values::U32(all) => all.get(row).map(|v| i64::from(*v)),
        Values::S32(all) => all.get(row).map(|v| i64::from(*v)),
        Values::S64(all) => all.get(row).copied(),
        Values::Set { .. } => None,
    }
}

/// The columns of one batch that the host reads.
struct Seen<'b> {
    batch: &'b Batch,
    previous: Option<(&'b [u8], Option<&'b Vec<u8>>)>,
    region: Option<&'b BatchColumn>,
    kind: Option<&'b BatchColumn>,
    decile: Option<&'b BatchColumn>,
    birth: Option<&'b BatchColumn>,
}

impl<'a> Gather<'a> {
    pub(super) fn new(plan: &'a Plan, group: usize, rows: usize) -> Result<Gather<'a>> {
        let group = u16::try_from(group).map_err(|_| Error::bug("a snapshot has at most 65,536 row groups"))?;
        let spill = Spill {
            marks: order::blank(rows),
            previous: vec![0; rows.div_ceil(8)],
            criteria: vec![CriterionCount::default(); plan.criteria],
            ..Spill::default()
        };
        Ok(Gather { plan, group, spill, keyed: Vec::new(), verdicts: Verdicts::default(), family: Vec::new() })
    }

    /// Adds the verdicts of the next batch.
    pub(super) fn add(&mut self, batch: &Batch, verdicts: &Verdicts, fuel: u64) -> Result<()> {
        let rows = match self.plan.unit {
            Unit::Family => batch.families,
            Unit::Person => batch.members(),
        } as usize;
        let lengths = [verdicts.failed.len(), verdicts.unknown.len(), verdicts.score.len(), verdicts.amount.len()];
        if lengths.iter().any(|len| *len != rows) {
            return Err(Error::new(
                Fault::Plugin,
                say!(
                    "plugin menjawab {lengths:?} untuk {rows} baris",
                    "the plugin answered {lengths:?} for {rows} rows"
                ),
            ));
        }
        let unit = if self.plan.unit == Unit::Family { Entity::Family } else { Entity::Member };
        let previous = self.plan.previous.and_then(|id| batch.column(unit, id)).and_then(|column| {
            let Values::Bits(bits) = &column.values else { return None };
            Some((bits.as_slice(), column.valid.as_ref()))
        });
        let seen = Seen {
            batch,
            previous,
            region: self.plan.area_of.column().and_then(|id| batch.column(Entity::Family, id)),
            kind: self.plan.area_of.kind_column().and_then(|id| batch.column(Entity::Family, id)),
            decile: self.plan.decile.and_then(|id| batch.column(Entity::Family, id)),
            birth: self.plan.birth_date.and_then(|id| batch.column(Entity::Member, id)),
        };
        let start = self.verdicts.failed.len();
        let mut first = 0usize;
        for family in 0..batch.families as usize {
            let range = match self.plan.unit {
                Unit::Family => family..family + 1,
                Unit::Person => first..batch.member_ends.get(family).map_or(first, |end| *end as usize),
            };
            first = range.end;
            self.family(&seen, verdicts, family, range, start)?;
        }
        self.verdicts.failed.extend_from_slice(&verdicts.failed);
        self.verdicts.unknown.extend_from_slice(&verdicts.unknown);
        self.verdicts.score.extend_from_slice(&verdicts.score);
        self.verdicts.amount.extend_from_slice(&verdicts.amount);
        self.spill.fuel = self.spill.fuel.saturating_add(fuel);
        Ok(())
    }

    /// The rows of one family: itself, or its members.
    fn family(
        &mut self,
        seen: &Seen<'_>,
        verdicts: &Verdicts,
        family: usize,
        rows: std::ops::Range<usize>,
        start: usize,
    ) -> Result<()> {
        self.family.clear();
        let area = self.plan.area_of.find(number(seen.region, family), number(seen.kind, family));
        let all = rows.len() as u64;
        for row in rows {
            if let Some((bits, known)) = seen.previous
                && order::yes(bits, known, row)
            {
                super::received::set_bit(&mut self.spill.previous, start + row);
            }
            let (failed, unknown) = (at(&verdicts.failed, row), at(&verdicts.unknown, row));
            let mark = self.classify(failed, unknown);
            if mark != 0 {
                if let Some(slot) = self.spill.marks.get(start + row)
                    && mark >= REFUSED
                {
                    slot.store(mark, Ordering::Relaxed);
                }
                if mark < REFUSED {
                    let birth = number(seen.birth, row).and_then(|day| i32::try_from(day).ok());
                    let age = self.plan.order.inner_age.map_or(0, |sub| self.plan.ages.key(sub, birth));
                    self.family.push((age, 0, u32::try_from(row).unwrap_or(u32::MAX)));
                    self.spill.amounts.push(verdicts.amount.get(row).copied().unwrap_or(0));
                    if let Some(area) = area {
                        self.spill.areas.push(area);
                    }
                }
            }
        }
        if let (Some(area), Some(base)) = (area, self.plan.base) {
            let counted = match base {
                Base::Eligible => self.family.len() as u64,
                Base::Registered => all,
                Base::D1D4 => number(seen.decile, family).filter(|decile| (1..=4).contains(decile)).map_or(0, |_| all),
            };
            if counted > 0 {
                *self.spill.base.entry(area).or_default() += counted;
            }
        }
        self.order_family(seen, verdicts, family, start)
    }

    /// Counts a row by criterion; gives 0, `REVIEW`, `REFUSED`, or 1 for eligible.
    fn classify(&mut self, failed: u64, unknown: u64) -> u32 {
        each_bit(failed, &mut self.spill.criteria, |count| count.failed += 1);
        each_bit(unknown, &mut self.spill.criteria, |count| count.unknown += 1);
        if failed != 0 {
            0
        } else if unknown & self.plan.refuse != 0 {
            REFUSED
        } else if unknown & self.plan.review != 0 {
            REVIEW
        } else {
            each_bit(unknown, &mut self.spill.criteria, |count| count.not_checked += 1);
            1
        }
    }

    /// Order keys of the eligible rows of one family.
    fn order_family(&mut self, seen: &Seen<'_>, verdicts: &Verdicts, family: usize, start: usize) -> Result<()> {
        if self.family.is_empty() {
            return Ok(());
        }
        let plan = self.plan;
        let family_id = seen.batch.family_ids.get(family).map(|id| id.0);
        let person_id = |row: u32| seen.batch.person_ids.get(row as usize).map_or(0, |id| id.0);
        let of_family = plan.unit == Unit::Family || plan.order.family_lot;
        let lot = match (of_family, family_id) {
            (true, Some(id)) => order::order_hash(&plan.order.key, id),
            (true, None) => return Err(Error::bug("batches of a run carry ids")),
            (false, _) => 0,
        };
        if plan.unit == Unit::Person && plan.order.family_lot {
            order::place_members(&plan.order.key, &mut self.family, person_id);
        }
        for (within, (_, _, row)) in self.family.iter().enumerate() {
            let at_row = *row as usize;
            let place = u32::try_from(start + at_row).map_err(|_| Error::bug("a row group has 32-bit rows"))?;
            let incumbent = bit(&self.spill.previous, start + at_row);
            let score = verdicts.score.get(at_row).copied().unwrap_or(0);
            let score = if incumbent { score.saturating_add(plan.order.band) } else { score };
            let age = plan.order.first_age.filter(|_| plan.unit == Unit::Person).map_or(0, |sub: SubKey| {
                plan.ages.key(sub, number(seen.birth, at_row).and_then(|day| i32::try_from(day).ok()))
            });
            let bucket = Bucket { newcomer: !(plan.order.keep && incumbent), score: Reverse(score), age };
            let hash = if of_family { lot } else { order::order_hash(&plan.order.key, person_id(*row)) };
            let within = if of_family { u16::try_from(within).unwrap_or(u16::MAX) } else { 0 };
            self.keyed.push((bucket, Lot { hash, within, group: self.group, row: place }));
        }
        Ok(())
    }

    /// The group is complete.
    pub(super) fn finish(mut self) -> (Verdicts, Spill) {
        self.keyed.sort_unstable_by_key(|one| Reverse(one.0));
        let mut spill = self.spill;
        for same in self.keyed.chunk_by(|a, b| a.0 == b.0) {
            if let (Some((bucket, _)), Ok(len)) = (same.first(), u32::try_from(same.len())) {
                spill.runs.push((*bucket, len));
            }
        }
        spill.lots = self.keyed.iter().map(|(_, lot)| *lot).collect();
        (self.verdicts, spill)
    }
}

fn at(all: &[u64], row: usize) -> u64 {
    all.get(row).copied().unwrap_or(0)
}

fn each_bit(mut bits: u64, counts: &mut [CriterionCount], mut add: impl FnMut(&mut CriterionCount)) {
    while bits != 0 {
        if let Some(count) = counts.get_mut(bits.trailing_zeros() as usize) {
            add(count);
        }
        bits &= bits - 1;
    }
}
