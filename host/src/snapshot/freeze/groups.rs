//! Row groups of a partition, filled column by column.
//!
//! Takes values in row order; gives groups of exactly 131,072 families, the last
//! one shorter. What was not delivered becomes an unknown row that holds zero.

use crate::columns::{ColumnId, Kind};
use crate::intake::NOTHING;
use crate::snapshot::{BatchColumn, GroupRows, Values};

/// One column being filled.
#[derive(Debug)]
pub(super) struct Filling {
    values: Values,
    valid: Vec<u8>,
    rows: usize,
    unknown: bool,
}

impl Filling {
    pub(super) fn new(kind: Kind) -> Filling {
        Filling { values: Values::empty(kind), valid: Vec::new(), rows: 0, unknown: false }
    }

    /// Appends a value; `NOTHING` is an unknown row.
    pub(super) fn push(&mut self, value: i64) {
        let known = value != NOTHING;
        if self.rows.is_multiple_of(8) {
            self.valid.push(0);
            if let Values::Bits(bits) = &mut self.values {
                bits.push(0);
            }
        }
        if let Some(byte) = self.valid.last_mut().filter(|_| known) {
            *byte |= 1 << (self.rows % 8);
        }
        self.unknown |= !known;
        let value = if known { value } else { 0 };
        match &mut self.values {
            Values::Bits(bits) => {
                if let Some(byte) = bits.last_mut().filter(|_| value != 0) {
                    *byte |= 1 << (self.rows % 8);
                }
            }
            Values::U8(cells) => cells.push(value as u8),
            Values::U16(cells) => cells.push(value as u16),
            Values::U32(cells) => cells.push(value as u32),
            Values::S32(cells) => cells.push(value as i32),
            Values::S64(cells) => cells.push(value),
            Values::Set { members, known: sure } => {
                members.push(0);
                sure.push(0);
            }
        }
        self.rows += 1;
    }

    /// Appends a set and its known codes.
    pub(super) fn push_set(&mut self, held: u32, sure: u32) {
        if let Values::Set { members, known } = &mut self.values {
            members.push(held & sure);
            known.push(sure);
            self.rows += 1;
        }
    }

    fn done(self) -> BatchColumn {
        let is_set = matches!(self.values, Values::Set { .. });
        BatchColumn { valid: (self.unknown && !is_set).then_some(self.valid), values: self.values }
    }
}

/// A row group being filled.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) rows: GroupRows,
    pub(super) family: Vec<(ColumnId, Filling)>,
    pub(super) member: Vec<(ColumnId, Filling)>,
}

impl Group {
    pub(super) fn new(family: &[(ColumnId, Kind)], member: &[(ColumnId, Kind)]) -> Group {
        let filling =
            |columns: &[(ColumnId, Kind)]| columns.iter().map(|(id, kind)| (*id, Filling::new(*kind))).collect();
        Group { rows: GroupRows::default(), family: filling(family), member: filling(member) }
    }

    /// The finished group.
    pub(super) fn done(mut self) -> GroupRows {
        let close =
            |columns: Vec<(ColumnId, Filling)>| columns.into_iter().map(|(id, filling)| (id, filling.done())).collect();
        self.rows.family = close(self.family);
        self.rows.member = close(self.member);
        self.rows
    }
}
