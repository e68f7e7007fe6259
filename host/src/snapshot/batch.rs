//! A batch: the columns of up to 16,384 families and of their members.
//!
//! Takes nothing, holds what crosses to a plugin. Never an identity, never text.
//! The shapes are those of `schema/program.wit`.

use crate::columns::{ColumnId, Entity};
use crate::terms::{FamilyId, PersonId};

/// Families in a full batch.
pub const BATCH_FAMILIES: u32 = 16_384;
/// Families in a Parquet row group: eight batches.
pub const GROUP_FAMILIES: u32 = 131_072;

/// The values of one column, one per row. Unknown rows hold zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values {
    /// One bit per row, least significant first; padding bits are zero.
    Bits(Vec<u8>),
    /// Codes and small counts.
    U8(Vec<u8>),
    /// Ordinals, months, quarters.
    U16(Vec<u16>),
    /// Ordinals and counts.
    U32(Vec<u32>),
    /// Days since 1970-01-01.
    S32(Vec<i32>),
    /// Rupiah.
    S64(Vec<i64>),
    /// A set of codes and the codes whose state is known (`members & !known == 0`).
    Set {
        /// Codes that hold.
        members: Vec<u32>,
        /// Codes whose state is known.
        known: Vec<u32>,
    },
}

/// A column of a batch: values and which rows are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchColumn {
    /// One value per row.
    pub values: Values,
    /// One bit per row, 1 = known, exactly ceil(n/8) bytes, padding zero; `None` = all known.
    /// Always `None` for a set, which carries its own known codes.
    pub valid: Option<Vec<u8>>,
}

/// Columns of consecutive families and exactly their members.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Number of families.
    pub families: u32,
    /// For each family the end of its members in the batch, ascending.
    pub member_ends: Vec<u32>,
    /// Family columns, by dictionary order.
    pub family: Vec<(ColumnId, BatchColumn)>,
    /// Member columns, by dictionary order.
    pub member: Vec<(ColumnId, BatchColumn)>,
    /// Ids of the families, for the host's order and look-ups; empty unless asked for.
    /// Never sent to a plugin.
    pub family_ids: Vec<FamilyId>,
    /// Ids of the members; see `family_ids`.
    pub person_ids: Vec<PersonId>,
}

impl Batch {
    /// Number of members.
    #[must_use]
    pub fn members(&self) -> u32 {
        self.member_ends.last().copied().unwrap_or(0)
    }

    /// A column by its id, if the batch carries it.
    #[must_use]
    pub fn column(&self, entity: Entity, id: ColumnId) -> Option<&BatchColumn> {
        let columns = match entity {
            Entity::Family => &self.family,
            Entity::Member => &self.member,
        };
        columns.iter().find(|(at, _)| *at == id).map(|(_, column)| column)
    }
}

/// Whether bit `row` is set.
#[must_use]
pub fn bit(bits: &[u8], row: usize) -> bool {
    bits.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1)
}
