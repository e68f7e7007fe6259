//! A batch as it crosses: slices of the host's own columns, in the order of the
//! plugin's wishes. Nothing is copied here; the engine copies each slice once
//! into the plugin's memory.

use super::bindings::layak::program::types as wit;
use super::description::{ColumnWish, Description};
use crate::columns::{ColumnId, Entity, Kind};
use crate::error::{Error, Result};
use crate::snapshot::batch::{Batch, BatchColumn, Values};

/// The columns of one batch, borrowed.
pub(super) struct Crossing<'b> {
    batch: &'b Batch,
    family: Vec<wit::Column<'b>>,
    member: Vec<wit::Column<'b>>,
}

impl<'b> Crossing<'b> {
    /// Looks up and checks the columns: `columns[i]` is where wish i is found,
    /// `None` if it was not granted.
    pub(super) fn new(
        description: &Description,
        batch: &'b Batch,
        columns: &[Option<ColumnId>],
        present: &[bool],
    ) -> Result<Crossing<'b>> {
        if columns.len() != description.columns.len() {
            return Err(Error::bug("a batch crosses with other columns than the plugin wishes"));
        }
        if batch.member_ends.len() != batch.families as usize {
            return Err(Error::bug("a batch whose member ends are not one per family"));
        }
        let mut crossing = Crossing { batch, family: Vec::new(), member: Vec::new() };
        for ((wish, at), present) in description.columns.iter().zip(columns).zip(present) {
            if at.is_some() != *present {
                return Err(Error::bug(format!("column `{}` was announced otherwise to the plugin", wish.name)));
            }
            let Some(at) = at else { continue };
            let rows = match wish.entity {
                Entity::Family => batch.families,
                Entity::Member => batch.members(),
            };
            let column = batch
                .column(wish.entity, *at)
                .ok_or_else(|| Error::bug(format!("column `{}` is not in the batch", wish.name)))?;
            let column = cross(wish, column, rows as usize)?;
            match wish.entity {
                Entity::Family => crossing.family.push(column),
                Entity::Member => crossing.member.push(column),
            }
        }
        Ok(crossing)
    }

    /// The generated form.
    pub(super) fn batch(&self) -> wit::Batch<'_> {
        wit::Batch {
            families: self.batch.families,
            member_ends: &self.batch.member_ends,
            family: &self.family,
            member: &self.member,
        }
    }
}

fn cross<'b>(wish: &ColumnWish, column: &'b BatchColumn, rows: usize) -> Result<wit::Column<'b>> {
    let (kind, length, wanted, values) = match &column.values {
        Values::Bits(bits) => (Kind::Bits, bits.len(), rows.div_ceil(8), wit::Values::Bits(bits)),
        Values::U8(values) => (Kind::U8, values.len(), rows, wit::Values::U8s(values)),
        Values::U16(values) => (Kind::U16, values.len(), rows, wit::Values::U16s(values)),
        Values::U32(values) => (Kind::U32, values.len(), rows, wit::Values::U32s(values)),
        Values::S32(values) => (Kind::S32, values.len(), rows, wit::Values::S32s(values)),
        Values::S64(values) => (Kind::S64, values.len(), rows, wit::Values::S64s(values)),
        Values::Set { members, known } => {
            let set = wit::SetValues { members, known };
            (Kind::Set, members.len().max(known.len()), rows, wit::Values::Sets(set))
        }
    };
    if kind != wish.kind {
        let (name, wished) = (&wish.name, wish.kind);
        return Err(Error::bug(format!("column `{name}` is {kind:?} in the batch, the plugin wishes {wished:?}")));
    }
    let valid = column.valid.as_deref();
    if length != wanted || valid.is_some_and(|bits| bits.len() != rows.div_ceil(8)) {
        return Err(Error::bug(format!("column `{}` has another length than its batch", wish.name)));
    }
    Ok(wit::Column { values, valid })
}
