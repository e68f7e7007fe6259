//! Batches from working columns: bytes of the file put into the vectors of a batch.

use std::ops::Range;
use std::sync::Arc;

use super::feather::Feather;
use crate::columns::{ColumnId, Kind};
use crate::error::{Error, Result};
use crate::snapshot::batch::{Batch, BatchColumn, Values};
use crate::terms::{FamilyId, PersonId};

type Column = (ColumnId, Kind, Arc<Feather>);

/// A stream of batches of one row group; reuses the buffers of the batch that it fills.
#[derive(Debug)]
pub struct WarmBatches {
    range: Range<usize>,
    counts: Arc<Feather>,
    family: Vec<Column>,
    member: Vec<Column>,
    family_ids: Option<Arc<Feather>>,
    person_ids: Option<Arc<Feather>>,
    bytes: Vec<u8>,
    valid: Vec<u8>,
}

impl WarmBatches {
    pub(super) fn new(
        range: Range<usize>,
        counts: Arc<Feather>,
        family: Vec<Column>,
        member: Vec<Column>,
        family_ids: Option<Arc<Feather>>,
        person_ids: Option<Arc<Feather>>,
    ) -> WarmBatches {
        let (bytes, valid) = (Vec::new(), Vec::new());
        WarmBatches { range, counts, family, member, family_ids, person_ids, bytes, valid }
    }

    /// Fills `batch` with the next families; false at the end.
    ///
    /// # Errors
    /// A file that cannot be read any more.
    pub fn next_into(&mut self, batch: &mut Batch) -> Result<bool> {
        let Some(at) = self.range.next() else { return Ok(false) };
        batch.families = u32::try_from(self.counts.rows(at)?).map_err(Error::bug)?;
        self.counts.read(at, 0, &mut self.valid, &mut self.bytes)?;
        numbers(&self.bytes, &mut batch.member_ends, u32::from_le_bytes);
        let mut end = 0u32;
        for slot in &mut batch.member_ends {
            // proved against the manifest: their sum is the number of members
            end = end.wrapping_add(*slot);
            *slot = end;
        }
        self.columns(at, true, &mut batch.family)?;
        self.columns(at, false, &mut batch.member)?;
        batch.family_ids.clear();
        batch.person_ids.clear();
        if let Some(ids) = &self.family_ids {
            ids.read(at, 0, &mut self.valid, &mut self.bytes)?;
            numbers(&self.bytes, &mut batch.family_ids, |bytes| FamilyId(u64::from_le_bytes(bytes)));
        }
        if let Some(ids) = &self.person_ids {
            ids.read(at, 0, &mut self.valid, &mut self.bytes)?;
            numbers(&self.bytes, &mut batch.person_ids, |bytes| PersonId(u64::from_le_bytes(bytes)));
        }
        Ok(true)
    }

    fn columns(&mut self, at: usize, family: bool, columns: &mut Vec<(ColumnId, BatchColumn)>) -> Result<()> {
        let files = if family { &self.family } else { &self.member };
        columns.truncate(files.len());
        for (slot, (id, kind, file)) in files.iter().enumerate() {
            if columns.len() == slot {
                columns.push((*id, BatchColumn { values: Values::empty(*kind), valid: None }));
            }
            let Some((of, column)) = columns.get_mut(slot) else { continue };
            *of = *id;
            if column.values.kind() != *kind {
                column.values = Values::empty(*kind);
            }
            let mut valid = column.valid.take().unwrap_or_else(|| std::mem::take(&mut self.valid));
            let unknown = fill(file, at, &mut valid, &mut self.bytes, &mut column.values)?;
            if unknown {
                column.valid = Some(valid);
            } else {
                self.valid = valid;
            }
        }
        Ok(())
    }
}

/// Reads the values of a column; whether some rows are unknown.
fn fill(file: &Feather, at: usize, valid: &mut Vec<u8>, bytes: &mut Vec<u8>, values: &mut Values) -> Result<bool> {
    // bytes and bits go where they belong without a stop on the way
    if let Values::Bits(out) | Values::U8(out) = values {
        return file.read(at, 0, valid, out);
    }
    let unknown = file.read(at, 0, valid, bytes)?;
    match values {
        Values::Bits(_) | Values::U8(_) => {}
        Values::U16(out) => numbers(bytes, out, u16::from_le_bytes),
        Values::U32(out) => numbers(bytes, out, u32::from_le_bytes),
        Values::S32(out) => numbers(bytes, out, i32::from_le_bytes),
        Values::S64(out) => numbers(bytes, out, i64::from_le_bytes),
        Values::Set { members, known } => {
            numbers(bytes, members, u32::from_le_bytes);
            file.read(at, 1, valid, bytes)?;
            numbers(bytes, known, u32::from_le_bytes);
        }
    }
    Ok(unknown)
}

fn numbers<T: Copy, const N: usize>(bytes: &[u8], out: &mut Vec<T>, number: fn([u8; N]) -> T) {
    out.clear();
    out.extend(bytes.as_chunks::<N>().0.iter().map(|chunk| number(*chunk)));
}
