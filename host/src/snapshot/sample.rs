//! The stratified 1 % sample of a partition, for quick what-ifs.
//!
//! Takes a sealed partition; gives a smaller one with the same columns. Of each
//! decile the hundredth part of families, rounded up, with the lowest keyed hash of
//! their id: no randomness, and at least one of each.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::batch::{Batch, BatchColumn, GROUP_FAMILIES, GroupRows, Values, bit, push_bits};
use super::layout::{Layout, sums_path, table_path};
use super::manifest::{Partition, Stratum};
use super::stream::{Batches, Plan, Wanted};
use super::table::Table;
use super::writer::{PartitionWriter, Shape};
use crate::columns::{ColumnId, Entity};
use crate::error::{Error, Result};

/// One family in so many is in the sample.
const ONE_IN: u64 = 100;

/// Families of a stratum from which on only candidates are kept.
const MANY: u64 = 10_000;
/// A candidate's order lies below this: three times as many as are drawn, so that
/// enough remain whatever the ids are.
const CANDIDATE: u64 = u64::MAX / 33;

/// The families of one decile so far.
#[derive(Debug, Default)]
struct Decile {
    count: u64,
    /// Order and row of each that may be drawn.
    kept: Vec<(u64, u32)>,
}

/// Draws the sample as families come: a few percent of them are remembered.
#[derive(Debug)]
pub(super) struct Draw {
    key: [u8; 32],
    rows: u32,
    deciles: BTreeMap<u8, Decile>,
}

impl Draw {
    pub(super) fn new(key: [u8; 32]) -> Draw {
        Draw { key, rows: 0, deciles: BTreeMap::new() }
    }

    /// Adds the family of the next row.
    pub(super) fn push(&mut self, id: u64, decile: u8) {
        let hash = blake3::keyed_hash(&self.key, &id.to_le_bytes());
        let order = hash.as_bytes().first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let stratum = self.deciles.entry(decile).or_default();
        stratum.count += 1;
        if stratum.count == MANY {
            stratum.kept.retain(|(order, _)| *order < CANDIDATE);
        }
        if stratum.count < MANY || order < CANDIDATE {
            stratum.kept.push((order, self.rows));
        }
        self.rows = self.rows.saturating_add(1);
    }

    /// The rows of the sample, ascending, and its strata.
    fn drawn(self) -> Result<(Vec<u32>, Vec<Stratum>)> {
        let (mut rows, mut drawn) = (Vec::new(), Vec::new());
        for (decile, Decile { count, mut kept }) in self.deciles {
            let sampled = count.div_ceil(ONE_IN);
            let take = usize::try_from(sampled).map_err(Error::bug)?;
            if take > kept.len() {
                return Err(Error::bug("a hundredth part of many hashes lies below a thirty-third of them"));
            }
            if take < kept.len() {
                kept.select_nth_unstable(take);
            }
            rows.extend(kept.iter().take(take).map(|(_, row)| *row));
            drawn.push(Stratum { decile, families: count, sampled });
        }
        rows.sort_unstable();
        Ok((rows, drawn))
    }
}

/// Reads the sampled rows back from the sealed files and seals them as their own.
pub(super) fn write(folder: &Path, partition: &Partition, draw: Draw, shape: &Arc<Shape>) -> Result<Option<Partition>> {
    if draw.rows == 0 {
        return Ok(None);
    }
    let (rows, strata) = draw.drawn()?;
    let table = |entity| {
        let sums = folder.join(sums_path(false, entity, &partition.province));
        let bytes = std::fs::read(&sums).map_err(|cause| Error::storage(&sums, cause))?;
        Table::open(folder.join(table_path(false, entity, &partition.province)), bytes).map(Arc::new)
    };
    let families = table(Entity::Family)?;
    let groups = 0..families.groups();
    let plan = Plan {
        family: wanted(&shape.family, &shape.family_ids),
        member: wanted(&shape.member, &shape.member_ids),
        ids: true,
    };
    let mut batches = Batches::new(families, Some(table(Entity::Member)?), plan, groups);
    let mut writer = PartitionWriter::create(folder, &partition.province, true, Arc::clone(shape))?;
    let (mut batch, mut group, mut first) = (Batch::default(), GroupRows::default(), 0u32);
    let mut rows = rows.into_iter().peekable();
    while batches.next_into(&mut batch)? {
        while let Some(row) = rows.next_if(|row| *row < first + batch.families) {
            append(&mut group, &batch, (row - first) as usize);
            if group.families == GROUP_FAMILIES {
                writer.push(&group)?;
                group = GroupRows::default();
            }
        }
        first += batch.families;
    }
    writer.push(&group)?;
    Ok(Some(writer.seal(strata)?))
}

fn wanted(layout: &Layout, ids: &[ColumnId]) -> Vec<Wanted> {
    let placed = layout.columns.iter().zip(ids);
    placed.map(|(placed, id)| Wanted { id: *id, kind: placed.kind, leaf: placed.leaf }).collect()
}

/// Adds one family of a batch, with its members, to a group.
fn append(group: &mut GroupRows, batch: &Batch, row: usize) {
    let end = |at: usize| batch.member_ends.get(at).map_or(0, |end| *end as usize);
    let start = row.checked_sub(1).map_or(0, end);
    let count = end(row) - start;
    let (families, members) = (group.families as usize, group.members() as usize);
    append_columns(&mut group.family, families, &batch.family, row, 1);
    append_columns(&mut group.member, members, &batch.member, start, count);
    group.family_ids.extend(batch.family_ids.get(row));
    group.person_ids.extend(batch.person_ids.iter().skip(start).take(count));
    group.member_ends.push(group.members() + u32::try_from(count).unwrap_or(u32::MAX));
    group.families += 1;
}

fn append_columns(
    to: &mut Vec<(ColumnId, BatchColumn)>,
    filled: usize,
    from: &[(ColumnId, BatchColumn)],
    start: usize,
    count: usize,
) {
    for (at, (id, column)) in from.iter().enumerate() {
        if to.len() == at {
            to.push((*id, BatchColumn { values: Values::empty(column.values.kind()), valid: None }));
        }
        if let Some((_, target)) = to.get_mut(at) {
            append_column(target, filled, column, start, count);
        }
    }
}

fn append_column(to: &mut BatchColumn, filled: usize, from: &BatchColumn, start: usize, count: usize) {
    fn take<T: Copy>(to: &mut Vec<T>, from: &[T], start: usize, count: usize) {
        to.extend_from_slice(from.get(start..start + count).unwrap_or_default());
    }
    match (&mut to.values, &from.values) {
        (Values::Bits(to), Values::Bits(from)) => push_bits(to, filled, from, start, count),
        (Values::U8(to), Values::U8(from)) => take(to, from, start, count),
        (Values::U16(to), Values::U16(from)) => take(to, from, start, count),
        (Values::U32(to), Values::U32(from)) => take(to, from, start, count),
        (Values::S32(to), Values::S32(from)) => take(to, from, start, count),
        (Values::S64(to), Values::S64(from)) => take(to, from, start, count),
        (Values::Set { members, known }, Values::Set { members: held, known: some }) => {
            take(members, held, start, count);
            take(known, some, start, count);
        }
        _ => {}
    }
    let known = |at: usize| from.valid.as_ref().is_none_or(|bits| bit(bits, at));
    if to.valid.is_none() && (start..start + count).all(known) {
        return;
    }
    let bits = to.valid.get_or_insert_with(|| {
        let mut ones = vec![0xff; filled / 8];
        if !filled.is_multiple_of(8) {
            ones.push((1 << (filled % 8)) - 1);
        }
        ones
    });
    for at in 0..count {
        push_bits(bits, filled + at, &[u8::from(known(start + at))], 0, 1);
    }
}
