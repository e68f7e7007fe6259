//! One sealed Parquet file, opened for reading by column chunk.
//!
//! Takes the file and its sums; gives chunks whose bytes were proved against the
//! sealed hash in memory, just before they are decoded. Every failure names the
//! file.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parquet::column::page::{Page, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;

use super::sealing::{HASH_BYTES, SUMS_HEAD, read_range};
use crate::error::{Error, Fault, Result};

/// A sealed table of one partition.
#[derive(Debug)]
pub(super) struct Table {
    path: PathBuf,
    file: File,
    metadata: ParquetMetaData,
    sums: Vec<u8>,
}

/// The refusal of a file that is not what was sealed.
pub(super) fn changed(path: &Path) -> Error {
    let shown = path.display().to_string();
    Error::new(
        Fault::Integrity,
        crate::say!("berkas `{shown}` tidak sama dengan yang disegel", "file `{shown}` is not what was sealed"),
    )
    .file(path)
    .fix(crate::say!(
        "pulihkan snapshot dari cadangan atau bekukan lagi dengan `layak freeze`",
        "restore the snapshot from a backup, or freeze it again with `layak freeze`"
    ))
}

impl Table {
    /// Opens a table with its proved sums and proves its footer.
    pub(super) fn open(path: PathBuf, sums: Vec<u8>) -> Result<Table> {
        let failed = |cause: std::io::Error| Error::storage(&path, cause);
        let file = File::open(&path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let head = sums.first_chunk::<8>().ok_or_else(|| changed(&path))?;
        let start = u64::from_le_bytes(*head);
        let footer = match size.checked_sub(start) {
            Some(len @ 8..) => read_range(&file, &path, start, len)?,
            _ => return Err(changed(&path)),
        };
        if sums.get(8..SUMS_HEAD) != Some(blake3::hash(&footer).as_bytes()) {
            return Err(changed(&path));
        }
        let tail = footer.len() - 8;
        let length = footer.get(tail..tail + 4).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
        let length = length.map_or(0, u32::from_le_bytes) as usize;
        let thrift = tail.checked_sub(length).and_then(|from| footer.get(from..tail)).ok_or_else(|| changed(&path))?;
        let metadata = ParquetMetaDataReader::decode_metadata(thrift).map_err(|cause| changed(&path).because(cause))?;
        Ok(Table { path, file, metadata, sums })
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Number of row groups.
    pub(super) fn groups(&self) -> usize {
        self.metadata.num_row_groups()
    }

    /// Rows of a group.
    pub(super) fn rows(&self, group: usize) -> usize {
        let rows = self.metadata.row_groups().get(group).map_or(0, |group| group.num_rows());
        usize::try_from(rows).unwrap_or(0)
    }

    /// Bytes of one leaf in all groups.
    pub(super) fn bytes_of(&self, leaf: usize) -> u64 {
        let groups = self.metadata.row_groups().iter();
        groups.filter_map(|group| group.columns().get(leaf)).map(|column| column.byte_range().1).sum()
    }

    /// The pages of one column chunk, its bytes proved.
    pub(super) fn chunk(self: &Arc<Table>, group: usize, leaf: usize) -> Result<Pages> {
        let missing = || Error::bug(format!("`{}` has group {group} and column {leaf}", self.path.display()));
        let column =
            self.metadata.row_groups().get(group).and_then(|group| group.columns().get(leaf)).ok_or_else(missing)?;
        let leaves = self.metadata.file_metadata().schema_descr().num_columns();
        let (start, len) = column.byte_range();
        let bytes = read_range(&self.file, &self.path, start, len)?;
        let at = SUMS_HEAD + (group * leaves + leaf) * HASH_BYTES;
        if self.sums.get(at..at + HASH_BYTES) != Some(blake3::hash(&bytes).as_bytes()) {
            return Err(changed(&self.path));
        }
        let chunk = Arc::new(Chunk { start, bytes: Bytes::from(bytes) });
        let reader = SerializedPageReader::new(chunk, column, self.rows(group), None)
            .map_err(|cause| changed(&self.path).because(cause))?;
        Ok(Pages { table: Arc::clone(self), reader })
    }
}

/// The bytes of one column chunk, addressed as in the file.
struct Chunk {
    start: u64,
    bytes: Bytes,
}

impl Chunk {
    fn from(&self, start: u64) -> parquet::errors::Result<Bytes> {
        let at = start.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
        match at.filter(|at| *at <= self.bytes.len()) {
            Some(at) => Ok(self.bytes.slice(at..)),
            None => Err(ParquetError::EOF("read outside of a column chunk".to_owned())),
        }
    }
}

impl Length for Chunk {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ChunkReader for Chunk {
    type T = std::io::Cursor<Bytes>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(std::io::Cursor::new(self.from(start)?))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        let rest = self.from(start)?;
        if length > rest.len() {
            return Err(ParquetError::EOF("a page ends outside of its column chunk".to_owned()));
        }
        Ok(rest.slice(..length))
    }
}

/// The decompressed pages of one column chunk, in order.
pub(super) struct Pages {
    table: Arc<Table>,
    reader: SerializedPageReader<Chunk>,
}

impl Pages {
    /// The next page.
    pub(super) fn next(&mut self) -> Result<Option<Page>> {
        self.reader.get_next_page().map_err(|cause| self.broken(cause))
    }

    /// A page that this build cannot read.
    pub(super) fn broken(&self, cause: impl std::fmt::Display) -> Error {
        changed(self.table.path()).because(cause)
    }
}
