//! Puts families of one batch behind those of another.
//!
//! Takes a batch and a range of its families; their members come along. Buffers are
//! kept, so that a group can be filled again and again.

use std::ops::Range;

use super::batch::{Batch, BatchColumn, Values, all_set, push_bits};
use crate::columns::ColumnId;

impl Batch {
    /// Adds families of a batch that carries the same columns, with their members.
    pub fn append(&mut self, from: &Batch, families: Range<usize>) {
        let end = |at: usize| at.checked_sub(1).and_then(|at| from.member_ends.get(at)).map_or(0, |end| *end as usize);
        let members = end(families.start)..end(families.end);
        let (filled, base) = (self.families as usize, self.members());
        append_columns(&mut self.family, filled, &from.family, families.clone());
        append_columns(&mut self.member, base as usize, &from.member, members.clone());
        self.family_ids.extend_from_slice(from.family_ids.get(families.clone()).unwrap_or_default());
        self.person_ids.extend_from_slice(from.person_ids.get(members.clone()).unwrap_or_default());
        let first = u32::try_from(members.start).unwrap_or(u32::MAX);
        let ends = from.member_ends.get(families.clone()).unwrap_or_default();
        self.member_ends.extend(ends.iter().map(|end| base + (end - first)));
        self.families += u32::try_from(families.len()).unwrap_or(u32::MAX);
    }

    /// Takes all rows out; columns and buffers stay.
    pub fn clear_rows(&mut self) {
        self.families = 0;
        self.member_ends.clear();
        self.family_ids.clear();
        self.person_ids.clear();
        for (_, column) in self.family.iter_mut().chain(&mut self.member) {
            column.valid = None;
            match &mut column.values {
                Values::Bits(cells) | Values::U8(cells) => cells.clear(),
                Values::U16(cells) => cells.clear(),
                Values::U32(cells) => cells.clear(),
                Values::S32(cells) => cells.clear(),
                Values::S64(cells) => cells.clear(),
                Values::Set { members, known } => {
                    members.clear();
                    known.clear();
                }
            }
        }
    }
}

fn append_columns(
    to: &mut Vec<(ColumnId, BatchColumn)>,
    filled: usize,
    from: &[(ColumnId, BatchColumn)],
    rows: Range<usize>,
) {
    for (at, (id, column)) in from.iter().enumerate() {
        if to.len() == at {
            to.push((*id, BatchColumn { values: Values::empty(column.values.kind()), valid: None }));
        }
        if let Some((_, target)) = to.get_mut(at) {
            append_column(target, filled, column, rows.clone());
        }
    }
}

fn append_column(to: &mut BatchColumn, filled: usize, from: &BatchColumn, rows: Range<usize>) {
    fn take<T: Copy>(to: &mut Vec<T>, from: &[T], rows: &Range<usize>) {
        to.extend_from_slice(from.get(rows.clone()).unwrap_or_default());
    }
    match (&mut to.values, &from.values) {
        (Values::Bits(to), Values::Bits(from)) => push_bits(to, filled, from, rows.start, rows.len()),
        (Values::U8(to), Values::U8(from)) => take(to, from, &rows),
        (Values::U16(to), Values::U16(from)) => take(to, from, &rows),
        (Values::U32(to), Values::U32(from)) => take(to, from, &rows),
        (Values::S32(to), Values::S32(from)) => take(to, from, &rows),
        (Values::S64(to), Values::S64(from)) => take(to, from, &rows),
        (Values::Set { members, known }, Values::Set { members: held, known: some }) => {
            take(members, held, &rows);
            take(known, some, &rows);
        }
        _ => {}
    }
    append_valid(&mut to.valid, filled, from.valid.as_deref(), rows);
}

fn append_valid(to: &mut Option<Vec<u8>>, filled: usize, from: Option<&[u8]>, rows: Range<usize>) {
    if to.is_none() {
        let Some(bits) = from else { return };
        let mut cut = Vec::with_capacity(rows.len().div_ceil(8));
        push_bits(&mut cut, 0, bits, rows.start, rows.len());
        if all_set(&cut, rows.len()) {
            return;
        }
        let mut ones = Vec::new();
        push_ones(&mut ones, 0, filled);
        push_bits(&mut ones, filled, &cut, 0, rows.len());
        *to = Some(ones);
        return;
    }
    if let Some(bits) = to {
        match from {
            Some(from) => push_bits(bits, filled, from, rows.start, rows.len()),
            None => push_ones(bits, filled, rows.len()),
        }
    }
}

/// Appends `count` ones to `filled` bits.
fn push_ones(bits: &mut Vec<u8>, filled: usize, count: usize) {
    const ONES: [u8; 512] = [0xff; 512];
    let (mut filled, mut left) = (filled, count);
    while left > 0 {
        let some = left.min(ONES.len() * 8);
        push_bits(bits, filled, &ONES, 0, some);
        filled += some;
        left -= some;
    }
}
