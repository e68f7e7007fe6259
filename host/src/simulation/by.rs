//! Breaks a comparison down by facts: decile, province, sex of the head, any column.
//!
//! Takes the rows once more and the selections of both sides; gives for each
//! program and breakdown the figures of every cell. A fact that was not
//! delivered is a cell of its own, never zero.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::stage::{Site, Way};
use crate::columns::{ColumnId, Entity};
use crate::error::{Error, Result};
use crate::sandbox::Unit;
use crate::selection::{Ages, Place, Wanted, places};
use crate::snapshot::Batch;
use crate::snapshot::batch::{BatchColumn, Values, bit};

use super::held::Ended;

/// One fact to break down by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// National welfare decile; 0 = undetermined.
    Decile,
    /// Province, by ordinal of its partition.
    Province,
    /// Regency, by ordinal of the region table.
    Regency,
    /// Sex of the head of the family.
    HeadSex,
    /// Members of the family: 1 to 9, 10 = ten and more.
    FamilySize,
    /// Age group of the person, or of the head of the family: 0-4, 5-14, 15-24, 25-59, 60-69, 70 and more.
    AgeGroup,
    /// Whether a member (or the person) has a severe difficulty.
    Disability,
    /// Urban or rural.
    Settlement,
    /// Any other column; of members: of the person, or of the head.
    Column(ColumnId, Entity),
}

/// First years of the age groups.
pub const AGE_GROUPS: [u16; 6] = [0, 5, 15, 25, 60, 70];

/// One breakdown: a fact, or two crossed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// As it was asked for: `decile`, `province x decile`.
    pub name: String,
    /// One or two facts.
    pub of: Vec<Dimension>,
}

/// Figures of one cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cell {
    /// Families in the cell; of a person program, families of its people count once per person.
    pub families: u64,
    /// People.
    pub people: u64,
    /// Recipients of baseline and reform.
    pub recipients: [u64; 2],
    /// Rupiah per period of baseline and reform.
    pub cost: [i64; 2],
    /// Recipients in the reform only.
    pub gainers: u64,
    /// Recipients in the baseline only.
    pub losers: u64,
    /// Losers who are still eligible.
    pub displaced: u64,
    /// Recipients in both, with another amount.
    pub changed: u64,
}

impl Cell {
    pub(super) fn add(&mut self, before: Ended, after: Ended) {
        for (at, ended) in [before, after].into_iter().enumerate() {
            if ended.chosen() {
                self.recipients[at] += 1;
                self.cost[at] += ended.amount;
            }
        }
        match (before.chosen(), after.chosen()) {
            (false, true) => self.gainers += 1,
            (true, false) => {
                self.losers += 1;
                self.displaced += u64::from(after.status == crate::selection::status::WAITING);
            }
            (true, true) => self.changed += u64::from(before.amount != after.amount),
            (false, false) => {}
        }
    }

    fn merge(&mut self, other: &Cell) {
        self.families += other.families;
        self.people += other.people;
        for at in 0..2 {
            self.recipients[at] += other.recipients[at];
            self.cost[at] += other.cost[at];
        }
        self.gainers += other.gainers;
        self.losers += other.losers;
        self.displaced += other.displaced;
        self.changed += other.changed;
    }
}

/// A cell's place: one value per fact, -1 = not delivered.
pub(super) type Key = Vec<i64>;

/// One program's cells, breakdown by breakdown.
pub(super) type Cells = Vec<BTreeMap<Key, Cell>>;

/// A number of a column's row, if known; of a set, whether anything is in it.
pub(super) fn number(column: &BatchColumn, row: usize) -> Option<i64> {
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
        Values::Set { members, known } => match (members.get(row), known.get(row)) {
            (Some(0), Some(0)) => None,
            (Some(set), _) => Some(i64::from(*set != 0)),
            _ => None,
        },
    }
}

/// One fact of every row of a batch, members or families.
pub(super) struct Facts<'b> {
    batch: &'b Batch,
    /// Row of the head of each family in the batch; `u32::MAX` = none.
    heads: Vec<u32>,
    province: i64,
}

impl<'b> Facts<'b> {
    pub(super) fn of(site: &Site<'_>, batch: &'b Batch, province: usize) -> Facts<'b> {
        let relation = site.dictionary.id("relation").and_then(|id| batch.column(Entity::Member, id));
        let mut heads = Vec::new();
        let mut start = 0;
        for end in &batch.member_ends {
            let is_head = |row: &u32| relation.and_then(|column| number(column, *row as usize)) == Some(1);
            heads.push((start..*end).find(is_head).unwrap_or(u32::MAX));
            start = *end;
        }
        Facts { batch, heads, province: i64::try_from(province).unwrap_or(-1) }
    }

    /// The members of a family in the batch.
    pub(super) fn members(&self, family: usize) -> std::ops::Range<usize> {
        let end = |at: usize| self.batch.member_ends.get(at).map_or(0, |end| *end as usize);
        family.checked_sub(1).map_or(0, end)..end(family)
    }

    fn head(&self, family: usize) -> Option<usize> {
        self.heads.get(family).copied().filter(|row| *row != u32::MAX).map(|row| row as usize)
    }

    /// The value of a fact for a family, or for one of its people; -1 = not delivered.
    pub(super) fn value(
        &self,
        site: &Site<'_>,
        ages: &Ages,
        dimension: Dimension,
        family: usize,
        person: Option<usize>,
    ) -> i64 {
        let id = |name: &str| site.dictionary.id(name);
        let of_family = |name: &str| Some(number(self.batch.column(Entity::Family, id(name)?)?, family)).flatten();
        let of_member = |name: &str, row: usize| number(self.batch.column(Entity::Member, id(name)?)?, row);
        let found = match dimension {
            Dimension::Decile => of_family("decile"),
            Dimension::Province => Some(self.province),
            Dimension::Regency => of_family("regency"),
            Dimension::Settlement => of_family("settlement"),
            Dimension::HeadSex => self.head(family).and_then(|row| of_member("sex", row)),
            Dimension::FamilySize => i64::try_from(self.members(family).len().min(10)).ok(),
            Dimension::AgeGroup => person.or_else(|| self.head(family)).and_then(|row| {
                let birth = i32::try_from(of_member("birth_date", row)?).ok()?;
                let years = ages.years(birth);
                i64::try_from(AGE_GROUPS.iter().filter(|from| **from <= years).count().saturating_sub(1)).ok()
            }),
            Dimension::Disability => {
                let rows = person.map_or(self.members(family), |row| row..row + 1);
                let states: Vec<Option<i64>> = rows.map(|row| of_member("severe_difficulties", row)).collect();
                match states.contains(&Some(1)) {
                    true => Some(1),
                    false if states.contains(&None) => None,
                    false => Some(0),
                }
            }
            Dimension::Column(column, Entity::Family) => {
                self.batch.column(Entity::Family, column).and_then(|column| number(column, family))
            }
            Dimension::Column(column, Entity::Member) => {
                let row = person.or_else(|| self.head(family));
                row.and_then(|row| number(self.batch.column(Entity::Member, column)?, row))
            }
        };
        found.unwrap_or(-1)
    }
}

/// The columns that breakdowns read.
fn wanted(site: &Site<'_>) -> Wanted {
    let mut all: Vec<(Entity, ColumnId)> = Vec::new();
    let mut name = |entity: Entity, name: &str| {
        all.extend(site.dictionary.id(name).filter(|id| (site.holds)(*id)).map(|id| (entity, id)));
    };
    name(Entity::Member, "relation");
    for dimension in site.by.iter().flat_map(|by| &by.of) {
        match dimension {
            Dimension::Decile => name(Entity::Family, "decile"),
            Dimension::Regency => name(Entity::Family, "regency"),
            Dimension::Settlement => name(Entity::Family, "settlement"),
            Dimension::HeadSex => name(Entity::Member, "sex"),
            Dimension::AgeGroup => name(Entity::Member, "birth_date"),
            Dimension::Disability => name(Entity::Member, "severe_difficulties"),
            Dimension::Province | Dimension::FamilySize | Dimension::Column(..) => {}
        }
    }
    let own = site.by.iter().flat_map(|by| &by.of).filter_map(|dimension| match dimension {
        Dimension::Column(id, entity) => Some((*entity, *id)),
        _ => None,
    });
    all.extend(own.filter(|(_, id)| (site.holds)(*id)));
    all.sort_unstable();
    all.dedup();
    let of = |entity: Entity| all.iter().filter(|(e, _)| *e == entity).map(|(_, id)| *id).collect();
    Wanted { family: of(Entity::Family), member: of(Entity::Member) }
}

/// Counts every program's cells in one pass.
pub(super) fn count(site: &Site<'_>, ways: &[Way]) -> Result<Vec<Cells>> {
    let blank = || -> Vec<Cells> { ways.iter().map(|_| vec![BTreeMap::new(); site.by.len()]).collect() };
    if site.by.is_empty() {
        return Ok(blank());
    }
    let total = Mutex::new(blank());
    let (wanted, ages) = (wanted(site), Ages::at(site.frame.as_of));
    let places = places(site.rows);
    places.par_iter().enumerate().try_for_each(|(group, (place, _))| {
        let cells = count_group(site, ways, &wanted, &ages, group, *place, blank())?;
        let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
        for (all, part) in total.iter_mut().flatten().zip(cells.into_iter().flatten()) {
            for (key, cell) in part {
                all.entry(key).or_default().merge(&cell);
            }
        }
        Ok::<(), Error>(())
    })?;
    Ok(total.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn count_group(
    site: &Site<'_>,
    ways: &[Way],
    wanted: &Wanted,
    ages: &Ages,
    group: usize,
    place: Place,
    mut cells: Vec<Cells>,
) -> Result<Vec<Cells>> {
    let (mut family_at, mut member_at) = (0usize, 0usize);
    site.rows.read(place, wanted, &mut |batch| {
        let facts = Facts::of(site, batch, place.partition);
        for family in 0..batch.families as usize {
            for (at, by) in site.by.iter().enumerate() {
                let key =
                    |person| by.of.iter().map(|one| facts.value(site, ages, *one, family, person)).collect::<Key>();
                let of_family = key(None);
                for (way, cells) in ways.iter().zip(&mut cells) {
                    let (Some(cells), Some(before), Some(after)) =
                        (cells.get_mut(at), way.before.held.groups.get(group), way.after().held.groups.get(group))
                    else {
                        return Err(Error::bug("every row group was selected"));
                    };
                    let members = facts.members(family);
                    match way.program.unit() {
                        Unit::Family => {
                            let row = family_at + family;
                            let cell = cells.entry(of_family.clone()).or_default();
                            cell.families += 1;
                            cell.people += members.len() as u64;
                            cell.add(before.at(row), after.at(row));
                        }
                        Unit::Person => {
                            for person in members {
                                let row = member_at + person;
                                let cell = cells.entry(key(Some(person))).or_default();
                                cell.families += u64::from(facts.head(family) == Some(person));
                                cell.people += 1;
                                cell.add(before.at(row), after.at(row));
                            }
                        }
                    }
                }
            }
        }
        family_at += batch.families as usize;
        member_at += batch.members() as usize;
        Ok(())
    })?;
    Ok(cells)
}
