//! Which reserves a row is in the group of.
//!
//! Takes the rule file's tests and the host's columns of a batch; gives one bit
//! per reserve. An unknown is never in a group: the row keeps its general place.

use crate::columns::{ColumnId, Entity};
use crate::error::{Error, Result};
use crate::program::{AreaLevel, Group, GroupTest, Program};
use crate::sandbox::Unit;
use crate::snapshot::batch::{Batch, BatchColumn, Values, bit};

use super::Frame;

/// A test, with regions found in the snapshot's tables.
enum Test {
    Number(GroupTest),
    /// One entry per region ordinal.
    Regions(Vec<bool>),
}

/// The tests of a program's reserves, in the order of filling.
pub(super) struct Groups {
    unit: Unit,
    tests: Vec<(Entity, ColumnId, Test)>,
}

impl Groups {
    pub(super) fn of(program: &Program, frame: &Frame) -> Result<Groups> {
        let one = |group: &Group| {
            let test = match &group.test {
                GroupTest::Regions(codes) => Test::Regions(regions(group, codes, frame)?),
                other => Test::Number(other.clone()),
            };
            Ok((group.entity, group.column, test))
        };
        let tests = program.quota.reserves.iter().map(|reserve| one(&reserve.group)).collect::<Result<_>>()?;
        Ok(Groups { unit: program.unit(), tests })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tests.is_empty()
    }

    /// Columns that the host reads for them.
    pub(super) fn columns(&self) -> impl Iterator<Item = (Entity, ColumnId)> + '_ {
        self.tests.iter().map(|(entity, id, _)| (*entity, *id))
    }

    /// One bit per reserve for one row: a family with its members, or one of them.
    pub(super) fn of_row(&self, batch: &Batch, family: usize, members: std::ops::Range<usize>, row: usize) -> u16 {
        let mut bits = 0;
        for (at, (entity, id, test)) in self.tests.iter().enumerate() {
            let Some(column) = batch.column(*entity, *id) else { continue };
            let holds = match (entity, self.unit) {
                (Entity::Family, _) => test.holds(column, family),
                (Entity::Member, Unit::Person) => test.holds(column, row),
                (Entity::Member, Unit::Family) => members.clone().any(|member| test.holds(column, member)),
            };
            bits |= u16::from(holds) << at;
        }
        bits
    }
}

/// The region ordinals that lie in one of the areas.
fn regions(group: &Group, codes: &[String], frame: &Frame) -> Result<Vec<bool>> {
    let levels = match group.column {
        id if Some(id) == frame.regency => [AreaLevel::Province, AreaLevel::Regency],
        id if Some(id) == frame.village => [AreaLevel::District, AreaLevel::Village],
        _ => return Err(Error::bug("regions are tested on a region column")),
    };
    let mut all: Vec<bool> = Vec::new();
    for table in levels.iter().filter_map(|level| frame.areas.get(level)) {
        all.resize(table.of.len(), false);
        for (slot, area) in all.iter_mut().zip(&table.of) {
            *slot |= table.codes.get(*area as usize).is_some_and(|code| codes.contains(code));
        }
    }
    Ok(all)
}

impl Test {
    fn holds(&self, column: &BatchColumn, row: usize) -> bool {
        if let (Test::Number(test), Values::Set { members, .. }) = (self, &column.values) {
            let held = members.get(row).copied().unwrap_or(0);
            let has = |code: &i64| u32::try_from(*code).is_ok_and(|code| code < 32 && held >> code & 1 == 1);
            return match test {
                GroupTest::Yes(true) => held != 0,
                GroupTest::In(codes) => codes.iter().any(has),
                _ => false,
            };
        }
        let Some(value) = number(Some(column), row) else { return false };
        match self {
            Test::Regions(all) => usize::try_from(value).ok().and_then(|at| all.get(at)).copied().unwrap_or(false),
            Test::Number(GroupTest::In(values)) => values.binary_search(&value).is_ok(),
            Test::Number(GroupTest::AtLeast(least)) => value >= *least,
            Test::Number(GroupTest::AtMost(most)) => value <= *most,
            Test::Number(GroupTest::Yes(yes)) => (value != 0) == *yes,
            Test::Number(GroupTest::Regions(_)) => false,
        }
    }
}

/// A number of a column's row, if known.
pub(super) fn number(column: Option<&BatchColumn>, row: usize) -> Option<i64> {
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
