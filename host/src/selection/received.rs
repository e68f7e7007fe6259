//! Recipients of a program as bitmaps aligned with the snapshot's rows, and
//! the column `receives.<program>` of a batch cut from them.
//!
//! The one fact that a run makes itself: who receives what this period.

use crate::columns::{ColumnId, Entity};
use crate::sandbox::Unit;
use crate::snapshot::batch::{Batch, BatchColumn, Values};

/// Recipients of one program: for each row group of the snapshot, in order of
/// partition and group, one bit per row of the program's unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Rows of which table.
    pub unit: Unit,
    /// One bitmap per group, least significant bit first.
    pub groups: Vec<Vec<u8>>,
}

impl Received {
    /// Adds the column to a batch that starts at these rows of its group; `group`
    /// counts over all partitions.
    pub fn add_to(&self, batch: &mut Batch, id: ColumnId, group: usize, family_at: usize, member_at: usize) {
        let empty = Vec::new();
        let bits = self.groups.get(group).unwrap_or(&empty);
        let (columns, entity_at, rows) = match self.unit {
            Unit::Family => (&mut batch.family, family_at, batch.families),
            Unit::Person => {
                let rows = batch.member_ends.last().copied().unwrap_or(0);
                (&mut batch.member, member_at, rows)
            }
        };
        let values = Values::Bits(slice(bits, entity_at, rows as usize));
        // last, so that the buffers of the columns before it can be filled again
        columns.push((id, BatchColumn { values, valid: None }));
    }

    /// The table that the column belongs to.
    #[must_use]
    pub fn entity(&self) -> Entity {
        match self.unit {
            Unit::Family => Entity::Family,
            Unit::Person => Entity::Member,
        }
    }
}

/// `rows` bits from bit `start`, with zero padding.
pub(super) fn slice(bits: &[u8], start: usize, rows: usize) -> Vec<u8> {
    let (first, shift) = (start / 8, start % 8);
    let byte = |at: usize| u16::from(bits.get(at).copied().unwrap_or(0));
    let mut out: Vec<u8> = (0..rows.div_ceil(8))
        .map(|at| {
            let two = byte(first + at) | byte(first + at + 1) << 8;
            ((two >> shift) & 0xff) as u8
        })
        .collect();
    if !rows.is_multiple_of(8)
        && let Some(last) = out.last_mut()
    {
        *last &= (1u8 << (rows % 8)) - 1;
    }
    out
}

/// Sets bit `row`.
pub(super) fn set_bit(bits: &mut [u8], row: usize) {
    if let Some(byte) = bits.get_mut(row / 8) {
        *byte |= 1 << (row % 8);
    }
}

#[cfg(test)]
mod tests {
    use super::{set_bit, slice};
    use crate::snapshot::batch::bit;

    #[test]
    fn a_slice_holds_the_same_bits_and_zero_padding() {
        let mut bits = vec![0u8; 40];
        (0..300).filter(|row| row % 3 == 0 || row % 7 == 2).for_each(|row| set_bit(&mut bits, row));
        for start in [0, 1, 7, 8, 63, 250, 299] {
            for rows in [0, 1, 8, 9, 40] {
                let cut = slice(&bits, start, rows);
                assert_eq!(cut.len(), rows.div_ceil(8));
                for row in 0..cut.len() * 8 {
                    assert_eq!(bit(&cut, row), row < rows && bit(&bits, start + row), "{start} {rows} {row}");
                }
            }
        }
    }
}
