//! One Parquet table of a partition being written.
//!
//! Takes row groups; gives the file's hash, the hashes of its parts and of its
//! decoded columns, and the sealed index of its ids.

use std::path::{Path, PathBuf};

use parquet::file::writer::SerializedFileWriter;

use super::batch::BatchColumn;
use super::digest::{Hashes, TableDigests};
use super::encode::{self, Scratch};
use super::index::IndexBuilder;
use super::layout::Layout;
use super::manifest::SealedFile;
use super::sealing::{HashingFile, sums_of};
use crate::columns::Entity;
use crate::error::{Error, Result};

/// A table open for row groups.
pub(super) struct TableWriter {
    path: PathBuf,
    layout: Layout,
    province: i32,
    writer: SerializedFileWriter<HashingFile>,
    digests: TableDigests,
    index: IndexBuilder,
    scratch: Scratch,
}

/// A table that is closed and on disk.
pub(super) struct SealedTable {
    pub(super) file: SealedFile,
    pub(super) sums: Vec<u8>,
    pub(super) hashes: Hashes,
    pub(super) index: SealedFile,
    pub(super) rows: u32,
}

impl TableWriter {
    pub(super) fn create(path: PathBuf, entity: Entity, layout: &Layout, province: i32) -> Result<TableWriter> {
        let file = HashingFile::create(&path)?;
        let writer = SerializedFileWriter::new(file, layout.schema()?, layout.properties()?);
        Ok(TableWriter {
            writer: writer.map_err(|cause| Error::storage(&path, cause))?,
            layout: layout.clone(),
            province,
            digests: TableDigests::new(entity, layout),
            index: IndexBuilder::default(),
            scratch: Scratch::new(path.clone()),
            path,
        })
    }

    /// Adds a row group. `ends` are the member ends of families; `bounds` the row
    /// where each batch ends.
    pub(super) fn push(
        &mut self,
        family_rows: &[u32],
        ids: impl Iterator<Item = u64>,
        ends: Option<&[u32]>,
        columns: &[&BatchColumn],
        bounds: &[usize],
    ) -> Result<()> {
        let rows = family_rows.len();
        let ids: Vec<u64> = ids.collect();
        for id in &ids {
            self.index.push(*id, &self.path)?;
        }
        let TableWriter { path, layout, province, writer, digests, scratch, .. } = self;
        let encode = || {
            let mut group = writer.next_row_group().map_err(|cause| Error::storage(&*path, cause))?;
            encode::required_ints(&mut group, path, &vec![*province; rows])?;
            let own: Vec<i32> = family_rows.iter().map(|row| row.cast_signed()).collect();
            encode::required_ints(&mut group, path, &own)?;
            encode::required_longs(&mut group, path, &ids.iter().map(|id| id.cast_signed()).collect::<Vec<_>>())?;
            if let Some(ends) = ends {
                let starts = std::iter::once(&0).chain(ends);
                let counts: Vec<i32> =
                    ends.iter().zip(starts).map(|(end, start)| (end - start).cast_signed()).collect();
                encode::required_ints(&mut group, path, &counts)?;
            }
            for (placed, column) in layout.columns.iter().zip(columns) {
                encode::column(&mut group, &placed.name, column, rows, scratch)?;
            }
            group.close().map(drop).map_err(|cause| Error::storage(&*path, cause))
        };
        let (encoded, ()) = rayon::join(encode, || digest(digests, &ids, ends, columns, bounds));
        encoded
    }

    /// Closes and syncs the file, and writes its index to `index`.
    pub(super) fn seal(mut self, index: &Path) -> Result<SealedTable> {
        let metadata = self.writer.finish().map_err(|cause| Error::storage(&self.path, cause))?;
        let file = self.writer.inner_mut().seal(&self.path)?;
        let sums = sums_of(&self.path, &metadata)?;
        Ok(SealedTable {
            file,
            sums,
            hashes: self.digests.finish(),
            rows: self.index.rows(),
            index: self.index.write(index)?,
        })
    }
}

/// Adds the batches of a group to the hashes of decoded values.
fn digest(digests: &mut TableDigests, ids: &[u64], ends: Option<&[u32]>, columns: &[&BatchColumn], bounds: &[usize]) {
    let mut start = 0;
    for end in bounds {
        let count = end - start;
        digests.ids(ids.get(start..*end).unwrap_or_default().iter().copied());
        if let Some(ends) = ends {
            let base = start.checked_sub(1).and_then(|at| ends.get(at)).copied().unwrap_or(0);
            let own: Vec<u32> = ends.get(start..*end).unwrap_or_default().iter().map(|end| end - base).collect();
            digests.counts(&own);
        }
        for (at, column) in columns.iter().enumerate() {
            digests.column(at, column, start, count);
        }
        start = *end;
    }
}
