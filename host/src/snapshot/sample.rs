//! The stratified 1 % sample of a partition, for quick what-ifs.
//!
//! Takes a sealed partition; gives a smaller one with the same columns. Of each
//! decile the hundredth part of families, rounded up, with the lowest keyed hash of
//! their id: no randomness, and at least one of each.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::batch::{Batch, GROUP_FAMILIES, GroupRows};
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
            let at = (row - first) as usize;
            group.append(&batch, at..at + 1);
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
