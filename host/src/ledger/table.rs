//! Row-aligned Parquet tables of a run: one row group per row group of the snapshot.
//!
//! Takes groups in any order from any thread; encodes them there and appends
//! them in order. A column's content hash is BLAKE3 over, for each row group,
//! the number of rows (u32) and the BLAKE3 of its values, little endian, none
//! as zero: it does not depend on Parquet. Holds no id and no identity.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, UInt8Array, UInt32Array, UInt64Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use crate::error::{Error, Fault, Result};
use crate::sandbox::Verdicts;
use crate::say;
use crate::selection::Selected;

/// The two tables that a program leaves for each partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TableKind {
    /// Masks, score, amount.
    Verdicts,
    /// Status, rank, place.
    Selection,
}

impl TableKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            TableKind::Verdicts => "verdicts",
            TableKind::Selection => "selection",
        }
    }

    fn schema(self) -> SchemaRef {
        let fields = match self {
            TableKind::Verdicts => vec![
                Field::new("failed", DataType::UInt64, false),
                Field::new("unknown", DataType::UInt64, false),
                Field::new("score", DataType::Int64, false),
                Field::new("amount", DataType::Int64, false),
            ],
            TableKind::Selection => vec![
                Field::new("status", DataType::UInt8, false),
                Field::new("rank", DataType::UInt32, true),
                Field::new("place", DataType::UInt32, true),
                Field::new("seat", DataType::UInt8, true),
            ],
        };
        Arc::new(Schema::new(fields))
    }

    /// Path inside the run's folder.
    pub(super) fn path(self, program: &str, partition: &str) -> String {
        format!("{program}/{}/{partition}.parquet", self.name())
    }
}

/// One row group's columns with their content hashes.
pub(super) struct Columns {
    arrays: Vec<ArrayRef>,
    hashes: Vec<blake3::Hash>,
    rows: u32,
}

fn hash<T: Copy, const N: usize>(values: &[T], bytes: impl Fn(T) -> [u8; N]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0u8; values.len().min(8192) * N];
    for part in values.chunks(8192) {
        for (slot, value) in buffer.chunks_exact_mut(N).zip(part) {
            slot.copy_from_slice(&bytes(*value));
        }
        hasher.update(buffer.get(..part.len() * N).unwrap_or_default());
    }
    hasher.finalize()
}

impl Columns {
    pub(super) fn of_verdicts(verdicts: &Verdicts) -> Result<Columns> {
        let hashes = vec![
            hash(&verdicts.failed, u64::to_le_bytes),
            hash(&verdicts.unknown, u64::to_le_bytes),
            hash(&verdicts.score, i64::to_le_bytes),
            hash(&verdicts.amount, i64::to_le_bytes),
        ];
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(UInt64Array::from(verdicts.failed.clone())),
            Arc::new(UInt64Array::from(verdicts.unknown.clone())),
            Arc::new(Int64Array::from(verdicts.score.clone())),
            Arc::new(Int64Array::from(verdicts.amount.clone())),
        ];
        Ok(Columns { arrays, hashes, rows: u32::try_from(verdicts.failed.len()).map_err(Error::bug)? })
    }

    pub(super) fn of_selection(rows: &Selected) -> Result<Columns> {
        let hashes = vec![
            hash(&rows.status, |value| [value]),
            hash(&rows.rank, u32::to_le_bytes),
            hash(&rows.place, u32::to_le_bytes),
            hash(&rows.seat, |value| [value]),
        ];
        let nullable = |values: &[u32]| -> ArrayRef {
            Arc::new(values.iter().map(|value| (*value != 0).then_some(*value)).collect::<UInt32Array>())
        };
        let seats = rows.seat.iter().map(|value| (*value != 0).then_some(*value)).collect::<UInt8Array>();
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(UInt8Array::from(rows.status.clone())),
            nullable(&rows.rank),
            nullable(&rows.place),
            Arc::new(seats),
        ];
        Ok(Columns { arrays, hashes, rows: u32::try_from(rows.status.len()).map_err(Error::bug)? })
    }
}

/// The running content hashes of a table's columns.
#[derive(Clone)]
pub(super) struct Digests {
    names: Vec<String>,
    hashers: Vec<blake3::Hasher>,
}

impl Digests {
    pub(super) fn of(kind: TableKind) -> Digests {
        let names: Vec<String> = kind.schema().fields().iter().map(|field| field.name().clone()).collect();
        Digests { hashers: vec![blake3::Hasher::new(); names.len()], names }
    }

    pub(super) fn add(&mut self, columns: &Columns) {
        for (hasher, hash) in self.hashers.iter_mut().zip(&columns.hashes) {
            hasher.update(&columns.rows.to_le_bytes()).update(hash.as_bytes());
        }
    }

    pub(super) fn finish(&self) -> BTreeMap<String, String> {
        let hex = self.hashers.iter().map(|hasher| hasher.finalize().to_hex().to_string());
        self.names.iter().cloned().zip(hex).collect()
    }
}

struct Pending {
    chunks: Vec<ArrowColumnChunk>,
    columns: Columns,
}

enum State {
    Waiting,
    Open { writer: Box<SerializedFileWriter<File>>, next: usize },
    Closed,
}

struct Inner {
    state: State,
    pending: BTreeMap<usize, Pending>,
    digests: Digests,
}

/// A table being written.
pub(super) struct TableWriter {
    path: PathBuf,
    durable: bool,
    schema: SchemaRef,
    groups: usize,
    inner: Mutex<Inner>,
}

fn properties() -> Result<WriterProperties> {
    let level = ZstdLevel::try_new(1).map_err(Error::bug)?;
    // one page per column and row group: the codec is set up anew for each page
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_created_by("layak".to_owned())
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_write_batch_size(8192)
        .set_data_page_row_count_limit(1 << 20)
        .set_data_page_size_limit(8 << 20);
    for unique in ["rank", "place"] {
        // every value stands once: neither a dictionary nor zstd makes them smaller
        properties = properties
            .set_column_dictionary_enabled(ColumnPath::from(unique), false)
            .set_column_compression(ColumnPath::from(unique), Compression::UNCOMPRESSED);
    }
    Ok(properties.build())
}

impl TableWriter {
    pub(super) fn new(path: PathBuf, kind: TableKind, groups: usize, durable: bool) -> TableWriter {
        let inner = Inner { state: State::Waiting, pending: BTreeMap::new(), digests: Digests::of(kind) };
        TableWriter { path, durable, schema: kind.schema(), groups, inner: Mutex::new(inner) }
    }

    fn failed(&self, cause: impl std::fmt::Display) -> Error {
        Error::storage(&self.path, cause)
    }

    fn open(&self) -> Result<SerializedFileWriter<File>> {
        if let Some(parent) = self.path.parent() {
            fs::create_dir_all(parent).map_err(|cause| Error::storage(parent, cause))?;
        }
        let file = File::create_new(&self.path).map_err(|cause| self.failed(cause))?;
        let schema = ArrowSchemaConverter::new().convert(&self.schema).map_err(Error::bug)?;
        SerializedFileWriter::new(file, schema.root_schema_ptr(), Arc::new(properties()?))
            .map_err(|cause| self.failed(cause))
    }

    /// Encodes a group on the calling thread, then appends it when its turn has come.
    pub(super) fn add(&self, group: usize, columns: Columns) -> Result<()> {
        let factory = {
            let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            if matches!(inner.state, State::Waiting) {
                inner.state = State::Open { writer: Box::new(self.open()?), next: 0 };
            }
            match &inner.state {
                State::Open { writer, .. } => ArrowRowGroupWriterFactory::new(writer, Arc::clone(&self.schema)),
                State::Waiting | State::Closed => return Err(Error::bug("each row group is written once")),
            }
        };
        let mut chunks = Vec::with_capacity(columns.arrays.len());
        let writers = factory.create_column_writers(group).map_err(|cause| self.failed(cause))?;
        for ((mut writer, field), array) in writers.into_iter().zip(self.schema.fields()).zip(&columns.arrays) {
            for leaf in compute_leaves(field, array).map_err(|cause| self.failed(cause))? {
                writer.write(&leaf).map_err(|cause| self.failed(cause))?;
            }
            chunks.push(writer.close().map_err(|cause| self.failed(cause))?);
        }
        let columns = Columns { arrays: Vec::new(), ..columns };
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.pending.insert(group, Pending { chunks, columns });
        self.append(&mut inner)
    }

    fn append(&self, inner: &mut Inner) -> Result<()> {
        let Inner { state, pending, digests } = inner;
        let State::Open { writer, next } = state else { return Ok(()) };
        while let Some(ready) = pending.remove(next) {
            let mut group = writer.next_row_group().map_err(|cause| self.failed(cause))?;
            for chunk in ready.chunks {
                chunk.append_to_row_group(&mut group).map_err(|cause| self.failed(cause))?;
            }
            group.close().map_err(|cause| self.failed(cause))?;
            digests.add(&ready.columns);
            *next += 1;
        }
        if *next == self.groups {
            self.close(state)?;
        }
        Ok(())
    }

    fn close(&self, state: &mut State) -> Result<()> {
        if let State::Open { mut writer, .. } = std::mem::replace(state, State::Closed) {
            writer.finish().map_err(|cause| self.failed(cause))?;
            if self.durable {
                writer.inner().sync_all().map_err(|cause| self.failed(cause))?;
            }
        }
        Ok(())
    }

    /// The content hashes, once all groups are in.
    pub(super) fn finish(&self) -> Result<BTreeMap<String, String>> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if self.groups == 0 && matches!(inner.state, State::Waiting) {
            let mut state = State::Open { writer: Box::new(self.open()?), next: 0 };
            self.close(&mut state)?;
            inner.state = state;
        }
        match inner.state {
            State::Closed => Ok(inner.digests.finish()),
            State::Open { .. } | State::Waiting => Err(Error::bug("every row group of a table was written")),
        }
    }
}

/// Reads a table row group by row group.
pub(super) struct TableReader {
    path: PathBuf,
    file: File,
}

impl TableReader {
    pub(super) fn open(path: &Path) -> Result<TableReader> {
        let file = File::open(path).map_err(|cause| Error::storage(path, cause))?;
        Ok(TableReader { path: path.to_path_buf(), file })
    }

    fn spoiled(&self, cause: impl std::fmt::Display) -> Error {
        let shown = self.path.display().to_string();
        Error::new(
            Fault::Integrity,
            say!("`{shown}` bukan tabel yang ditulis putaran ini", "`{shown}` is not the table that the run wrote"),
        )
        .file(&self.path)
        .because(cause)
    }

    /// Number of row groups.
    pub(super) fn groups(&self) -> Result<usize> {
        let file = self.file.try_clone().map_err(|cause| Error::storage(&self.path, cause))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|cause| self.spoiled(cause))?;
        Ok(builder.metadata().num_row_groups())
    }

    fn group(&self, group: usize) -> Result<Vec<RecordBatch>> {
        let file = self.file.try_clone().map_err(|cause| Error::storage(&self.path, cause))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|cause| self.spoiled(cause))?;
        if group >= builder.metadata().num_row_groups() {
            return Err(self.spoiled("row group"));
        }
        let reader = builder.with_row_groups(vec![group]).with_batch_size(1 << 17).build();
        reader
            .map_err(|cause| self.spoiled(cause))?
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(|cause| self.spoiled(cause))
    }

    fn column<A: Array + Clone + 'static>(&self, batch: &RecordBatch, name: &str) -> Result<A> {
        let found = batch.column_by_name(name).and_then(|column| column.as_any().downcast_ref::<A>());
        found.cloned().ok_or_else(|| self.spoiled(name))
    }

    pub(super) fn verdicts(&self, group: usize) -> Result<Verdicts> {
        let mut all = Verdicts::default();
        for batch in self.group(group)? {
            all.failed.extend_from_slice(self.column::<UInt64Array>(&batch, "failed")?.values());
            all.unknown.extend_from_slice(self.column::<UInt64Array>(&batch, "unknown")?.values());
            all.score.extend_from_slice(self.column::<Int64Array>(&batch, "score")?.values());
            all.amount.extend_from_slice(self.column::<Int64Array>(&batch, "amount")?.values());
        }
        Ok(all)
    }

    pub(super) fn selection(&self, group: usize) -> Result<Selected> {
        let mut all = Selected::default();
        for batch in self.group(group)? {
            all.status.extend_from_slice(self.column::<UInt8Array>(&batch, "status")?.values());
            for (name, into) in [("rank", &mut all.rank), ("place", &mut all.place)] {
                into.extend(self.column::<UInt32Array>(&batch, name)?.iter().map(Option::unwrap_or_default));
            }
            all.seat.extend(self.column::<UInt8Array>(&batch, "seat")?.iter().map(Option::unwrap_or_default));
        }
        Ok(all)
    }
}
