//! One column of one partition as an uncompressed Arrow IPC file (Feather v2).
//!
//! Takes batches as the sealed snapshot gives them; gives the same batches from
//! their bytes, without a parser between. What a file says of itself is believed
//! only after its decoded values hashed to what the manifest sealed. Opens as a
//! table in PyArrow, Polars and DuckDB.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::BooleanBufferBuilder;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Int64Array, RecordBatch, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use arrow_ipc::writer::FileWriter;
use arrow_schema::{DataType, Field, Schema};

use crate::columns::Kind;
use crate::error::{Error, Result};
use crate::snapshot::batch::{BatchColumn, Values};
use crate::snapshot::digest::Digest;
use crate::snapshot::table::changed;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Ids of families or persons.
    Ids,
    /// Number of loaded members of each family.
    Counts,
    /// A snapshot column.
    Column(Kind),
}

impl Content {
    /// Bytes of so many rows of one half.
    pub(super) fn bytes(self, rows: usize) -> usize {
        match self {
            Content::Ids | Content::Column(Kind::S64) => rows * 8,
            Content::Counts | Content::Column(Kind::U32 | Kind::S32 | Kind::Set) => rows * 4,
            Content::Column(Kind::U16) => rows * 2,
            Content::Column(Kind::U8) => rows,
            Content::Column(Kind::Bits | Kind::Text) => rows.div_ceil(8),
        }
    }

    fn schema(self, name: &str) -> Schema {
        let one = |kind, nullable| vec![Field::new(name, kind, nullable)];
        Schema::new(match self {
            Content::Ids => one(DataType::UInt64, false),
            Content::Counts => one(DataType::UInt32, false),
            Content::Column(Kind::Bits | Kind::Text) => one(DataType::Boolean, true),
            Content::Column(Kind::U8) => one(DataType::UInt8, true),
            Content::Column(Kind::U16) => one(DataType::UInt16, true),
            Content::Column(Kind::U32) => one(DataType::UInt32, true),
            Content::Column(Kind::S32) => one(DataType::Date32, true),
            Content::Column(Kind::S64) => one(DataType::Int64, true),
            Content::Column(Kind::Set) => vec![
                Field::new(name, DataType::UInt32, false),
                Field::new(format!("{name}.known"), DataType::UInt32, false),
            ],
        })
    }
}

/// A file being written, batch by batch.
pub(super) struct Writing {
    path: PathBuf,
    schema: Arc<Schema>,
    writer: FileWriter<std::io::BufWriter<File>>,
}

impl Writing {
    pub(super) fn create(path: &Path, file: File, name: &str, content: Content) -> Result<Writing> {
        let schema = Arc::new(content.schema(name));
        let writer = FileWriter::try_new_buffered(file, &schema).map_err(|cause| Error::storage(path, cause))?;
        Ok(Writing { path: path.to_path_buf(), schema, writer })
    }

    fn put(&mut self, arrays: Vec<ArrayRef>) -> Result<()> {
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays).map_err(Error::bug)?;
        self.writer.write(&batch).map_err(|cause| Error::storage(&self.path, cause))
    }

    pub(super) fn ids(&mut self, ids: Vec<u64>) -> Result<()> {
        self.put(vec![Arc::new(UInt64Array::from(ids))])
    }

    pub(super) fn counts(&mut self, counts: Vec<u32>) -> Result<()> {
        self.put(vec![Arc::new(UInt32Array::from(counts))])
    }

    pub(super) fn column(&mut self, column: &BatchColumn, rows: usize) -> Result<()> {
        let bits = |packed: &[u8]| {
            let mut builder = BooleanBufferBuilder::new(rows);
            builder.append_packed_range(0..rows, packed);
            builder.finish()
        };
        let known = column.valid.as_ref().map(|valid| bits(valid).into());
        let arrays: Vec<ArrayRef> = match &column.values {
            Values::Bits(held) => vec![Arc::new(BooleanArray::new(bits(held), known))],
            Values::U8(cells) => vec![Arc::new(UInt8Array::new(cells.clone().into(), known))],
            Values::U16(cells) => vec![Arc::new(UInt16Array::new(cells.clone().into(), known))],
            Values::U32(cells) => vec![Arc::new(UInt32Array::new(cells.clone().into(), known))],
            Values::S32(cells) => vec![Arc::new(Date32Array::new(cells.clone().into(), known))],
            Values::S64(cells) => vec![Arc::new(Int64Array::new(cells.clone().into(), known))],
            Values::Set { members, known } => {
                vec![Arc::new(UInt32Array::from(members.clone())), Arc::new(UInt32Array::from(known.clone()))]
            }
        };
        self.put(arrays)
    }

    pub(super) fn finish(mut self) -> Result<()> {
        self.writer.finish().and_then(|()| self.writer.flush()).map_err(|cause| Error::storage(&self.path, cause))
    }
}

/// The buffers of one half of a batch: offset in the file and length; no length = all known.
#[derive(Debug, Clone, Copy)]
struct Half {
    valid: Option<u64>,
    values: u64,
}

/// One batch of the file.
#[derive(Debug)]
struct Stretch {
    rows: usize,
    halves: Vec<Half>,
}

/// A file whose decoded values are those that were sealed.
#[derive(Debug)]
pub(super) struct Feather {
    path: PathBuf,
    file: File,
    content: Content,
    batches: Vec<Stretch>,
}

impl Feather {
    /// Opens a file and proves its values against the sealed hash.
    pub(super) fn open(path: &Path, content: Content, sealed: &str) -> Result<Feather> {
        let file = File::open(path).map_err(|cause| Error::storage(path, cause))?;
        let batches = stretches(&file, content).ok_or_else(|| changed(path))?;
        let feather = Feather { path: path.to_path_buf(), file, content, batches };
        if feather.digest()? == sealed { Ok(feather) } else { Err(changed(path)) }
    }

    /// The hash of the decoded values in canonical form.
    fn digest(&self) -> Result<String> {
        let flagged = matches!(self.content, Content::Column(_));
        let mut digest = Digest::default();
        let (mut valid, mut values) = (Vec::new(), Vec::new());
        for at in 0..self.batches.len() {
            let rows = self.rows(at)?;
            for half in 0..self.halves() {
                let known = self.read(at, half, &mut valid, &mut values)?.then_some(valid.as_slice());
                if half == 0 {
                    digest.head(rows, known, flagged);
                }
                digest.raw(&values);
            }
        }
        Ok(digest.hex())
    }

    fn halves(&self) -> usize {
        if self.content == Content::Column(Kind::Set) { 2 } else { 1 }
    }

    /// Number of batches.
    pub(super) fn len(&self) -> usize {
        self.batches.len()
    }

    /// Rows of a batch.
    pub(super) fn rows(&self, batch: usize) -> Result<usize> {
        self.batches.get(batch).map(|one| one.rows).ok_or_else(|| changed(&self.path))
    }

    /// Reads one half of a batch; false if all rows are known, else `valid` says which.
    pub(super) fn read(&self, batch: usize, half: usize, valid: &mut Vec<u8>, values: &mut Vec<u8>) -> Result<bool> {
        let one = self.batches.get(batch).ok_or_else(|| changed(&self.path))?;
        let half = one.halves.get(half).ok_or_else(|| changed(&self.path))?;
        self.fill(half.values, self.content.bytes(one.rows), values)?;
        let Some(at) = half.valid else { return Ok(false) };
        self.fill(at, one.rows.div_ceil(8), valid)?;
        Ok(true)
    }

    fn fill(&self, at: u64, bytes: usize, out: &mut Vec<u8>) -> Result<()> {
        out.resize(bytes, 0);
        self.file.read_exact_at(out, at).map_err(|_| changed(&self.path))
    }
}

/// Where the buffers of every batch lie; `None` if the file does not say so soundly.
fn stretches(file: &File, content: Content) -> Option<Vec<Stretch>> {
    let size = file.metadata().ok()?.len();
    let read = |at: u64, bytes: usize| {
        let inside = at.checked_add(u64::try_from(bytes).ok()?)? <= size;
        let mut held = vec![0; if inside { bytes } else { return None }];
        file.read_exact_at(&mut held, at).ok().map(|()| held)
    };
    let tail = read(size.checked_sub(10)?, 10)?;
    if tail.get(4..) != Some(b"ARROW1") {
        return None;
    }
    let length = u32::from_le_bytes(*tail.first_chunk::<4>()?);
    let footer = read(size.checked_sub(10 + u64::from(length))?, usize::try_from(length).ok()?)?;
    let footer = arrow_ipc::root_as_footer(&footer).ok()?;
    let halves = if content == Content::Column(Kind::Set) { 2 } else { 1 };
    let mut all = Vec::new();
    for block in footer.recordBatches()? {
        let (start, head) = (u64::try_from(block.offset()).ok()?, u64::try_from(block.metaDataLength()).ok()?);
        let held = read(start, usize::try_from(head).ok()?)?;
        let message = arrow_ipc::root_as_message(held.get(8..)?).ok()?;
        let batch = message.header_as_record_batch()?;
        let rows = usize::try_from(batch.length()).ok()?;
        let (nodes, buffers) = (batch.nodes()?, batch.buffers()?);
        if nodes.len() != halves || buffers.len() != halves * 2 || batch.compression().is_some() {
            return None;
        }
        let place = |at: usize, bytes: usize| {
            let buffer = buffers.get(at);
            let from = start.checked_add(head)?.checked_add(u64::try_from(buffer.offset()).ok()?)?;
            let fits = usize::try_from(buffer.length()).ok()? >= bytes && from.checked_add(bytes as u64)? <= size;
            fits.then_some(from)
        };
        let mut found = Vec::with_capacity(halves);
        for half in 0..halves {
            let some_unknown = nodes.get(half).null_count() > 0;
            let valid = if some_unknown { Some(place(half * 2, rows.div_ceil(8))?) } else { None };
            found.push(Half { valid, values: place(half * 2 + 1, content.bytes(rows))? });
        }
        all.push(Stretch { rows, halves: found });
    }
    Some(all)
}
