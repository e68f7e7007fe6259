//! Decodes a table whose hashes nobody proved: for tests that feed it spoilt bytes.
//!
//! Takes a file; gives how many rows its columns hold together. The product never
//! does this: it proves the hash of a chunk before it decodes it. What spoilt bytes
//! say is worthless, but they must not stop the program.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::Type as Physical;
use parquet::file::metadata::ParquetMetaDataReader;

use super::batch::BATCH_FAMILIES;
use super::decode::{BitLeaf, Leaf};
use super::sealing::{read_range, sums_of};
use super::table::{Table, changed};
use crate::error::{Error, Result};

/// Most rows of a group that are decoded.
const ROWS: usize = 1 << 20;

/// Decodes every leaf of every group, as a batch would.
///
/// # Errors
/// `Fault::Integrity` for bytes that make no sense.
pub fn decode_unproved(path: &Path) -> Result<u64> {
    let file = File::open(path).map_err(|cause| Error::storage(path, cause))?;
    let metadata =
        ParquetMetaDataReader::new().parse_and_finish(&file).map_err(|cause| changed(path).because(cause))?;
    let size = file.metadata().map_err(|cause| Error::storage(path, cause))?.len();
    let chunks = metadata.row_groups().iter().flat_map(|group| group.columns());
    let inside = |start: i64, length: i64| {
        let (start, length) = (u64::try_from(start).ok()?, u64::try_from(length).ok()?);
        start.checked_add(length).filter(|end| *end <= size)
    };
    for chunk in chunks {
        let start = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
        if inside(start, chunk.compressed_size()).is_none() {
            return Err(changed(path));
        }
    }
    let mut sums = sums_of(path, &metadata)?;
    // the footer as the file itself says where it is
    let tail = read_range(&file, path, size.saturating_sub(8), 4)?;
    let length = tail.first_chunk::<4>().map_or(0, |bytes| u64::from(u32::from_le_bytes(*bytes)));
    let footer = size.saturating_sub(8 + length);
    let hash = blake3::hash(&read_range(&file, path, footer, size - footer)?);
    if let Some(head) = sums.get_mut(..40) {
        head.copy_from_slice(&[&footer.to_le_bytes()[..], hash.as_bytes()].concat());
    }
    let table = Arc::new(Table::open(path.to_path_buf(), sums)?);
    let mut rows = 0;
    for (group, columns) in metadata.row_groups().iter().enumerate() {
        for (leaf, chunk) in columns.columns().iter().enumerate() {
            let count = table.rows(group).min(ROWS);
            let pages = || table.chunk(group, leaf);
            let optional = chunk.column_descr().max_def_level() > 0;
            rows += match chunk.column_type() {
                Physical::BOOLEAN => bits(BitLeaf::new(pages()?), count)?,
                Physical::INT64 => numbers::<i64>(Leaf::new(pages()?, optional), count)?,
                _ => {
                    numbers::<u8>(Leaf::new(pages()?, optional), count)?
                        + numbers::<u32>(Leaf::new(pages()?, optional), count)?
                }
            };
        }
    }
    Ok(rows)
}

fn numbers<T: super::decode::Cell>(mut leaf: Leaf<T>, mut rows: usize) -> Result<u64> {
    let (mut out, mut valid, mut read) = (Vec::new(), Vec::new(), 0);
    leaf.skip(rows / 3)?;
    rows -= rows / 3;
    while rows > 0 {
        let take = rows.min(BATCH_FAMILIES as usize);
        leaf.read(take, &mut out, &mut valid)?;
        read += out.len() as u64;
        rows -= take;
    }
    Ok(read)
}

fn bits(mut leaf: BitLeaf, mut rows: usize) -> Result<u64> {
    let (mut out, mut valid, mut read) = (Vec::new(), Vec::new(), 0);
    leaf.skip(rows / 3)?;
    rows -= rows / 3;
    while rows > 0 {
        let take = rows.min(BATCH_FAMILIES as usize);
        leaf.read(take, &mut out, &mut valid)?;
        read += take as u64;
        rows -= take;
    }
    Ok(read)
}
