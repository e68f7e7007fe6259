//! Looks at a Parquet file's page headers before anything is unpacked.
//!
//! Takes the file and its footer; gives how many rows may be read at once, so that
//! memory stays bounded, or refuses a file that unpacks to far more than it is.
//! Reads headers and dictionaries only. Must never believe a size that the footer
//! claims: every page speaks for itself.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, Type as Physical};
use parquet::column::page::{Page, PageReader};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::serialized_reader::SerializedPageReader;

use super::guard::guarded;
use super::looks::{CAUSE, tame};
use super::refused;
use crate::error::{Error, Result};
use crate::say;

/// Rows read at once where rows are short.
const ROWS: u64 = 4096;
/// Bytes of one batch of rows.
const BATCH: u64 = 64 << 20;
/// Unpacked bytes of the largest page of each column together: all are open at once.
const OPEN_PAGES: u64 = 512 << 20;
/// A file that unpacks to less is never suspected.
const SMALL: u64 = 64 << 20;
/// Unpacked bytes for one byte of the file that a real extract does not reach.
const RATIO: u64 = 100;
/// The longest page header that is read.
const HEAD: usize = 1 << 20;

/// What the headers of a file add up to.
#[derive(Default)]
struct Sizes {
    /// Bytes of all pages, unpacked.
    unpacked: u64,
    /// By column: the largest page.
    page: Vec<u64>,
    /// By column: bytes that one row can take.
    row: Vec<u64>,
}

/// Rows that may be read at once.
///
/// # Errors
/// `Fault::Extract`: a damaged header, a way of packing that this build cannot
/// unpack, a file that unpacks to far more than its size.
pub(super) fn rows_at_once(path: &Path, file: &File, metadata: &ParquetMetaData) -> Result<usize> {
    let bytes = file.metadata().map_err(|cause| Error::storage(path, cause))?.len();
    let mut sizes = Sizes::default();
    let mut rows = 0_u64;
    for group in metadata.row_groups() {
        rows = rows.saturating_add(u64::try_from(group.num_rows()).map_err(|cause| damaged(path, cause))?);
        for (column, chunk) in group.columns().iter().enumerate() {
            packing(path, chunk)?;
            let range = range(chunk, bytes).ok_or_else(|| damaged(path, "a column lies outside of the file"))?;
            let (page, row) = walk(path, file, chunk, range, &mut sizes.unpacked)?;
            for (all, one) in [(&mut sizes.page, page), (&mut sizes.row, row)] {
                if all.len() <= column {
                    all.resize(column + 1, 0);
                }
                if let Some(most) = all.get_mut(column) {
                    *most = one.max(*most);
                }
            }
        }
    }
    let open = sizes.page.iter().fold(0_u64, |sum, one| sum.saturating_add(*one));
    let bomb = sizes.unpacked > SMALL && sizes.unpacked / RATIO > bytes;
    let too_many = rows > u64::from(u32::MAX) || (rows > 1 << 20 && rows / 64 > bytes);
    if open > OPEN_PAGES || bomb || too_many {
        let mebibytes = sizes.unpacked.max(open) >> 20;
        return Err(refused(
            path,
            say!(
                "berkas {bytes} byte mengembang menjadi {mebibytes} MiB dan {rows} baris",
                "a file of {bytes} bytes unpacks to {mebibytes} MiB and {rows} rows"
            ),
        )
        .fix(say!(
            "minta pengirim menulis Parquet dengan halaman 1 MiB, atau kirim CSV",
            "ask the sender for Parquet with pages of 1 MiB, or for CSV"
        )));
    }
    let row = sizes.row.iter().fold(1_u64, |sum, one| sum.saturating_add(*one));
    usize::try_from((BATCH / row).clamp(1, ROWS)).map_err(Error::bug)
}

/// A refusal of a file whose pages make no sense.
pub(super) fn damaged(path: &Path, cause: impl std::fmt::Display) -> Error {
    refused(path, say!("isi berkas Parquet rusak", "the Parquet file is damaged"))
        .fix(say!("minta pengirim mengirim ulang seluruh berkas", "ask the sender for the whole file again"))
        .because(tame(&cause.to_string(), CAUSE))
}

fn packing(path: &Path, chunk: &ColumnChunkMetaData) -> Result<()> {
    match chunk.compression() {
        Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::ZSTD(_) => Ok(()),
        other => {
            let shown = other.to_string().split('(').next().unwrap_or("").to_owned();
            Err(refused(
                path,
                say!(
                    "berkas Parquet dimampatkan dengan {shown}, yang tidak dapat dibaca",
                    "the Parquet file is compressed with {shown}, which cannot be read"
                ),
            )
            .fix(say!(
                "tulis lagi dengan zstd, snappy atau tanpa pemampatan",
                "write it again with zstd, snappy or without compression"
            )))
        }
    }
}

/// Where a chunk's pages lie, if that is inside of the file.
fn range(chunk: &ColumnChunkMetaData, bytes: u64) -> Option<(u64, u64)> {
    let start = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
    let (start, len) = (u64::try_from(start).ok()?, u64::try_from(chunk.compressed_size()).ok()?);
    let end = start.checked_add(len)?;
    (end <= bytes).then_some((start, end))
}

/// The largest page of a chunk and the bytes that one of its rows can take.
fn walk(
    path: &Path,
    file: &File,
    chunk: &ColumnChunkMetaData,
    (start, end): (u64, u64),
    unpacked: &mut u64,
) -> Result<(u64, u64)> {
    let (mut largest, mut row) = (0, 0);
    let mut at = start;
    while at < end {
        let head = header(path, file, at, end)?;
        *unpacked = unpacked.saturating_add(head.unpacked);
        largest = head.unpacked.max(largest);
        if largest > OPEN_PAGES {
            // the dictionary is not opened to learn more
            return Ok((largest, largest));
        }
        row = match head.kind {
            Kind::Dictionary => longest(path, file, chunk)?.max(row),
            // a value may repeat what stood before it in the page
            Kind::Data { shared: true, .. } => head.unpacked.max(row),
            Kind::Data { values, .. } => head.unpacked.div_ceil(values.max(1)).max(row),
            Kind::Other => row,
        };
        at = at.saturating_add(head.length).saturating_add(head.packed);
    }
    Ok((largest, row))
}

/// Bytes of the longest entry of a chunk's dictionary.
fn longest(path: &Path, file: &File, chunk: &ColumnChunkMetaData) -> Result<u64> {
    if chunk.column_type() != Physical::BYTE_ARRAY {
        return Ok(16);
    }
    let file = file.try_clone().map_err(|cause| Error::storage(path, cause))?;
    let first =
        || SerializedPageReader::new(Arc::new(file), chunk, 0, None).and_then(|mut pages| pages.get_next_page());
    let page = guarded(first).ok_or_else(|| damaged(path, "a dictionary"))?;
    let Some(Page::DictionaryPage { buf, .. }) = page.map_err(|cause| damaged(path, cause))? else { return Ok(0) };
    let (mut most, mut at) = (0_u64, 0_usize);
    while let Some(length) = buf.get(at..).and_then(|rest| rest.first_chunk::<4>()) {
        let length = u32::from_le_bytes(*length);
        most = u64::from(length).max(most);
        at = at.saturating_add(4).saturating_add(length as usize);
    }
    // an entry cannot be longer than its page, whatever it claims
    Ok(most.min(buf.len() as u64))
}

enum Kind {
    Data { values: u64, shared: bool },
    Dictionary,
    Other,
}

struct Header {
    kind: Kind,
    unpacked: u64,
    packed: u64,
    length: u64,
}

fn header(path: &Path, file: &File, at: u64, end: u64) -> Result<Header> {
    let mut bytes = Vec::new();
    for room in [512, 1 << 15, HEAD] {
        let room = usize::try_from(end - at).unwrap_or(HEAD).min(room);
        bytes.resize(room, 0);
        file.read_exact_at(&mut bytes, at).map_err(|cause| damaged(path, cause))?;
        if let Some(head) = (Thrift { bytes: &bytes, at: 0 }).page() {
            return Ok(head);
        }
    }
    Err(damaged(path, "a page header cannot be read"))
}

/// A page header in Thrift's compact form.
struct Thrift<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Thrift<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.at).copied()?;
        self.at += 1;
        Some(byte)
    }

    fn varint(&mut self) -> Option<u64> {
        let (mut value, mut shift) = (0_u64, 0);
        loop {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
            shift += 7;
        }
    }

    /// A number that must not be negative.
    fn count(&mut self) -> Option<u64> {
        let value = self.varint()?;
        (value & 1 == 0).then_some(value >> 1)
    }

    /// The next field's number and type; type 0 ends a struct.
    fn field(&mut self, last: u64) -> Option<(u64, u8)> {
        let byte = self.byte()?;
        let kind = byte & 0x0f;
        if kind == 0 {
            return Some((0, 0));
        }
        match byte >> 4 {
            0 => Some((self.count()?, kind)),
            step => Some((last.saturating_add(u64::from(step)), kind)),
        }
    }

    fn skip(&mut self, kind: u8, depth: u8) -> Option<()> {
        if depth > 8 {
            return None;
        }
        match kind {
            1 | 2 => {}
            3 => self.at += 1,
            4..=6 => drop(self.varint()?),
            7 => self.at += 8,
            8 => {
                let length = usize::try_from(self.varint()?).ok()?;
                self.at = self.at.checked_add(length)?;
            }
            12 => {
                let mut last = 0;
                while let (field, inner @ 1..) = self.field(last)? {
                    last = field;
                    self.skip(inner, depth + 1)?;
                }
            }
            // lists and maps: no page header has them
            _ => return None,
        }
        (self.at <= self.bytes.len()).then_some(())
    }

    /// Number of values and encoding of a data page's own header.
    fn data(&mut self, encoding: u64) -> Option<(u64, u64)> {
        let (mut last, mut values, mut way) = (0, 0, 0);
        while let (field, kind @ 1..) = self.field(last)? {
            last = field;
            match (field, kind) {
                (1, 5) => values = self.count()?,
                (field, 5) if field == encoding => way = self.count()?,
                _ => self.skip(kind, 0)?,
            }
        }
        Some((values, way))
    }

    fn page(mut self) -> Option<Header> {
        const DELTA_BYTE_ARRAY: u64 = 7;
        let (mut last, mut unpacked, mut packed) = (0, None, None);
        let mut kind = Kind::Other;
        while let (field, form @ 1..) = self.field(last)? {
            last = field;
            match (field, form) {
                (2, 5) => unpacked = Some(self.count()?),
                (3, 5) => packed = Some(self.count()?),
                (5, 12) | (8, 12) => {
                    let (values, way) = self.data(if field == 5 { 2 } else { 4 })?;
                    kind = Kind::Data { values, shared: way == DELTA_BYTE_ARRAY };
                }
                (7, 12) => {
                    self.skip(form, 0)?;
                    kind = Kind::Dictionary;
                }
                _ => self.skip(form, 0)?,
            }
        }
        let length = self.at as u64;
        Some(Header { kind, unpacked: unpacked?, packed: packed?, length })
    }
}
