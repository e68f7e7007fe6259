//! The sealed index of a table: (id, row) sorted by id, found by seeking.
//!
//! Takes the ids of a partition in row order; gives a file of 12-byte records
//! (id u64, row u32, little endian). Neither writing nor reading holds the file in
//! memory: sorted stretches are spilled and joined bucket by bucket, and a look-up in
//! 50 million records is a few small reads.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use rayon::slice::ParallelSliceMut;

use super::manifest::SealedFile;
use super::sealing::{HashingFile, read_range};
use crate::error::{Error, Result};

/// Bytes of one record.
const RECORD: u64 = 12;

/// Records held in memory before they are spilled: 16 MB.
const HELD: usize = 1 << 20;
/// Spilled stretches are joined by the first byte of the id: ids are hashes, so that
/// a bucket holds the 256th part.
const BUCKETS: usize = 256;

/// Collects the ids of a table in row order.
#[derive(Debug)]
pub(super) struct IndexBuilder {
    held: Vec<(u64, u32)>,
    most: usize,
    rows: u32,
    spilled: Option<File>,
    /// For each spilled stretch the record at which each bucket starts, and its end.
    stretches: Vec<Vec<u64>>,
    end: u64,
}

impl Default for IndexBuilder {
    fn default() -> IndexBuilder {
        IndexBuilder::holding(HELD)
    }
}

impl IndexBuilder {
    /// Holds at most so many records.
    fn holding(most: usize) -> IndexBuilder {
        IndexBuilder { held: Vec::new(), most, rows: 0, spilled: None, stretches: Vec::new(), end: 0 }
    }

    /// How many ids were added.
    pub(super) fn rows(&self) -> u32 {
        self.rows
    }

    /// Adds the id of the next row; `path` is where errors point to.
    pub(super) fn push(&mut self, id: u64, path: &Path) -> Result<()> {
        if self.held.len() == self.most {
            self.spill(path)?;
        }
        self.held.push((id, self.rows));
        self.rows = self.rows.checked_add(1).ok_or_else(|| Error::bug("a partition has fewer than 2^32 rows"))?;
        Ok(())
    }

    fn spill(&mut self, path: &Path) -> Result<()> {
        let failed = |cause: std::io::Error| Error::storage(path, cause);
        self.held.par_sort_unstable();
        let file = match &mut self.spilled {
            Some(file) => file,
            none => {
                let folder = path.parent().unwrap_or(Path::new("."));
                std::fs::create_dir_all(folder).map_err(failed)?;
                none.insert(tempfile::tempfile_in(folder).map_err(failed)?)
            }
        };
        let begin = |bucket: usize| self.held.partition_point(|record| usize::from(first_byte(record.0)) < bucket);
        self.stretches.push((0..=BUCKETS).map(|bucket| self.end + begin(bucket) as u64).collect());
        let mut bytes = Vec::with_capacity(1 << 16);
        for chunk in self.held.chunks(4096) {
            encode(chunk, &mut bytes);
            file.write_all(&bytes).map_err(failed)?;
        }
        self.end += self.held.len() as u64;
        self.held.clear();
        Ok(())
    }

    /// Writes the index.
    ///
    /// Fails as a bug if an id stands twice: the registry never gives one id to two.
    pub(super) fn write(mut self, path: &Path) -> Result<SealedFile> {
        let mut out = Sorted { file: HashingFile::create(path)?, path, last: None, bytes: Vec::new() };
        if self.spilled.is_some() {
            self.spill(path)?;
        }
        let Some(spilled) = &self.spilled else {
            self.held.par_sort_unstable();
            out.put(&self.held)?;
            return out.file.seal(path);
        };
        for bucket in 0..BUCKETS {
            self.held.clear();
            for stretch in &self.stretches {
                let (Some(from), Some(to)) = (stretch.get(bucket), stretch.get(bucket + 1)) else { continue };
                let bytes = read_range(spilled, path, from * RECORD, (to - from) * RECORD)?;
                self.held.extend(bytes.as_chunks::<12>().0.iter().map(decode));
            }
            self.held.par_sort_unstable();
            out.put(&self.held)?;
        }
        out.file.seal(path)
    }
}

fn first_byte(id: u64) -> u8 {
    (id >> 56) as u8
}

fn encode(records: &[(u64, u32)], bytes: &mut Vec<u8>) {
    bytes.clear();
    for (id, row) in records {
        bytes.extend_from_slice(&id.to_le_bytes());
        bytes.extend_from_slice(&row.to_le_bytes());
    }
}

fn decode(record: &[u8; RECORD as usize]) -> (u64, u32) {
    let [a, b, c, d, e, f, g, h, row @ ..] = *record;
    (u64::from_le_bytes([a, b, c, d, e, f, g, h]), u32::from_le_bytes(row))
}

/// The file being written in order of id.
struct Sorted<'p> {
    file: HashingFile,
    path: &'p Path,
    last: Option<u64>,
    bytes: Vec<u8>,
}

impl Sorted<'_> {
    fn put(&mut self, records: &[(u64, u32)]) -> Result<()> {
        for chunk in records.chunks(4096) {
            for (id, _) in chunk {
                if self.last == Some(*id) {
                    return Err(Error::bug(format!("id {id:016x} stands once in a partition")).file(self.path));
                }
                self.last = Some(*id);
            }
            encode(chunk, &mut self.bytes);
            self.file.write_all(&self.bytes).map_err(|cause| Error::storage(self.path, cause))?;
        }
        Ok(())
    }
}

/// Records read at once by a look-up.
const WINDOW: u64 = 256;

/// The row of an id, if it is in this index. Ids are hashes: where one lies follows
/// from its size, so that most look-ups read two or three windows.
pub(super) fn find(file: &File, path: &Path, wanted: u64) -> Result<Option<u32>> {
    let size = file.metadata().map_err(|cause| Error::storage(path, cause))?.len();
    let (mut low, mut high) = (0, size / RECORD);
    let (mut least, mut most) = (0u64, u64::MAX);
    let mut guess_well = true;
    while low < high {
        let span = high - low;
        let step = if guess_well && most > least {
            let share = u128::from(wanted.saturating_sub(least)) * u128::from(span) / u128::from(most - least);
            u64::try_from(share).unwrap_or(u64::MAX).min(span - 1)
        } else {
            span / 2
        };
        let from = (low + step).saturating_sub(WINDOW / 2).max(low);
        let count = WINDOW.min(high - from);
        let bytes = read_range(file, path, from * RECORD, count * RECORD)?;
        let records = bytes.as_chunks::<12>().0;
        let id = |at: usize| records.get(at).map_or(0, |record| decode(record).0);
        let (first, last) = (id(0), id(records.len().saturating_sub(1)));
        if wanted < first {
            (high, most) = (from, first);
        } else if wanted > last {
            (low, least) = (from + count, last);
        } else {
            let found = records.binary_search_by_key(&wanted, |record| decode(record).0);
            return Ok(found.ok().and_then(|at| records.get(at)).map(|record| decode(record).1));
        }
        // a guess that leaves more than half is followed by a cut through the middle
        guess_well = !guess_well || (high - low) * 2 < span;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn ids(count: u64) -> Vec<u64> {
        (0..count).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17)).collect()
    }

    fn index(ids: &[u64], holding: usize, path: &Path) -> SealedFile {
        let mut builder = IndexBuilder::holding(holding);
        ids.iter().for_each(|id| builder.push(*id, path).unwrap());
        builder.write(path).unwrap()
    }

    #[test]
    fn spilled_or_held_it_is_the_same_file_and_finds_each_row() {
        let dir = tempfile::tempdir().unwrap();
        let mut ids = ids(5000);
        ids.extend([0, 1, 2, u64::MAX, 1 << 56]);
        ids.sort_unstable();
        ids.dedup();
        ids.reverse();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        assert_eq!(index(&ids, 1 << 20, &a), index(&ids, 700, &b));
        let file = File::open(&b).unwrap();
        for (row, id) in ids.iter().enumerate() {
            assert_eq!(find(&file, &b, *id).unwrap(), Some(u32::try_from(row).unwrap()));
        }
        for id in ids.iter().filter_map(|id| id.checked_add(1)) {
            assert_eq!(find(&file, &b, id).unwrap().is_some(), ids.contains(&id), "{id}");
        }
    }

    #[test]
    fn an_id_that_stands_twice_is_refused_across_stretches() {
        let dir = tempfile::tempdir().unwrap();
        let mut ids = ids(900);
        ids.push(7);
        ids.insert(0, 7);
        for holding in [100, 10_000] {
            let path = dir.path().join(holding.to_string());
            let mut builder = IndexBuilder::holding(holding);
            ids.iter().for_each(|id| builder.push(*id, &path).unwrap());
            assert!(builder.write(&path).is_err());
        }
    }
}
