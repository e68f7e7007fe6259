//! A batch: the columns of up to 16,384 families and of their members.
//!
//! Takes nothing, holds what crosses to a plugin. Never an identity, never text.
//! The shapes are those of `schema/program.wit`.

use crate::columns::{ColumnId, Entity, Kind};
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

impl Values {
    /// The kind of these values.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Values::Bits(_) => Kind::Bits,
            Values::U8(_) => Kind::U8,
            Values::U16(_) => Kind::U16,
            Values::U32(_) => Kind::U32,
            Values::S32(_) => Kind::S32,
            Values::S64(_) => Kind::S64,
            Values::Set { .. } => Kind::Set,
        }
    }

    /// No values of a kind. Text never crosses; it is taken as yes and no.
    #[must_use]
    pub fn empty(kind: Kind) -> Values {
        match kind {
            Kind::Bits | Kind::Text => Values::Bits(Vec::new()),
            Kind::U8 => Values::U8(Vec::new()),
            Kind::U16 => Values::U16(Vec::new()),
            Kind::U32 => Values::U32(Vec::new()),
            Kind::S32 => Values::S32(Vec::new()),
            Kind::S64 => Values::S64(Vec::new()),
            Kind::Set => Values::Set { members: Vec::new(), known: Vec::new() },
        }
    }
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

/// The rows of one row group handed to the writer: up to `GROUP_FAMILIES`
/// families with both kinds of ids and every snapshot column.
pub type GroupRows = Batch;

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

/// Appends bits `from..from + count` of `src` to `dst`, which holds `filled` bits
/// and zero padding; padding stays zero.
pub fn push_bits(dst: &mut Vec<u8>, filled: usize, src: &[u8], from: usize, count: usize) {
    let (mut filled, mut from, mut left) = (filled, from, count);
    while left > 0 && !filled.is_multiple_of(8) {
        if let Some(last) = dst.last_mut() {
            *last |= u8::from(bit(src, from)) << (filled % 8);
        }
        filled += 1;
        from += 1;
        left -= 1;
    }
    if left == 0 {
        return;
    }
    let bytes = left.div_ceil(8);
    let src = src.get(from / 8..).unwrap_or_default();
    let shift = from % 8;
    let start = dst.len();
    if shift == 0 {
        dst.extend_from_slice(src.get(..bytes.min(src.len())).unwrap_or_default());
    } else {
        // two slices of one length: the compiler makes many bytes at once of it
        let pairs = bytes.min(src.len().saturating_sub(1));
        let low = src.get(..pairs).unwrap_or_default();
        let high = src.get(1..=pairs).unwrap_or_default();
        dst.extend(low.iter().zip(high).map(|(low, high)| low >> shift | high << (8 - shift)));
        dst.extend(src.get(pairs..bytes.min(src.len())).unwrap_or_default().iter().map(|last| last >> shift));
    }
    dst.resize(start + bytes, 0);
    if !left.is_multiple_of(8)
        && let Some(last) = dst.last_mut()
    {
        *last &= (1u8 << (left % 8)) - 1;
    }
}

/// Appends `count` equal bits to `dst`, which holds `filled` bits and zero padding.
pub(super) fn push_same(dst: &mut Vec<u8>, filled: usize, is: bool, count: usize) {
    let end = filled + count;
    if is && count > 0 {
        if let Some(last) = dst.last_mut().filter(|_| !filled.is_multiple_of(8)) {
            *last |= 0xff << (filled % 8);
        }
        dst.resize(end.div_ceil(8), 0xff);
        if let Some(last) = dst.last_mut().filter(|_| !end.is_multiple_of(8)) {
            *last &= (1 << (end % 8)) - 1;
        }
    } else {
        dst.resize(end.div_ceil(8), 0);
    }
}

/// Whether the first `count` bits are all set.
#[must_use]
pub fn all_set(bits: &[u8], count: usize) -> bool {
    let whole = count / 8;
    bits.get(..whole).is_some_and(|head| head.iter().all(|byte| *byte == 0xff))
        && (count.is_multiple_of(8) || bits.get(whole).is_some_and(|last| last.trailing_ones() >= (count % 8) as u32))
}
