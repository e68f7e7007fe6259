//! Batches of a partition, read in order.
//!
//! Takes two sealed tables and the columns wanted; gives batches of 16,384
//! families with exactly their members (the last of a row group may be shorter).
//! Reads nothing that was not asked for, and one row group at a time.

use std::ops::Range;
use std::sync::Arc;

use super::batch::{BATCH_FAMILIES, Batch, BatchColumn, Values};
use super::decode::{BitLeaf, Leaf};
use super::layout::{ID, MEMBERS};
use super::table::Table;
use crate::columns::{ColumnId, Kind};
use crate::error::{Error, Result};
use crate::terms::{FamilyId, PersonId};

/// One column to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) id: ColumnId,
    pub(super) kind: Kind,
    pub(super) leaf: usize,
}

/// What to read of each table.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    pub(super) family: Vec<Wanted>,
    pub(super) member: Vec<Wanted>,
    pub(super) ids: bool,
}

impl Plan {
    /// Whether the table of members is read at all.
    pub(super) fn reads_members(&self) -> bool {
        self.ids || !self.member.is_empty()
    }
}

/// The open leaves of one column.
enum Cells {
    Bits(BitLeaf),
    U8(Leaf<u8>),
    U16(Leaf<u16>),
    U32(Leaf<u32>),
    S32(Leaf<i32>),
    S64(Leaf<i64>),
    Set(Box<(Leaf<u32>, Leaf<u32>)>),
}

impl Cells {
    fn open(table: &Arc<Table>, group: usize, wanted: Wanted) -> Result<Cells> {
        let pages = table.chunk(group, wanted.leaf)?;
        Ok(match wanted.kind {
            Kind::Bits => Cells::Bits(BitLeaf::new(pages)),
            Kind::U8 => Cells::U8(Leaf::new(pages, true)),
            Kind::U16 => Cells::U16(Leaf::new(pages, true)),
            Kind::U32 => Cells::U32(Leaf::new(pages, true)),
            Kind::S32 => Cells::S32(Leaf::new(pages, true)),
            Kind::S64 => Cells::S64(Leaf::new(pages, true)),
            Kind::Set => {
                let known = table.chunk(group, wanted.leaf + 1)?;
                Cells::Set(Box::new((Leaf::new(pages, false), Leaf::new(known, false))))
            }
            Kind::Text => return Err(Error::bug("a snapshot holds no text")),
        })
    }

    fn kind(&self) -> Kind {
        match self {
            Cells::Bits(_) => Kind::Bits,
            Cells::U8(_) => Kind::U8,
            Cells::U16(_) => Kind::U16,
            Cells::U32(_) => Kind::U32,
            Cells::S32(_) => Kind::S32,
            Cells::S64(_) => Kind::S64,
            Cells::Set(..) => Kind::Set,
        }
    }

    fn skip(&mut self, count: usize) -> Result<()> {
        match self {
            Cells::Bits(leaf) => leaf.skip(count),
            Cells::U8(leaf) => leaf.skip(count),
            Cells::U16(leaf) => leaf.skip(count),
            Cells::U32(leaf) => leaf.skip(count),
            Cells::S32(leaf) => leaf.skip(count),
            Cells::S64(leaf) => leaf.skip(count),
            Cells::Set(halves) => {
                halves.0.skip(count)?;
                halves.1.skip(count)
            }
        }
    }

    fn read(&mut self, count: usize, column: &mut BatchColumn, valid: &mut Vec<u8>) -> Result<()> {
        valid.clear();
        match (self, &mut column.values) {
            (Cells::Bits(leaf), Values::Bits(out)) => leaf.read(count, out, valid)?,
            (Cells::U8(leaf), Values::U8(out)) => leaf.read(count, out, valid)?,
            (Cells::U16(leaf), Values::U16(out)) => leaf.read(count, out, valid)?,
            (Cells::U32(leaf), Values::U32(out)) => leaf.read(count, out, valid)?,
            (Cells::S32(leaf), Values::S32(out)) => leaf.read(count, out, valid)?,
            (Cells::S64(leaf), Values::S64(out)) => leaf.read(count, out, valid)?,
            (Cells::Set(halves), Values::Set { members, known }) => {
                halves.0.read(count, members, valid)?;
                halves.1.read(count, known, valid)?;
            }
            (cells, values) => {
                *values = Values::empty(cells.kind());
                return cells.read(count, column, valid);
            }
        }
        if valid.is_empty() {
            column.valid = None;
        } else {
            let bits = column.valid.get_or_insert_default();
            bits.clear();
            bits.extend_from_slice(valid);
        }
        Ok(())
    }
}

/// The leaves of one row group being read.
struct Open {
    left: usize,
    counts: Leaf<u32>,
    family_ids: Option<Leaf<FamilyId>>,
    person_ids: Option<Leaf<PersonId>>,
    family: Vec<(ColumnId, Cells)>,
    member: Vec<(ColumnId, Cells)>,
}

/// A stream of batches; reuses the buffers of the batch that it fills.
pub struct Batches {
    families: Arc<Table>,
    members: Option<Arc<Table>>,
    plan: Plan,
    groups: Range<usize>,
    open: Option<Open>,
    valid: Vec<u8>,
}

impl Batches {
    pub(super) fn new(families: Arc<Table>, members: Option<Arc<Table>>, plan: Plan, groups: Range<usize>) -> Batches {
        Batches { families, members, plan, groups, open: None, valid: Vec::new() }
    }

    fn open(&self, group: usize) -> Result<Open> {
        let families = &self.families;
        let family = self.plan.family.iter().map(|wanted| Ok((wanted.id, Cells::open(families, group, *wanted)?)));
        let mut open = Open {
            left: families.rows(group),
            counts: Leaf::new(families.chunk(group, MEMBERS)?, false),
            family_ids: None,
            person_ids: None,
            family: family.collect::<Result<_>>()?,
            member: Vec::new(),
        };
        if self.plan.ids {
            open.family_ids = Some(Leaf::new(families.chunk(group, ID)?, false));
        }
        if let Some(members) = &self.members {
            for wanted in &self.plan.member {
                open.member.push((wanted.id, Cells::open(members, group, *wanted)?));
            }
            if self.plan.ids {
                open.person_ids = Some(Leaf::new(members.chunk(group, ID)?, false));
            }
        }
        Ok(open)
    }

    /// Passes over whole batches of the next row group without making their values.
    pub(super) fn pass_over(&mut self, batches: u32) -> Result<()> {
        let Some(group) = self.groups.next() else { return Ok(()) };
        let mut open = self.open(group)?;
        let families = open.left.min((batches * BATCH_FAMILIES) as usize);
        let mut counts = Vec::new();
        open.counts.read(families, &mut counts, &mut self.valid)?;
        let members = counts.iter().map(|count| *count as usize).sum();
        open.left -= families;
        for (_, cells) in &mut open.family {
            cells.skip(families)?;
        }
        for (_, cells) in &mut open.member {
            cells.skip(members)?;
        }
        if let Some(leaf) = &mut open.family_ids {
            leaf.skip(families)?;
        }
        if let Some(leaf) = &mut open.person_ids {
            leaf.skip(members)?;
        }
        self.open = Some(open);
        Ok(())
    }

    /// Fills `batch` with the next families; false at the end.
    ///
    /// # Errors
    /// A file that cannot be read, or is not what was sealed.
    pub fn next_into(&mut self, batch: &mut Batch) -> Result<bool> {
        while self.open.as_ref().is_none_or(|open| open.left == 0) {
            let Some(group) = self.groups.next() else { return Ok(false) };
            self.open = Some(self.open(group)?);
        }
        let Some(open) = self.open.as_mut() else { return Ok(false) };
        let count = open.left.min(BATCH_FAMILIES as usize);
        open.left -= count;
        batch.families = u32::try_from(count).map_err(Error::bug)?;
        open.counts.read(count, &mut batch.member_ends, &mut self.valid)?;
        let mut end = 0u32;
        for slot in &mut batch.member_ends {
            end = end.checked_add(*slot).ok_or_else(|| super::table::changed(self.families.path()))?;
            *slot = end;
        }
        read_columns(&mut open.family, count, &mut batch.family, &mut self.valid)?;
        read_columns(&mut open.member, end as usize, &mut batch.member, &mut self.valid)?;
        batch.family_ids.clear();
        batch.person_ids.clear();
        if let Some(leaf) = &mut open.family_ids {
            leaf.read(count, &mut batch.family_ids, &mut self.valid)?;
        }
        if let Some(leaf) = &mut open.person_ids {
            leaf.read(end as usize, &mut batch.person_ids, &mut self.valid)?;
        }
        Ok(true)
    }
}

fn read_columns(
    cells: &mut [(ColumnId, Cells)],
    count: usize,
    columns: &mut Vec<(ColumnId, BatchColumn)>,
    valid: &mut Vec<u8>,
) -> Result<()> {
    columns.truncate(cells.len());
    for (at, (id, cells)) in cells.iter_mut().enumerate() {
        if columns.len() == at {
            columns.push((*id, BatchColumn { values: Values::empty(cells.kind()), valid: None }));
        }
        if let Some((slot, column)) = columns.get_mut(at) {
            *slot = *id;
            cells.read(count, column, valid)?;
        }
    }
    Ok(())
}

impl Iterator for Batches {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Result<Batch>> {
        let mut batch = Batch::default();
        match self.next_into(&mut batch) {
            Ok(true) => Some(Ok(batch)),
            Ok(false) => None,
            Err(error) => {
                self.groups = 0..0;
                self.open = None;
                Some(Err(error))
            }
        }
    }
}
