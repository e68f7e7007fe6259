//! The hash of a column's decoded values in canonical form.
//!
//! Takes batches of 16,384 families in order; gives one BLAKE3 that does not
//! depend on Parquet: for each batch the number of rows (u32), one byte 0 (all
//! known) or 1 and the known bits, then the values, little endian, bits packed.
//! A set is its members, then its known codes.

use std::collections::BTreeMap;

use super::batch::{BatchColumn, Values, all_set, push_bits};
use super::layout::Layout;
use crate::columns::Entity;

/// The running hash of one column of one partition.
#[derive(Debug, Clone, Default)]
pub(super) struct Digest {
    hasher: blake3::Hasher,
    scratch: Vec<u8>,
}

impl Digest {
    /// Adds rows `from..from + count` of a column as one batch.
    pub(super) fn add(&mut self, column: &BatchColumn, from: usize, count: usize) {
        self.rows(count);
        self.scratch.clear();
        if let Some(valid) = &column.valid {
            push_bits(&mut self.scratch, 0, valid, from, count);
        }
        if column.valid.is_none() || all_set(&self.scratch, count) {
            self.hasher.update(&[0]);
        } else {
            self.hasher.update(&[1]).update(&self.scratch);
        }
        let to = from + count;
        match &column.values {
            Values::Bits(bits) => {
                self.scratch.clear();
                push_bits(&mut self.scratch, 0, bits, from, count);
                self.hasher.update(&self.scratch);
            }
            Values::U8(values) => {
                self.hasher.update(values.get(from..to).unwrap_or_default());
            }
            Values::U16(values) => self.cells(values.get(from..to), u16::to_le_bytes),
            Values::U32(values) => self.cells(values.get(from..to), u32::to_le_bytes),
            Values::S32(values) => self.cells(values.get(from..to), i32::to_le_bytes),
            Values::S64(values) => self.cells(values.get(from..to), i64::to_le_bytes),
            Values::Set { members, known } => {
                self.cells(members.get(from..to), u32::to_le_bytes);
                self.cells(known.get(from..to), u32::to_le_bytes);
            }
        }
    }

    /// Adds one batch of ids.
    pub(super) fn ids(&mut self, ids: impl ExactSizeIterator<Item = u64>) {
        self.rows(ids.len());
        self.scratch.clear();
        self.scratch.extend(ids.flat_map(u64::to_le_bytes));
        self.hasher.update(&self.scratch);
    }

    /// Adds one batch of member counts.
    pub(super) fn counts(&mut self, counts: &[u32]) {
        self.rows(counts.len());
        self.cells(Some(counts), u32::to_le_bytes);
    }

    /// Begins a batch whose values follow by `raw`; `flagged` = a snapshot column.
    pub(super) fn head(&mut self, count: usize, known: Option<&[u8]>, flagged: bool) {
        self.rows(count);
        match known {
            Some(known) => self.hasher.update(&[1]).update(known),
            None if flagged => self.hasher.update(&[0]),
            None => &mut self.hasher,
        };
    }

    /// Adds values that are in canonical form already.
    pub(super) fn raw(&mut self, values: &[u8]) {
        self.hasher.update(values);
    }

    fn rows(&mut self, count: usize) {
        self.hasher.update(&u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
    }

    fn cells<T: Copy, const N: usize>(&mut self, cells: Option<&[T]>, bytes: impl Fn(T) -> [u8; N]) {
        let cells = cells.unwrap_or_default();
        self.scratch.resize(cells.len() * N, 0);
        for (slot, cell) in self.scratch.chunks_exact_mut(N).zip(cells) {
            slot.copy_from_slice(&bytes(*cell));
        }
        self.hasher.update(&self.scratch);
    }

    /// The hash, hex.
    pub(super) fn hex(&self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }
}

/// Names and hashes of the columns of a table.
pub(super) type Hashes = BTreeMap<String, String>;

/// The running hashes of all columns of one table.
pub(super) struct TableDigests {
    names: Vec<String>,
    digests: Vec<Digest>,
    counts: Vec<u32>,
}

impl TableDigests {
    /// Ids, member counts (families only), then the snapshot columns in order.
    pub(super) fn new(entity: Entity, layout: &Layout) -> TableDigests {
        let fixed = match entity {
            Entity::Family => ["family_id", "members"],
            Entity::Member => ["person_id", ""],
        };
        let mut names: Vec<String> = fixed.into_iter().map(str::to_owned).collect();
        names.extend(layout.columns.iter().map(|placed| placed.name.clone()));
        let digests = vec![Digest::default(); names.len()];
        TableDigests { names, digests, counts: Vec::new() }
    }

    /// The ids of one batch.
    pub(super) fn ids(&mut self, ids: impl ExactSizeIterator<Item = u64>) {
        if let Some(digest) = self.digests.first_mut() {
            digest.ids(ids);
        }
    }

    /// The member counts of one batch, given as ends that start from zero.
    pub(super) fn counts(&mut self, ends: &[u32]) {
        self.counts.clear();
        let starts = std::iter::once(&0).chain(ends);
        self.counts.extend(ends.iter().zip(starts).map(|(end, start)| end.wrapping_sub(*start)));
        if let Some(digest) = self.digests.get_mut(1) {
            digest.counts(&self.counts);
        }
    }

    /// Rows `from..from + count` of a snapshot column by its position, as one batch.
    pub(super) fn column(&mut self, at: usize, column: &BatchColumn, from: usize, count: usize) {
        if let Some(digest) = self.digests.get_mut(at + 2) {
            digest.add(column, from, count);
        }
    }

    /// Names and hashes; a table of members has no counts.
    pub(super) fn finish(&self) -> Hashes {
        let all = self.names.iter().zip(&self.digests);
        all.filter(|(name, _)| !name.is_empty()).map(|(name, digest)| (name.clone(), digest.hex())).collect()
    }
}
