//! The sealed index of a table: (id, row) sorted by id, found by seeking.
//!
//! Takes the ids of a partition in row order; gives a file of 12-byte records
//! (id u64, row u32, little endian). Reading never loads the file: a look-up in
//! 50 million records is 26 small reads.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rayon::slice::ParallelSliceMut;

use super::manifest::SealedFile;
use super::sealing::HashingFile;
use crate::error::{Error, Result};

/// Bytes of one record.
const RECORD: u64 = 12;

/// Writes the index of ids whose position is their row.
///
/// Fails as a bug if an id stands twice: the registry never gives one id to two.
pub(super) fn write(path: &Path, ids: &[u64]) -> Result<SealedFile> {
    let mut records = Vec::with_capacity(ids.len());
    for (row, id) in ids.iter().enumerate() {
        records.push((*id, u32::try_from(row).map_err(Error::bug)?));
    }
    records.par_sort_unstable();
    if let Some(twice) = records.windows(2).find(|pair| matches!(pair, [a, b] if a.0 == b.0)) {
        let id = twice.first().map_or(0, |record| record.0);
        return Err(Error::bug(format!("id {id:016x} stands once in a partition")).file(path));
    }
    let mut file = HashingFile::create(path)?;
    let mut bytes = Vec::with_capacity(1 << 16);
    for chunk in records.chunks(4096) {
        bytes.clear();
        for (id, row) in chunk {
            bytes.extend_from_slice(&id.to_le_bytes());
            bytes.extend_from_slice(&row.to_le_bytes());
        }
        file.write_all(&bytes).map_err(|cause| Error::storage(path, cause))?;
    }
    file.seal(path)
}

/// The row of an id, if it is in this index.
pub(super) fn find(path: &Path, wanted: u64) -> Result<Option<u32>> {
    let failed = |cause: std::io::Error| Error::storage(path, cause);
    let file = File::open(path).map_err(failed)?;
    let (mut low, mut high) = (0, file.metadata().map_err(failed)?.len() / RECORD);
    while low < high {
        let middle = low + (high - low) / 2;
        let mut record = [0; RECORD as usize];
        file.read_exact_at(&mut record, middle * RECORD).map_err(failed)?;
        let [a, b, c, d, e, f, g, h, row @ ..] = record;
        match u64::from_le_bytes([a, b, c, d, e, f, g, h]).cmp(&wanted) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
            std::cmp::Ordering::Equal => return Ok(Some(u32::from_le_bytes(row))),
        }
    }
    Ok(None)
}
