//! One family cut out of a batch, and copies of it in each of which a fact differs.
//!
//! Takes a batch and a row; gives the family's cells, and a batch of as many
//! copies as are asked for, so that one call of a plugin judges them all. What
//! the plugin sees of a copy is what it saw of the family, but for the one fact.

use crate::columns::{ColumnId, Entity, Kind};
use crate::snapshot::batch::{Batch, BatchColumn, Values, bit};

/// One fact: not known, a value, or a set of codes with those whose state is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// Not known.
    Unknown,
    /// A code, count, day, amount, or 0 and 1 for no and yes.
    Number(i64),
    /// A set; `members & !known` is 0.
    Set {
        /// Codes that hold.
        members: u32,
        /// Codes whose state is known.
        known: u32,
    },
}

/// Where a fact stands: a column, and the member (0 = first) if it is a member's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    /// The column.
    pub column: ColumnId,
    /// The member, from 0.
    pub member: Option<u32>,
}

/// A fact put in the place of what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Put {
    /// Where.
    pub at: At,
    /// What.
    pub cell: Cell,
}

/// A column of one family: one cell, or one per member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneColumn {
    /// The column.
    pub id: ColumnId,
    /// Family or member.
    pub entity: Entity,
    /// Kind of the values.
    pub kind: Kind,
    /// One cell, or one per member.
    pub cells: Vec<Cell>,
}

/// One family with its members.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OneFamily {
    /// Number of members.
    pub members: u32,
    /// Columns, family and member ones.
    pub columns: Vec<OneColumn>,
}

fn index(row: u32) -> usize {
    usize::try_from(row).unwrap_or(usize::MAX)
}

/// The cell of one row.
#[must_use]
pub fn cell_of(column: &BatchColumn, row: u32) -> Cell {
    let row = index(row);
    if column.valid.as_ref().is_some_and(|valid| !bit(valid, row)) {
        return Cell::Unknown;
    }
    let number = |value: Option<i64>| value.map_or(Cell::Unknown, Cell::Number);
    match &column.values {
        Values::Bits(bits) => Cell::Number(i64::from(bit(bits, row))),
        Values::U8(list) => number(list.get(row).copied().map(i64::from)),
        Values::U16(list) => number(list.get(row).copied().map(i64::from)),
        Values::U32(list) => number(list.get(row).copied().map(i64::from)),
        Values::S32(list) => number(list.get(row).copied().map(i64::from)),
        Values::S64(list) => number(list.get(row).copied()),
        Values::Set { members, known } => {
            let of = |list: &[u32]| list.get(row).copied().unwrap_or(0);
            Cell::Set { members: of(members), known: of(known) }
        }
    }
}

impl OneFamily {
    /// The family at a row of a batch, with every column that the batch carries.
    #[must_use]
    pub fn of(batch: &Batch, family: u32) -> OneFamily {
        let begin = super::first_member(batch, family);
        let end = batch.member_ends.get(index(family)).copied().unwrap_or(begin);
        let one = |entity, rows: std::ops::Range<u32>, (id, column): &(ColumnId, BatchColumn)| OneColumn {
            id: *id,
            entity,
            kind: column.values.kind(),
            cells: rows.map(|row| cell_of(column, row)).collect(),
        };
        let family_columns = batch.family.iter().map(|column| one(Entity::Family, family..family + 1, column));
        let columns = family_columns.chain(batch.member.iter().map(|column| one(Entity::Member, begin..end, column)));
        OneFamily { members: end - begin, columns: columns.collect() }
    }

    /// The cell at a place; `None` if the family does not carry the column.
    #[must_use]
    pub fn cell(&self, at: At) -> Option<Cell> {
        let column = self.columns.iter().find(|column| column.id == at.column)?;
        column.cells.get(index(at.member.unwrap_or(0))).copied()
    }

    /// The same family with one fact put in.
    #[must_use]
    pub fn with(&self, put: Put) -> OneFamily {
        let mut other = self.clone();
        let column = other.columns.iter_mut().find(|column| column.id == put.at.column);
        if let Some(cell) = column.and_then(|column| column.cells.get_mut(index(put.at.member.unwrap_or(0)))) {
            *cell = put.cell;
        }
        other
    }

    /// A batch of this family alone.
    #[must_use]
    pub fn batch(&self) -> Batch {
        self.copies(&[None])
    }

    /// A batch of copies, one for each entry, with that fact put in.
    #[must_use]
    pub fn copies(&self, puts: &[Option<Put>]) -> Batch {
        let families = u32::try_from(puts.len()).unwrap_or(u32::MAX);
        let mut batch = Batch { families, ..Batch::default() };
        batch.member_ends = (1..=families).map(|nth| nth.saturating_mul(self.members)).collect();
        for column in &self.columns {
            let mut cells = column.cells.repeat(puts.len());
            let width = column.cells.len();
            for (nth, put) in puts.iter().enumerate() {
                let Some(put) = put.filter(|put| put.at.column == column.id) else { continue };
                if let Some(cell) = cells.get_mut(nth * width + index(put.at.member.unwrap_or(0))) {
                    *cell = put.cell;
                }
            }
            let side = if column.entity == Entity::Family { &mut batch.family } else { &mut batch.member };
            side.push((column.id, laid_out(column.kind, &cells)));
        }
        batch.family.sort_by_key(|(id, _)| *id);
        batch.member.sort_by_key(|(id, _)| *id);
        batch
    }
}

fn bits(rows: impl Iterator<Item = bool>) -> Vec<u8> {
    let mut bits = Vec::new();
    for (row, on) in rows.enumerate() {
        if row % 8 == 0 {
            bits.push(0);
        }
        if let Some(last) = bits.last_mut() {
            *last |= u8::from(on) << (row % 8);
        }
    }
    bits
}

/// A column in the form in which it crosses; a number that its kind cannot hold is not known.
pub(super) fn laid_out(kind: Kind, cells: &[Cell]) -> BatchColumn {
    let (least, most) = kind.bounds();
    let number = |cell: &Cell| match cell {
        Cell::Number(number) if (least..=most).contains(number) => Some(*number),
        _ => None,
    };
    fn list<T: TryFrom<i64> + Default>(cells: &[Cell], number: impl Fn(&Cell) -> Option<i64>) -> Vec<T> {
        cells.iter().map(|cell| number(cell).and_then(|n| T::try_from(n).ok()).unwrap_or_default()).collect()
    }
    let values = match kind {
        Kind::Bits | Kind::Text => Values::Bits(bits(cells.iter().map(|cell| number(cell) == Some(1)))),
        Kind::U8 => Values::U8(list(cells, number)),
        Kind::U16 => Values::U16(list(cells, number)),
        Kind::U32 => Values::U32(list(cells, number)),
        Kind::S32 => Values::S32(list(cells, number)),
        Kind::S64 => Values::S64(list(cells, number)),
        Kind::Set => {
            let set = |cell: &Cell| match cell {
                Cell::Set { members, known } => (members & known, *known),
                _ => (0, 0),
            };
            let (members, known) = cells.iter().map(set).unzip();
            return BatchColumn { values: Values::Set { members, known }, valid: None };
        }
    };
    let open = cells.iter().any(|cell| number(cell).is_none());
    BatchColumn { values, valid: open.then(|| bits(cells.iter().map(|cell| number(cell).is_some()))) }
}
