//! Takes the verdicts of one program on one row group; gives what ranking and
//! cutting need of it: order keys of the eligible rows, amounts, areas, counts.
//!
//! Eligibility is decided here, by the host, from the masks and the rule
//! file's reading of unknowns. Half a byte is kept of every row and four to
//! six of every eligible one, beside its lot.

use std::cmp::Reverse;
use std::sync::atomic::AtomicU32;

use crate::columns::{ColumnId, Entity};
use crate::error::{Error, Fault, Result};
use crate::program::{Base, Program, Seats, SubKey, UnknownRule};
use crate::sandbox::{Unit, Verdicts};
use crate::say;
use crate::snapshot::batch::{Batch, BatchColumn, Values, bit};
use crate::terms::{FamilyId, PersonId};

use super::areas::AreaOf;
use super::funnel::CriterionCount;
use super::group::{Groups, number};
use super::order::{self, Ages, Lot, Order, Standing};
use super::promote::Earlier;
use super::received::set_bit;
use super::spill::{HELD, LISTED, Run, Spill};
use super::{Entry, Frame};

/// How one program's rows are read and counted.
pub(super) struct Plan<'a> {
    pub(super) unit: Unit,
    pub(super) order: Order,
    pub(super) area_of: AreaOf,
    /// The list that is promoted from.
    pub(super) earlier: Option<&'a Earlier>,
    groups: Groups,
    ages: Ages,
    refuse: u64,
    review: u64,
    criteria: usize,
    base: Option<Base>,
    previous: Option<ColumnId>,
    decile: Option<ColumnId>,
    birth_date: Option<ColumnId>,
}

impl<'a> Plan<'a> {
    pub(super) fn of(entry: &Entry<'a>, frame: &Frame) -> Result<Plan<'a>> {
        let program: &Program = entry.program;
        let base = match program.quota.seats {
            Seats::Total { base, .. } => Some(base),
            _ => None,
        };
        Ok(Plan {
            unit: program.unit(),
            order: Order::of(program),
            area_of: AreaOf::of(program, frame)?,
            earlier: entry.promote,
            groups: Groups::of(program, frame)?,
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
        all.extend(self.groups.columns());
        if self.base == Some(Base::D1D4) && self.area_of.column().is_some() {
            all.extend(family(self.decile));
        }
        if self.unit == Unit::Person && self.order.needs_age() {
            all.extend(self.birth_date.map(|id| (Entity::Member, id)));
        }
        all
    }
}

/// Collects one row group batch by batch.
pub(super) struct Gather<'a> {
    plan: &'a Plan<'a>,
    group: u16,
    spill: Spill,
    keyed: Vec<(Standing, Lot)>,
    verdicts: Verdicts,
    /// Eligible rows of the family in hand: age key, hash where ages are equal, which of `members`.
    family: Vec<(u16, u64, u32)>,
    /// Their rows in the batch.
    members: Vec<u32>,
    /// Seats that a row of each family of the batch takes; empty = one each.
    weights: Vec<u32>,
    eligible: u32,
}

/// The columns of one batch that the host reads.
struct Seen<'b> {
    batch: &'b Batch,
    verdicts: &'b Verdicts,
    /// Rows of the group before this batch.
    start: usize,
    previous: Option<(&'b [u8], Option<&'b Vec<u8>>)>,
    region: Option<&'b BatchColumn>,
    kind: Option<&'b BatchColumn>,
    decile: Option<&'b BatchColumn>,
    birth: Option<&'b BatchColumn>,
}

impl<'a> Gather<'a> {
    pub(super) fn new(plan: &'a Plan<'a>, group: usize, rows: usize) -> Result<Gather<'a>> {
        let group = u16::try_from(group).map_err(|_| Error::bug("a snapshot has at most 65,536 row groups"))?;
        let bits = || vec![0; rows.div_ceil(8)];
        let spill = Spill {
            rows,
            eligible: bits(),
            review: bits(),
            refused: bits(),
            previous: bits(),
            criteria: vec![CriterionCount::default(); plan.criteria],
            ..Spill::default()
        };
        Ok(Gather {
            plan,
            group,
            spill,
            keyed: Vec::new(),
            verdicts: Verdicts::default(),
            family: Vec::new(),
            members: Vec::new(),
            weights: Vec::new(),
            eligible: 0,
        })
    }

    /// Adds the verdicts of the next batch; `weights` has an entry per family, or none.
    pub(super) fn add(&mut self, batch: &Batch, verdicts: &Verdicts, fuel: u64, weights: &[u32]) -> Result<()> {
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
            verdicts,
            start: self.verdicts.failed.len(),
            previous,
            region: self.plan.area_of.column().and_then(|id| batch.column(Entity::Family, id)),
            kind: self.plan.area_of.kind_column().and_then(|id| batch.column(Entity::Family, id)),
            decile: self.plan.decile.and_then(|id| batch.column(Entity::Family, id)),
            birth: self.plan.birth_date.and_then(|id| batch.column(Entity::Member, id)),
        };
        self.weights.clear();
        self.weights.extend_from_slice(weights);
        let mut first = 0usize;
        for family in 0..batch.families as usize {
            let end = batch.member_ends.get(family).map_or(first, |end| *end as usize);
            self.family(&seen, family, first..end)?;
            first = end;
        }
        self.verdicts.failed.extend_from_slice(&verdicts.failed);
        self.verdicts.unknown.extend_from_slice(&verdicts.unknown);
        self.verdicts.score.extend_from_slice(&verdicts.score);
        self.verdicts.amount.extend_from_slice(&verdicts.amount);
        self.spill.fuel = self.spill.fuel.saturating_add(fuel);
        Ok(())
    }

    /// The rows of one family: itself, or its members.
    fn family(&mut self, seen: &Seen<'_>, family: usize, members: std::ops::Range<usize>) -> Result<()> {
        self.family.clear();
        self.members.clear();
        let rows = if self.plan.unit == Unit::Family { family..family + 1 } else { members.clone() };
        let area = self.plan.area_of.find(number(seen.region, family), number(seen.kind, family));
        let weight = self.weights.get(family).copied();
        let all = rows.len() as u64;
        for row in rows {
            let place = seen.start + row;
            if let Some((bits, known)) = seen.previous
                && order::yes(bits, known, row)
            {
                set_bit(&mut self.spill.previous, place);
            }
            match self.classify(at(&seen.verdicts.failed, row), at(&seen.verdicts.unknown, row)) {
                Class::Failed => {}
                Class::Refused => set_bit(&mut self.spill.refused, place),
                Class::Review => set_bit(&mut self.spill.review, place),
                Class::Eligible => {
                    set_bit(&mut self.spill.eligible, place);
                    let birth = number(seen.birth, row).and_then(|day| i32::try_from(day).ok());
                    let age = self.plan.order.inner_age.map_or(0, |sub| self.plan.ages.key(sub, birth));
                    self.family.push((age, 0, u32::try_from(self.members.len()).unwrap_or(u32::MAX)));
                    self.members.push(u32::try_from(row).unwrap_or(u32::MAX));
                    self.spill.amounts.push(seen.verdicts.amount.get(row).copied().unwrap_or(0));
                    self.spill.areas.extend(area);
                    self.spill.weights.extend(weight);
                    if !self.plan.groups.is_empty() || self.plan.earlier.is_some() {
                        let marks = self.plan.groups.of_row(seen.batch, family, members.clone(), row);
                        self.spill.marks.push(marks);
                    }
                }
            }
        }
        if let (Some(area), Some(base)) = (area, self.plan.base) {
            let counted = match base {
                Base::Eligible => self.members.len() as u64,
                Base::Registered => all,
                Base::D1D4 => number(seen.decile, family).filter(|decile| (1..=4).contains(decile)).map_or(0, |_| all),
            } * weight.map_or(1, u64::from);
            if counted > 0 {
                *self.spill.base.entry(area).or_default() += counted;
            }
        }
        self.order_family(seen, family, area)
    }

    /// Counts a row by criterion, and says how it left the funnel.
    fn classify(&mut self, failed: u64, unknown: u64) -> Class {
        each_bit(failed, &mut self.spill.criteria, |count| count.failed += 1);
        each_bit(unknown, &mut self.spill.criteria, |count| count.unknown += 1);
        if failed != 0 {
            Class::Failed
        } else if unknown & self.plan.refuse != 0 {
            Class::Refused
        } else if unknown & self.plan.review != 0 {
            each_bit(unknown & self.plan.review, &mut self.spill.criteria, |count| count.review += 1);
            Class::Review
        } else {
            each_bit(unknown, &mut self.spill.criteria, |count| count.not_checked += 1);
            Class::Eligible
        }
    }

    /// Lots of the eligible rows of one family.
    fn order_family(&mut self, seen: &Seen<'_>, family: usize, area: Option<u32>) -> Result<()> {
        if self.members.is_empty() {
            return Ok(());
        }
        let plan = self.plan;
        let no_ids = || Error::bug("batches of a run carry ids");
        let family_id = seen.batch.family_ids.get(family).copied().map(|FamilyId(id)| id);
        let person_id = |row: u32| seen.batch.person_ids.get(row as usize).map(|PersonId(id)| *id);
        let first = self.eligible;
        let together = plan.unit == Unit::Person && plan.order.family_lot;
        if together {
            self.place_within(person_id);
        }
        let own = self.keyed.len();
        for (at, member) in (0u32..).zip(self.members.iter()) {
            let (row, eligible) = (*member as usize, first + at);
            let id = if plan.unit == Unit::Family { family_id } else { person_id(*member) };
            let listed = match plan.earlier {
                Some(earlier) => earlier.find(id.ok_or_else(no_ids)?),
                None => None,
            };
            let mut standing = Standing {
                listed: listed.is_some(),
                incumbent: bit(&self.spill.previous, seen.start + row),
                score: seen.verdicts.score.get(row).copied().unwrap_or(0),
                age: self.first_age(seen, row),
            };
            if let Some(found) = listed {
                standing = Standing { listed: true, incumbent: false, score: 0, age: 0 };
                if let Some(marks) = self.spill.marks.get_mut(eligible as usize) {
                    let held = found.recipient && plan.earlier.is_some_and(|earlier| earlier.same_area(found, area));
                    *marks |= if held { HELD | LISTED } else { LISTED };
                }
            }
            let key = match listed {
                Some(found) => u64::from(found.rank),
                None if together => family_id.ok_or_else(no_ids)?,
                None => id.ok_or_else(no_ids)?,
            };
            let lots = self.keyed.get_mut(own..).unwrap_or_default();
            let near = |(of, lot): &&mut (Standing, Lot)| *of == standing && eligible - lot.first < 16;
            match lots.iter_mut().rev().find(near).filter(|_| together && listed.is_none()) {
                Some((_, lot)) => lot.mask |= 1 << (eligible - lot.first),
                None => self.keyed.push((standing, Lot { key, group: self.group, mask: 1, first: eligible })),
            }
        }
        self.eligible += u32::try_from(self.members.len()).unwrap_or(u32::MAX);
        Ok(())
    }

    fn first_age(&self, seen: &Seen<'_>, row: usize) -> u16 {
        self.plan.order.first_age.filter(|_| self.plan.unit == Unit::Person).map_or(0, |sub: SubKey| {
            self.plan.ages.key(sub, number(seen.birth, row).and_then(|day| i32::try_from(day).ok()))
        })
    }

    /// Notes each eligible member's place in the family.
    fn place_within(&mut self, person_id: impl Fn(u32) -> Option<u64>) {
        let start = self.spill.within.len();
        self.spill.within.resize(start + self.members.len(), 0);
        let members = &self.members;
        let id = |at: u32| members.get(at as usize).and_then(|row| person_id(*row)).unwrap_or(0);
        order::place_members(&self.plan.order.key, &mut self.family, id);
        for (place, (_, _, at)) in (0u16..=u16::MAX).zip(&self.family) {
            if let Some(slot) = self.spill.within.get_mut(start + *at as usize) {
                *slot = place;
            }
        }
    }

    /// The group is complete.
    pub(super) fn finish(mut self) -> (Verdicts, Spill) {
        let order = &self.plan.order;
        // worst bucket of the program's own order first, so that the best can be freed first
        self.keyed.sort_unstable_by_key(|(standing, _)| (Reverse(order.bucket(*standing)), *standing));
        let mut spill = self.spill;
        for same in self.keyed.chunk_by(|a, b| a.0 == b.0) {
            let start = spill.runs.last().map_or(0, |run| run.start + run.len);
            let rows = same.iter().map(|(_, lot)| lot.mask.count_ones()).sum();
            if let (Some((standing, _)), Ok(len)) = (same.first(), u32::try_from(same.len())) {
                spill.runs.push(Run { standing: *standing, start, len, rows });
            }
        }
        spill.lots = self.keyed.iter().map(|(_, lot)| *lot).collect();
        spill.ranks = std::iter::repeat_with(|| AtomicU32::new(0)).take(self.eligible as usize).collect();
        spill.areas.shrink_to_fit();
        spill.within.shrink_to_fit();
        (self.verdicts, spill)
    }
}

/// How a row leaves the funnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Failed,
    Refused,
    Review,
    Eligible,
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
